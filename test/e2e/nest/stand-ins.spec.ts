/** What stands in for a provider's own methods: mocks of tests, spies, and what instruments methods (OpenTelemetry, AOP). */
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Activity, DurableModule, Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { callActivity, Caller } from './calling-app.js';
import { call, explore, firstYield, Gateway, Shop } from './exploring.js';
import { IN_MEMORY, useStarted } from './support.js';

const started = useStarted();

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** As instrumentations do: every method answers a promise, and its own properties and metadata are gone. */
const traced = (method: (...args: unknown[]) => unknown) =>
  async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return `traced ${String(await method.apply(this, args))}`;
  };

function tracing<T extends object>(instance: T): T {
  return new Proxy(instance, {
    get(target, key, receiver) {
      const value: unknown = Reflect.get(target, key, receiver);
      return typeof value === 'function' && key !== 'constructor' ? traced(value as never) : value;
    },
  });
}

function replaceMethods<T extends object>(target: T, ...names: string[]): T {
  const methods = target as unknown as Methods;
  for (const name of names) methods[name] = traced(methods[name]!);
  return target;
}

function Traced() {
  return (_target: object, _key: string, descriptor: PropertyDescriptor): void => {
    descriptor.value = traced(descriptor.value as never);
  };
}

const shopOf = (make: (shop: Shop) => Shop) => [
  Gateway, { provide: Shop, inject: [Gateway], useFactory: (gateway: Gateway) => make(new Shop(gateway)) },
];

describe('instrumented providers', () => {
  it('a proxy from a factory: activities run through it, orchestrators are generators', async () => {
    const handlers = await explore({ providers: shopOf(tracing) });
    expect(await call(handlers, 'charge', 5)).toBe('traced paid 5');
    expect(firstYield(handlers, 'sell')).toBe('input through Gateway');
  });

  it('methods that were replaced on the instance', async () => {
    const handlers = await explore({ providers: shopOf((shop) => replaceMethods(shop, 'charge', 'sellOne')) });
    expect(await call(handlers, 'charge', 5)).toBe('traced paid 5');
    expect(firstYield(handlers, 'sell')).toBe('input through Gateway');
  });

  it('a decorator above the durable one', async () => {
    @Injectable()
    class Kiosk {
      @Traced()
      @Activity()
      charge(amount: number): string {
        return `paid ${amount}`;
      }

      @Traced()
      @Orchestrator()
      *sell(_ctx: OrchestrationContext, input: string): Orchestration {
        yield `${input} of ${this.constructor.name}` as never;
      }
    }
    const handlers = await explore({ providers: [Kiosk] });
    expect(await call(handlers, 'charge', 5)).toBe('traced paid 5');
    expect(firstYield(handlers, 'sell')).toBe('input of Kiosk');
    expect([...handlers.namesOf(Kiosk, 'orchestrator').keys()]).toEqual(['sell']);
  });

  it('a prototype that was patched', async () => {
    @Injectable()
    class Kiosk {
      @Activity()
      charge(amount: number): string {
        return `paid ${amount}`;
      }

      @Orchestrator()
      *sell(): Orchestration {
        yield 'sold' as never;
      }
    }
    replaceMethods(Kiosk.prototype, 'charge', 'sell');
    const handlers = await explore({ providers: [Kiosk] });
    expect(await call(handlers, 'charge', 5)).toBe('traced paid 5');
    expect(firstYield(handlers, 'sell')).toBe('sold');
  });

  it("instances that Nest's instrument.instanceDecorator wraps: an orchestration runs", async () => {
    @Injectable()
    class Kiosk {
      @Activity()
      charge(amount: number): string {
        return `paid ${amount}`;
      }
    }
    @Module({ imports: [DurableModule.forRoot(IN_MEMORY)], providers: [Kiosk, Caller] })
    class KioskModule {}
    const instanceDecorator = (instance: unknown): unknown =>
      instance instanceof Kiosk || instance instanceof Caller ? tracing(instance) : instance;
    const app = await NestFactory.createApplicationContext(KioskModule, { logger: false, instrument: { instanceDecorator } });
    expect(await callActivity(await started(app), 'charge', 5)).toEqual({ result: 'traced paid 5' });
  });
});

describe('spies', () => {
  it('on the instance', async () => {
    const shop = new Shop(new Gateway());
    const handlers = await explore({ providers: [{ provide: Shop, useValue: shop }] });
    jest.spyOn(shop, 'charge').mockReturnValue('spied');
    expect(call(handlers, 'charge', 5)).toBe('spied');
  });

  it('on the class, before and after the application was made', async () => {
    const spy = jest.spyOn(Shop.prototype, 'charge').mockReturnValue('spied');
    const handlers = await explore({ providers: [Shop, Gateway] });
    expect(call(handlers, 'charge', 5)).toBe('spied');
    spy.mockReturnValue('spied again');
    expect(call(handlers, 'charge', 5)).toBe('spied again');
    spy.mockRestore();
    expect(call(handlers, 'charge', 5)).toBe('paid 5');
  });
});

describe('mocks', () => {
  it("overrideProvider().useValue() of a plain object: its methods, and the class's for those that it lacks", async () => {
    const mock = { charge: (amount: number) => `mocked ${amount}`, gateway: new Gateway() };
    const handlers = await explore({ providers: [Shop, Gateway] }, (builder) => builder.overrideProvider(Shop).useValue(mock));
    expect(call(handlers, 'charge', 5)).toBe('mocked 5');
    expect(firstYield(handlers, 'sell')).toBe('input through Gateway');
  });

  it('a mocked orchestrator', async () => {
    const mock = { sellOne: jest.fn().mockReturnValue('sold') };
    const handlers = await explore({ providers: [Shop, Gateway] }, (builder) => builder.overrideProvider(Shop).useValue(mock));
    expect(handlers.findOrchestrator('sell')?.handler({} as OrchestrationContext, 1)).toBe('sold');
  });

  it('overrideProvider().useClass() and useFactory()', async () => {
    @Injectable()
    class FakeShop {
      charge(amount: number): string {
        return `faked ${amount}`;
      }
    }
    const byClass = await explore({ providers: [Shop, Gateway] }, (builder) => builder.overrideProvider(Shop).useClass(FakeShop));
    expect(call(byClass, 'charge', 5)).toBe('faked 5');
    const byFactory = await explore({ providers: [Shop, Gateway] }, (builder) =>
      builder.overrideProvider(Shop).useFactory({ factory: () => ({ charge: () => 'made' }) }));
    expect(call(byFactory, 'charge', 5)).toBe('made');
  });

  it("another class provided under the token stands in for the token's handlers", async () => {
    class Fake {
      charge(amount: number): string {
        return `faked ${amount}`;
      }
    }
    expect(call(await explore({ providers: [{ provide: Shop, useClass: Fake }] }), 'charge', 5)).toBe('faked 5');
  });
});
