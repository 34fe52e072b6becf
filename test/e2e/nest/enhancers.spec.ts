/** Nest's enhancers on activities, on every database; what does not touch it is in enhancer-forms.spec.ts. */
import {
  BadRequestException, Catch, ForbiddenException, Injectable, SetMetadata, UseFilters, UseInterceptors, UsePipes,
  type ArgumentMetadata, type ArgumentsHost, type CallHandler, type CanActivate, type ExceptionFilter, type ExecutionContext,
  type INestApplicationContext, type NestInterceptor, type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, Reflector } from '@nestjs/core';
import { Activity, NonRetriableError, Orchestrator, type ActivityContext, type OrchestrationContext } from 'nestjs-durable';
import { map, type Observable } from 'rxjs';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { useApps, type RunningApp } from '../engine/start-app.js';
import { callActivity, Caller, TWICE, type Outcome } from './calling-app.js';

/** What enhancers and activities did, in order. */
@Injectable()
class Trail {
  readonly steps: string[] = [];

  add(step: string): void {
    this.steps.push(step);
  }
}

@Injectable()
class Bracket implements NestInterceptor {
  readonly mark: string = 'global';

  constructor(protected readonly trail: Trail) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.trail.add(`${this.mark} interceptor, ${context.getType<string>()} ${context.getClass().name}.${context.getHandler().name}`);
    return next.handle().pipe(map((result) => `${String(result)} < ${this.mark}`));
  }
}

@Injectable()
class ClassBracket extends Bracket {
  override readonly mark = 'class';
}

@Injectable()
class MethodBracket extends Bracket {
  override readonly mark = 'method';
}

@Injectable()
class Trim implements PipeTransform {
  constructor(private readonly trail: Trail) {}

  transform(value: unknown, { type, metatype, data }: ArgumentMetadata): unknown {
    this.trail.add(`pipe, ${type} ${metatype?.name ?? 'untyped'} ${String(data)}`);
    return typeof value === 'string' ? value.trim() : value;
  }
}

class Order {
  amount!: number;
}

/** As ValidationPipe refuses. */
class Validate implements PipeTransform {
  transform(value: Order, { metatype }: ArgumentMetadata): Order {
    if (metatype !== Order) throw new Error('The pipe was given another type.');
    if (!(value.amount > 0)) throw new BadRequestException(['amount must be positive']);
    return Object.assign(new Order(), value);
  }
}

class Busy implements PipeTransform {
  transform(): never {
    throw new Error('the database is away');
  }
}

const Needs = (role: string) => SetMetadata('role', role);

@Injectable()
class RoleGuard implements CanActivate {
  constructor(private readonly reflector: Reflector, private readonly trail: Trail) {}

  canActivate(context: ExecutionContext): boolean {
    const role = this.reflector.get<string | undefined>('role', context.getHandler());
    this.trail.add(`guard, ${role ?? 'no role'}`);
    if (role === 'owner') throw new ForbiddenException('only for owners');
    return role !== 'admin';
  }
}

class Declined extends Error {}

@Catch(Declined)
class AnswerDeclined implements ExceptionFilter<Declined> {
  catch(error: Declined, host: ArgumentsHost): string {
    const [input, ctx] = host.getArgs<[string, ActivityContext]>();
    return `${error.message}: ${input}, attempt ${ctx.attempt}, ${host.getType<string>()}`;
  }
}

/** Made for HTTP, as many applications have one. */
@Catch()
class HttpOnly implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<{ status(code: number): void }>().status(500);
  }
}

@Injectable()
@UseInterceptors(ClassBracket)
class Shop {
  runs = 0;

  constructor(private readonly trail: Trail) {}

  @Activity()
  @UseInterceptors(MethodBracket)
  charge(input: string, ctx: ActivityContext): string {
    this.runs += 1;
    this.trail.add(`charge '${input}' for ${ctx.instanceId.length > 0 ? 'an instance' : 'nobody'}`);
    return `charged ${input}`;
  }

  @Orchestrator()
  *sell(_ctx: OrchestrationContext, input: string): Generator<never, string> {
    return `sold ${input}`;
  }
}

@Injectable()
class Desk {
  runs = 0;

  @Activity()
  @UsePipes(Validate)
  book(order: Order): string {
    this.runs += 1;
    return `${order instanceof Order} ${order.amount}`;
  }

  @Activity()
  @UsePipes(new Busy())
  bookLater(): void {}

  @Activity()
  @Needs('admin')
  administer(): string {
    return 'administered';
  }

  @Activity()
  @Needs('owner')
  own(): string {
    return 'owned';
  }

  @Activity()
  @UseFilters(AnswerDeclined)
  pay(input: string): never {
    this.runs += 1;
    throw input === 'declined' ? new Declined('declined') : new RangeError(`no ${input}`);
  }

  @Activity()
  @UseFilters(HttpOnly)
  payOverHttp(input: string): never {
    this.runs += 1;
    throw input === 'final' ? new NonRetriableError('out of money') : new Error('a bad line');
  }
}

const GLOBAL = [
  { provide: APP_INTERCEPTOR, useClass: Bracket },
  { provide: APP_PIPE, useClass: Trim },
  { provide: APP_GUARD, useClass: RoleGuard },
];

