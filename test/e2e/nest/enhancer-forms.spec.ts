/** Where enhancers come from and what they belong to: scopes, mocks, base classes, global ones of an HTTP application. */
import {
  Inject, Injectable, Scope, UseInterceptors, ValidationPipe, type CallHandler, type CanActivate, type ExecutionContext,
  type INestApplication, type NestInterceptor, type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Activity, DurableClient, DurableModule, Orchestrator, type ActivityContext, type OrchestrationContext } from 'nestjs-durable';
import { map, type Observable } from 'rxjs';
import { callActivity, Caller } from './calling-app.js';
import { compileApp, IN_MEMORY, refusalOf, SILENT, useStarted } from './support.js';

const started = useStarted();

/** Adds to the result what it knows. */
abstract class Sign implements NestInterceptor {
  abstract signature(): string;

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((result) => `${String(result)}, ${this.signature()}`));
  }
}

let made = 0;

@Injectable({ scope: Scope.REQUEST })
class WorkItem {
  readonly number = ++made;
}

@Injectable({ scope: Scope.REQUEST })
class ScopedSign extends Sign {
  constructor(private readonly item: WorkItem, @Inject(REQUEST) private readonly ctx: ActivityContext) {
    super();
  }

  signature(): string {
    return `signed in ${this.item.number} for attempt ${this.ctx.attempt}`;
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class TransientSign extends Sign {
  private readonly number = ++made;

  signature(): string {
    return `signed by ${this.number > 0 ? 'one of its own' : 'nobody'}`;
  }
}

@Injectable()
class PlainSign extends Sign {
  signature(): string {
    return 'signed';
  }
}

@Injectable()
class Counter {
  count = 0;

  @Activity()
  add(): string {
    return `count ${++this.count}`;
  }

  @Orchestrator()
  *counts(_ctx: OrchestrationContext): Generator<never, number> {
    return this.count;
  }
}

@Injectable()
class Signed {
  @Activity()
  @UseInterceptors(PlainSign)
  sign(): string {
    return 'real';
  }
}

beforeEach(() => (made = 0));

describe('scopes of enhancers', () => {
  it('[A7] a request-scoped interceptor shares the context of the work item with a request-scoped provider', async () => {
    @Injectable({ scope: Scope.REQUEST })
    @UseInterceptors(ScopedSign)
    class Audit {
      constructor(private readonly item: WorkItem, @Inject(REQUEST) private readonly ctx: ActivityContext) {}

      @Activity()
      note(): string {
        return `noted in ${this.item.number} for ${this.ctx.attempt}`;
      }
    }
    const app = await compileApp({ providers: [Audit, WorkItem, Caller] });
    await started(app);
    expect(await callActivity(app, 'note')).toEqual({ result: 'noted in 1 for 1, signed in 1 for attempt 1' });
    expect(await callActivity(app, 'note')).toEqual({ result: 'noted in 2 for 1, signed in 2 for attempt 1' });
  });

  it('[A7] a request-scoped interceptor of the application leaves singletons what they are, orchestrators included', async () => {
    const app = await compileApp({
      providers: [Counter, WorkItem, Caller, { provide: APP_INTERCEPTOR, scope: Scope.REQUEST, useClass: ScopedSign }],
    });
    await started(app);
    expect(await callActivity(app, 'add')).toEqual({ result: 'count 1, signed in 1 for attempt 1' });
    expect(await callActivity(app, 'add')).toEqual({ result: 'count 2, signed in 2 for attempt 1' });
    const client = app.get(DurableClient, { strict: false });
    expect(await client.waitForCompletion(await client.orchestrators(Counter).counts())).toMatchObject({ output: 2 });
  });

  it('[A7] transient interceptors of application and class are made for the provider', async () => {
    @Injectable()
    @UseInterceptors(TransientSign)
    class Audit {
      @Activity()
      note(): string {
        return 'noted';
      }
    }
    const app = await compileApp({
      providers: [Audit, Caller, { provide: APP_INTERCEPTOR, scope: Scope.TRANSIENT, useClass: TransientSign }],
    });
    await started(app);
    expect(await callActivity(app, 'note')).toEqual({ result: 'noted, signed by one of its own, signed by one of its own' });
  });

  it('an enhancer that makes the provider of an orchestrator request-scoped is refused', async () => {
    @Injectable()
    @UseInterceptors(ScopedSign)
    class Orders {
      @Orchestrator()
      *fulfil(_ctx: OrchestrationContext): Generator<never, void> {}
    }
    expect(await refusalOf({ providers: [Orders, WorkItem] })).toContain('A request-scoped enhancer of the class');
  });
});

describe('whose enhancers apply', () => {
  it('[A7] those of a base class and its methods, for each subclass', async () => {
    @UseInterceptors(PlainSign)
    class Base {
      @Activity({ name: 'note' })
      note(): string {
        return this.constructor.name;
      }
    }
    @Injectable()
    class Derived extends Base {}
    const app = await compileApp({ providers: [Derived, Caller] });
    await started(app);
    expect(await callActivity(app, 'note')).toEqual({ result: 'Derived, signed' });
  });

  it("[A7] the overridden class's, for a mock in its place", async () => {
    const module = Test.createTestingModule({ imports: [DurableModule.forRoot(IN_MEMORY)], providers: [Signed, Caller] });
    const app = await module.overrideProvider(Signed).useValue({ sign: () => 'mocked' }).setLogger(SILENT).compile();
    await started(app);
    expect(await callActivity(app, 'sign')).toEqual({ result: 'mocked, signed' });
  });

  it('[A7] overridden interceptors take the place of those of the decorators', async () => {
    const module = Test.createTestingModule({ imports: [DurableModule.forRoot(IN_MEMORY)], providers: [Signed, Caller] });
    const silent: NestInterceptor = { intercept: (_context, next) => next.handle() };
    const app = await module.overrideInterceptor(PlainSign).useValue(silent).setLogger(SILENT).compile();
    await started(app);
    expect(await callActivity(app, 'sign')).toEqual({ result: 'real' });
  });

  it('[A7] an enhancer that Nest would leave out without a word is refused', async () => {
    const message = await refusalOf({ providers: [{ provide: Signed, useFactory: () => new Signed() }] });
    expect(message).toContain('The activity Signed.sign (module RootTestModule) has the enhancer PlainSign, of which Nest makes no instance');
    expect(message).toContain('new PlainSign()');
    const app = await compileApp({ providers: [{ provide: Signed, useFactory: () => new Signed() }] }, { enhancers: { interceptors: false } });
    await started(app);
  });
});

describe('global enhancers', () => {
  @Injectable()
  class DenyAll implements CanActivate {
    canActivate(): boolean {
      return false;
    }
  }

  it('[A7] of app.useGlobal…() apply as those of APP_… do; guards made for requests do not', async () => {
    const module = await Test.createTestingModule({
      imports: [DurableModule.forRoot(IN_MEMORY)],
      providers: [Counter, Caller, { provide: APP_GUARD, useClass: DenyAll }],
    }).compile();
    const app: INestApplication = module.createNestApplication({ logger: false });
    app.useGlobalInterceptors(new PlainSign());
    await started(app);
    expect(await callActivity(app, 'add')).toEqual({ result: 'count 1, signed' });
  });

  it("[A7] Nest's ValidationPipe validates the input by its class, and nothing else", async () => {
    class Order {
      amount!: number;
    }
    @Injectable()
    class Desk {
      @Activity()
      book(order: Order, ctx: ActivityContext): string {
        return `${order.constructor.name} ${order.amount} ${ctx.attempt}`;
      }
    }
    const validated: unknown[] = [];
    const pipe: PipeTransform = new ValidationPipe({
      transform: true,
      validatorPackage: { validate: (value: object) => (validated.push(value), []) },
      transformerPackage: { plainToInstance: (type: new () => object, value: object) => Object.assign(new type(), value) } as never,
    });
    const module = await Test.createTestingModule({ imports: [DurableModule.forRoot(IN_MEMORY)], providers: [Desk, Caller] }).compile();
    const app: INestApplication = module.createNestApplication({ logger: false });
    app.useGlobalPipes(pipe);
    await started(app);
    expect(await callActivity(app, 'book', { amount: 5 })).toEqual({ result: 'Order 5 1' });
    expect(validated).toEqual([Object.assign(new Order(), { amount: 5 })]);
  });
});
