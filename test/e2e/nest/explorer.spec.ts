import { forwardRef, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Activity, type ActivityContext } from 'nestjs-durable';
import { DiscoveredHandlers } from '../../../lib/nest/handler-registry.js';
import { call, explore, firstYield, Gateway, Shop } from './exploring.js';

describe('the explorer', () => {
  it('finds the handlers of a registration, by their durable names', async () => {
    const handlers = await explore({ providers: [Shop, Gateway] });
    expect(handlers.list()).toEqual({ orchestrators: [{ name: 'sell', version: undefined }], activities: ['charge'], entities: [] });
    expect(handlers.findOrchestrator('sell')?.source).toBe('Shop.sellOne');
    expect(handlers.findOrchestrator('sell', '1')).toBeUndefined();
  });

  it('calls them with their provider as this', async () => {
    const handlers = await explore({ providers: [Shop, Gateway] });
    expect(call(handlers, 'charge', 5)).toBe('paid 5');
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
    expect(call(await explore({ providers: [made, Gateway] }), 'charge', 5)).toBe('paid 5');
    const value = { provide: 'SHOP', useValue: new Shop(new Gateway()) };
    expect(call(await explore({ providers: [value] }), 'charge', 5)).toBe('paid 5');
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
    expect(await call(handlers, 'note', 5, { instanceId: 'a' })).toBe('1: paid 5 for a');
    expect(await call(handlers, 'note', 6, { instanceId: 'b' })).toBe('2: paid 6 for b');
  });

  it('makes an instance for each work item of a transient provider', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Form {
      private lines = 0;

      @Activity()
      fill(): number {
        return ++this.lines;
      }
    }
    const handlers = await explore({ providers: [Form] });
    expect([await call(handlers, 'fill'), await call(handlers, 'fill')]).toEqual([1, 1]);
  });

  it('finds handlers of exported providers, dynamic modules and circular dependencies once', async () => {
    @Injectable()
    class Clerk {
      constructor(@Inject(forwardRef(() => Chief)) private readonly chief: { readonly name: string }) {}

      @Activity()
      report(): string {
        return `to ${this.chief.name}`;
      }
    }
    @Injectable()
    class Chief {
      readonly name = 'the chief';

      constructor(@Inject(forwardRef(() => Clerk)) readonly clerk: object) {}

      @Activity()
      approve(): string {
        return this.name;
      }
    }
    class OfficeModule {}
    const office = { module: OfficeModule, providers: [Clerk, Chief], exports: [Clerk, Chief] };
    @Module({ imports: [office], exports: [office] })
    class FirstFloorModule {}
    @Module({ imports: [office, FirstFloorModule], exports: [OfficeModule] })
    class SecondFloorModule {}
    const handlers = await explore({ imports: [FirstFloorModule, SecondFloorModule] });
    expect(handlers.list().activities).toEqual(['report', 'approve']);
    expect(call(handlers, 'report')).toBe('to the chief');
  });

  it('finds inherited handlers, and leaves out a method that the subclass overrides without decorating it', async () => {
    class Silent extends Shop {
      override charge(): string {
        return 'silent';
      }
    }
    const handlers = await explore({ providers: [Gateway, { provide: Silent, inject: [Gateway], useFactory: (gateway: Gateway) => new Silent(gateway) }] });
    expect(handlers.list()).toEqual({ orchestrators: [{ name: 'sell', version: undefined }], activities: [], entities: [] });
  });

  it('gives the names for stubs from the decorators alone', () => {
    const handlers = new DiscoveredHandlers();
    expect([...handlers.namesOf(Shop, 'orchestrator')]).toEqual([['sellOne', { name: 'sell' }]]);
    expect([...handlers.namesOf(Shop, 'activity')]).toEqual([['charge', { name: 'charge' }], ['bill', { name: 'bill' }]]);
  });
});