describe.each(DATABASES)('enhancers on activities, on %s', (kind) => {
  const start = useApps();
  let database: TestDatabase;
  let app: RunningApp;

  beforeEach(async () => {
    database = await createDatabase(kind);
  });

  afterEach(async () => {
    await app.close();
    await database.drop();
  });

  async function startShop(options: Partial<Parameters<typeof start>[0]> = {}, providers: object[] = GLOBAL): Promise<INestApplicationContext> {
    app = await start({ ...options, storage: database.storage }, { providers: [Shop, Desk, Caller, Trail, ...(providers as never[])] });
    return app.context;
  }

  it('[A7] interceptors of application, class and method apply from the outside in, pipes next to the method, guards not', async () => {
    const context = await startShop();
    expect(await callActivity(context, 'charge', ' 5 ')).toEqual({ result: 'charged 5 < method < class < global' });
    expect(context.get(Trail).steps).toEqual([
      'global interceptor, durable Shop.charge', 'class interceptor, durable Shop.charge', 'method interceptor, durable Shop.charge',
      'pipe, body String undefined', "charge '5' for an instance",
    ]);
  });

  it('[A7] none apply to orchestrators', async () => {
    const context = await startShop();
    const id = await app.client.orchestrators(Shop).sell(' it ');
    expect(await app.client.waitForCompletion(id)).toMatchObject({ output: 'sold  it ' });
    expect(context.get(Trail).steps).toEqual([]);
  });

  it('[A7] what a pipe makes of the input is what the activity gets', async () => {
    expect(await callActivity(await startShop({}, []), 'book', { amount: 5 })).toEqual({ result: 'true 5' });
  });

  it('[A7] an input that a pipe refuses fails the activity at once, with the reasons', async () => {
    const context = await startShop({}, []);
    const { failure } = await callActivity(context, 'book', { amount: 0 }, TWICE);
    expect(failure).toMatchObject({
      errorType: 'BadRequestException', errorMessage: 'Bad Request Exception: amount must be positive', isNonRetriable: true,
      properties: { status: 400 },
    });
    expect(context.get(Desk).runs).toBe(0);
  });

  it('[A7] any other error of a pipe is retried like one of the activity', async () => {
    const { failure } = await callActivity(await startShop({}, []), 'bookLater', undefined, TWICE);
    expect(failure).toMatchObject({ errorMessage: 'the database is away', isNonRetriable: false });
  });

  it.each([['administer', 'Forbidden resource', 'admin'], ['own', 'only for owners', 'owner']])(
    '[A7] guards, when asked for: %s is refused, at once', async (name, errorMessage, role) => {
      const context = await startShop({ enhancers: { guards: true } });
      const { failure } = await callActivity(context, name, undefined, TWICE);
      expect(failure).toMatchObject({ errorType: 'ForbiddenException', errorMessage, isNonRetriable: true });
      expect(context.get(Trail).steps).toEqual([`guard, ${role}`]);
    },
  );

  it('[A7] a guard that lets an activity pass changes nothing about its errors', async () => {
    const context = await startShop({ enhancers: { guards: true, interceptors: false } });
    expect(await callActivity(context, 'charge', '5')).toEqual({ result: 'charged 5' });
    const { failure } = await callActivity(context, 'pay', 'money', TWICE);
    expect(failure).toMatchObject({ errorType: 'RangeError', isNonRetriable: false });
    expect(context.get(Desk).runs).toBe(2);
  });

  it('[A7] a filter turns an error into a result; what it does not catch stays as it is', async () => {
    const context = await startShop({}, []);
    expect(await callActivity(context, 'pay', 'declined')).toEqual({ result: 'declined: declined, attempt 1, durable' });
    expect((await callActivity(context, 'pay', 'money')).failure).toMatchObject({ errorType: 'RangeError', errorMessage: 'no money' });
  });

  it('[A7] what a filter throws is the failure; the original is its cause and decides about the retries', async () => {
    const context = await startShop({}, []);
    const often = (await callActivity(context, 'payOverHttp', 'often', TWICE)).failure;
    expect(often).toMatchObject({ errorType: 'TypeError', isNonRetriable: false, innerFailure: { errorMessage: 'a bad line' } });
    expect(context.get(Desk).runs).toBe(2);

    const final = (await callActivity(context, 'payOverHttp', 'final', TWICE)).failure;
    expect(final).toMatchObject({ errorType: 'TypeError', isNonRetriable: true, innerFailure: { errorType: 'NonRetriableError' } });
    expect(context.get(Desk).runs).toBe(3);
  });

  it.each<[string, object, Outcome]>([
    ['interceptors', { interceptors: false }, { result: 'charged 5' }],
    ['pipes', { pipes: false }, { result: 'charged  5  < method < class < global' }],
  ])('[A7] %s can be switched off', async (_kind, enhancers, outcome) => {
    expect(await callActivity(await startShop({ enhancers }), 'charge', ' 5 ')).toEqual(outcome);
  });

  it('[A7] filters can be switched off, and global ones apply to every activity', async () => {
    const filter = [{ provide: APP_FILTER, useClass: AnswerDeclined }];
    const off = await startShop({ enhancers: { filters: false } }, filter);
    expect((await callActivity(off, 'pay', 'declined')).failure).toMatchObject({ errorType: 'Declined' });
    await app.close();

    const everywhere = { provide: APP_FILTER, useValue: { catch: () => 'caught' } };
    const on = await startShop({}, [everywhere]);
    expect(await callActivity(on, 'bookLater')).toEqual({ result: 'caught' });
  });
});
