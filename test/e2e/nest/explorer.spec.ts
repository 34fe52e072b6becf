import { Inject, Injectable, Scope, type ModuleMetadata } from '@nestjs/common';
import {
  ApplicationConfig, DiscoveryModule, DiscoveryService, ExternalContextCreator, MetadataScanner, ModulesContainer, REQUEST,
} from '@nestjs/core';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { Activity, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DurableExplorer } from '../../../lib/nest/durable.explorer.js';
import { ActivityEnhancers } from '../../../lib/nest/enhancers/activity-enhancers.js';
import { DEFAULT_ENHANCERS } from '../../../lib/nest/interfaces/enhancer-options.js';
import { DiscoveredHandlers } from '../../../lib/nest/handler-registry.js';

async function explore(metadata: ModuleMetadata, override = (builder: TestingModuleBuilder) => builder): Promise<DiscoveredHandlers> {
  const builder = Test.createTestingModule({ ...metadata, imports: [DiscoveryModule, ...(metadata.imports ?? [])] });
  const app = await override(builder).compile();
  const handlers = new DiscoveredHandlers();
  const enhancers = new ActivityEnhancers(app.get(ExternalContextCreator), app.get(ApplicationConfig), app.get(ModulesContainer), DEFAULT_ENHANCERS);
  const explorer = new DurableExplorer(app.get(DiscoveryService), app.get(MetadataScanner), enhancers);
  explorer.explore('default', ['default', 'billing'], handlers);
  return handlers;
}

function callActivity(handlers: DiscoveredHandlers, name: string, input?: unknown, ctx = {}): unknown {
  return handlers.findActivity(name)?.handler(input, ctx as ActivityContext);
}

function firstYield(handlers: DiscoveredHandlers, name: string): unknown {
  const generator = handlers.findOrchestrator(name)?.handler({} as OrchestrationContext, 'input') as Generator | undefined;
  return generator?.next().value;
}

@Injectable()
class Gateway {
  pay(amount: number): string {
    return `paid ${amount}`;
  }
}

@Injectable()
class Shop {
  constructor(protected readonly gateway: Gateway) {}

  @Activity()
  charge(amount: number): string {
    return this.gateway.pay(amount);
  }

  @Activity({ hub: 'billing' })
  bill(): void {}

  @Orchestrator({ name: 'sell' })
  *sellOne(_ctx: OrchestrationContext, input: string): Orchestration {
    yield `${input} through ${this.gateway.constructor.name}` as never;
  }

  undecorated(): void {}
}

describe('the explorer', () => {
  it('finds the handlers of a registration, by their durable names', async () => {
    const handlers = await explore({ providers: [Shop, Gateway] });
    expect(handlers.list()).toEqual({ orchestrators: [{ name: 'sell', version: undefined }], activities: ['charge'] });
    expect(handlers.findOrchestrator('sell')?.source).toBe('Shop.sellOne');
    expect(handlers.findOrchestrator('sell', '1')).toBeUndefined();
  });

  it('calls them with their provider as this', async () => {
    const handlers = await explore({ providers: [Shop, Gateway] });
    expect(callActivity(handlers, 'charge', 5)).toBe('paid 5');
    expect(firstYield(handlers, 'sell')).toBe('input through Gateway');
  });

  it('counts one instance under several tokens once', async () => {
    const alias = { provide: 'ALIAS', useExisting: Shop };
    const passedOn = { provide: 'PASSED_ON', inject: [Shop], useFactory: (shop: Shop) => shop };
    expect((await explore({ providers: [alias, Shop, Gateway, passedOn] })).list().activities).toEqual(['charge']);
  });

  it('finds handlers of providers that a factory or a value made, and of a base class', async () => {
    class Branch extends Shop {}
    const made = { provide: 'SHOP', inject: [Gateway], useFactory: (gateway: Gateway) => new Branch(gateway) };
    expect(callActivity(await explore({ providers: [made, Gateway] }), 'charge', 5)).toBe('paid 5');
    const value = { provide: 'SHOP', useValue: new Shop(new Gateway()) };
    expect(callActivity(await explore({ providers: [value] }), 'charge', 5)).toBe('paid 5');
  });

  it('runs the generator of the class, though a proxy of the instance would make a promise of it', async () => {
    const instrumented = new Proxy(new Shop(new Gateway()), {
      get: (target, key) => (key === 'sellOne' ? () => Promise.resolve() : Reflect.get(target, key)),
    });
    expect(firstYield(await explore({ providers: [{ provide: Shop, useValue: instrumented }] }), 'sell')).toBe('input through Gateway');
  });

  it("lets a mock of overrideProvider().useValue() stand in for the token's activities, and keeps its orchestrators", async () => {
    const mock = { charge: (amount: number) => `mocked ${amount}`, gateway: new Gateway() };
    const handlers = await explore({ providers: [Shop, Gateway] }, (builder) => builder.overrideProvider(Shop).useValue(mock));
    expect(callActivity(handlers, 'charge', 5)).toBe('mocked 5');
    expect(firstYield(handlers, 'sell')).toBe('input through Gateway');
  });

  it("lets another class provided under the token stand in for the token's handlers", async () => {
    class Fake {
      charge(amount: number): string {
        return `faked ${amount}`;
      }
    }
    const handlers = await explore({ providers: [{ provide: Shop, useClass: Fake }] });
    expect(callActivity(handlers, 'charge', 5)).toBe('faked 5');
  });

  it('calls what a spy put on the instance later', async () => {
    const shop = new Shop(new Gateway());
    const handlers = await explore({ providers: [{ provide: Shop, useValue: shop }] });
    jest.spyOn(shop, 'charge').mockReturnValue('spied');
    expect(callActivity(handlers, 'charge', 5)).toBe('spied');
  });

  it('gives each work item an instance of its own in a request-scoped provider, with its context as the request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Audit {
      private static count = 0;
      private readonly number = ++Audit.count;

      constructor(@Inject(REQUEST) private readonly ctx: ActivityContext, private readonly gateway: Gateway) {}

      @Activity()
      note(amount: number): string {
        return `${this.number}: ${this.gateway.pay(amount)} for ${this.ctx.instanceId}`;
      }
    }
    const handlers = await explore({ providers: [Audit, Gateway] });
    expect(await callActivity(handlers, 'note', 5, { instanceId: 'a' })).toBe('1: paid 5 for a');
    expect(await callActivity(handlers, 'note', 6, { instanceId: 'b' })).toBe('2: paid 6 for b');
  });

  it('gives the names for stubs from the decorators alone', () => {
    const handlers = new DiscoveredHandlers();
    expect([...handlers.namesOf(Shop, 'orchestrator')]).toEqual([['sellOne', { name: 'sell' }]]);
    expect([...handlers.namesOf(Shop, 'activity')]).toEqual([['charge', { name: 'charge' }], ['bill', { name: 'bill' }]]);
  });
});
