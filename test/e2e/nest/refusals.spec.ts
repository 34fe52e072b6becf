import { Controller, Injectable, Module, Scope } from '@nestjs/common';
import { Activity, DurableModule, Orchestrator, type ActivityContext, type OrchestrationContext } from 'nestjs-durable';
import { IN_MEMORY, refusalOf } from './support.js';

/** Puts a decorator where the types forbid it, as JavaScript or a cast could. */
function decorate(decorator: (target: object, key: string, descriptor: never) => void, type: new () => object, method: string): void {
  decorator(type.prototype as object, method, Object.getOwnPropertyDescriptor(type.prototype, method) as never);
}

describe('what the module refuses at start', () => {
  it('[O3] an async orchestrator, naming module, class and method', async () => {
    class Orders {
      async fulfil(): Promise<void> {}
    }
    decorate(Orchestrator(), Orders, 'fulfil');
    @Module({ providers: [Orders] })
    class ShopModule {}

    const message = await refusalOf({ imports: [ShopModule] });
    expect(message).toContain('Orders.fulfil (module ShopModule) is async');
    expect(message).toContain('write it as a generator');
  });

  it('[O3] an async generator', async () => {
    class Orders {
      async *fulfil(): AsyncGenerator<void> {}
    }
    decorate(Orchestrator(), Orders, 'fulfil');
    expect(await refusalOf({ providers: [Orders] })).toContain('Orders.fulfil (module RootTestModule) is async');
  });

  it('[O3] a plain method whose declared type is a promise', async () => {
    class Orders {
      // @ts-expect-error the decorator's type refuses it as well
      @Orchestrator()
      fulfil(_ctx: OrchestrationContext): Promise<void> {
        return Promise.resolve();
      }
    }
    expect(await refusalOf({ providers: [Orders] })).toContain('Orders.fulfil (module RootTestModule) is async or returns a promise');
  });

  it('an activity that is a generator', async () => {
    class Orders {
      *charge(): Generator<void> {}
    }
    decorate(Activity(), Orders, 'charge');
    expect(await refusalOf({ providers: [Orders] })).toContain('The activity Orders.charge (module RootTestModule) is a generator');
  });

  it('two activities of one name, in different modules', async () => {
    class First {
      @Activity({ name: 'charge' })
      a(): void {}
    }
    class Second {
      @Activity({ name: 'charge' })
      b(): void {}
    }
    @Module({ providers: [First] })
    class FirstModule {}
    @Module({ providers: [Second] })
    class SecondModule {}

    const message = await refusalOf({ imports: [FirstModule, SecondModule] });
    expect(message).toContain("Second.b (module SecondModule) has the name 'charge', and so has First.a (module FirstModule)");
    expect(message).toContain('@Activity({ name })');
  });

  it('one class that two modules provide', async () => {
    class Payments {
      @Activity()
      charge(): void {}
    }
    @Module({ providers: [Payments] })
    class FirstModule {}
    @Module({ providers: [Payments] })
    class SecondModule {}
    expect(await refusalOf({ imports: [FirstModule, SecondModule] })).toContain('provide the class in one module only');
  });

  it('a handler that two providers inherit from one base class', async () => {
    abstract class Payments {
      @Activity()
      charge(): void {}
    }
    @Injectable()
    class CardPayments extends Payments {}
    @Injectable()
    class BankPayments extends Payments {}
    const message = await refusalOf({ providers: [CardPayments, BankPayments] });
    expect(message).toContain(
      "The activity BankPayments.charge (module RootTestModule) has the name 'charge', and so has CardPayments.charge " +
        '(module RootTestModule): both inherit the decorated method.',
    );
    expect(message).toContain('override the method with one that has a name of its own, @Activity({ name })');
  });

  it('two orchestrators of one name and version', async () => {
    class Orders {
      @Orchestrator({ name: 'fulfil', version: '1' })
      *a(_ctx: OrchestrationContext): Generator<never, void> {}

      @Orchestrator({ name: 'fulfil', version: '1' })
      *b(_ctx: OrchestrationContext): Generator<never, void> {}
    }
    expect(await refusalOf({ providers: [Orders] })).toContain("has the name 'fulfil' version '1'");
  });

  it.each([Scope.REQUEST, Scope.TRANSIENT])('an orchestrator in a provider of scope %s', async (scope) => {
    @Injectable({ scope })
    class Orders {
      @Orchestrator()
      *fulfil(_ctx: OrchestrationContext): Generator<never, void> {}
    }
    const message = await refusalOf({ providers: [Orders] });
    expect(message).toContain('The orchestrator Orders.fulfil (module RootTestModule) belongs to a provider that is request-scoped');
    expect(message).toContain('make the provider a singleton');
  });

  it('an orchestrator whose provider depends on a request-scoped one', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class CurrentUser {}
    @Injectable()
    class Orders {
      constructor(readonly user: CurrentUser) {}

      @Orchestrator()
      *fulfil(_ctx: OrchestrationContext): Generator<never, void> {}
    }
    expect(await refusalOf({ providers: [Orders, CurrentUser] })).toContain('depends on one that is request-scoped');
  });

  it('a handler on a controller', async () => {
    @Controller()
    class OrdersController {
      @Activity()
      charge(): void {}
    }
    expect(await refusalOf({ controllers: [OrdersController] })).toContain('OrdersController.charge (module RootTestModule) stands on a controller');
  });

  it('a handler of a registration that does not exist', async () => {
    class Payments {
      @Activity({ hub: 'billing' })
      charge(): void {}
    }
    const message = await refusalOf({ providers: [Payments] });
    expect(message).toContain("Payments.charge (module RootTestModule) belongs to the registration 'billing'");
    expect(message).toContain("there are: 'default'");
  });

  it('two registrations of one name', async () => {
    const message = await refusalOf({ imports: [DurableModule.forRoot(IN_MEMORY)] });
    expect(message).toContain("registered more than once under the name 'default'");
  });
});

describe('what the decorators refuse', () => {
  it('a second durable decorator on one method', () => {
    expect(() => {
      class Orders {
        @Activity()
        @Activity({ name: 'again' })
        charge(_input: string, _ctx: ActivityContext): void {}
      }
      return Orders;
    }).toThrow('@Activity() on Orders.charge: the method is decorated with @Activity() already.');
  });

  it('a static method', () => {
    class Orders {
      static charge(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Orders, 'charge') as never;
    expect(() => Activity()(Orders, 'charge', descriptor)).toThrow('it must decorate an instance method');
  });

  it('an empty name', () => {
    class Orders {
      charge(): void {}
    }
    expect(() => decorate(Activity({ name: '' }), Orders, 'charge')).toThrow("'name' must be a string of 1 to 255 characters");
  });
});
