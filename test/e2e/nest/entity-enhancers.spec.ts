/** Nest's enhancers on the operations of entities, in both forms. No engine runs. */
import {
  BadRequestException, Catch, Inject, Injectable, Scope, SetMetadata, UseFilters, UseInterceptors, UsePipes,
  type ArgumentMetadata, type ArgumentsHost, type CallHandler, type CanActivate, type ExceptionFilter, type ExecutionContext,
  type NestInterceptor, type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST, Reflector } from '@nestjs/core';
import { Entity, TaskEntity, type EntityContext } from 'nestjs-durable';
import { map, retry, type Observable } from 'rxjs';
import { DEFAULT_ENHANCERS } from '../../../lib/nest/interfaces/enhancer-options.js';
import { explore, load } from './exploring.js';

/** Adds to the result where it was. */
class Bracket implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const [input, ctx] = context.getArgs<[unknown, EntityContext]>();
    const place = `${context.getType<string>()} ${context.getClass().name}.${context.getHandler().name}`;
    return next.handle().pipe(map((result) => `${JSON.stringify(result)} of ${place}(${JSON.stringify(input)}) for ${ctx.operationName}`));
  }
}

class Again implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(retry(1));
  }
}

class Amount {
  value!: number;
}

class ToAmount implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (typeof value !== 'number') throw new BadRequestException('a number is needed');
    return metatype === Amount ? Object.assign(new Amount(), { value }) : { value, pipe: `${type} ${metatype?.name ?? 'untyped'}` };
  }
}

class Declined extends Error {}

@Catch(Declined)
class AnswerDeclined implements ExceptionFilter<Declined> {
  catch(error: Declined, host: ArgumentsHost): string {
    const [input, ctx] = host.getArgs<[unknown, EntityContext]>();
    return `${error.message}: ${String(input)}, ${ctx.entityId.toString()}`;
  }
}

@Entity()
class Account extends TaskEntity<number[]> {
  private calls = 0;

  override initializeState(): number[] {
    return [];
  }

  @UseInterceptors(Bracket)
  add(amount: number): number {
    return this.state.push(amount);
  }

  @UsePipes(ToAmount)
  addTyped(amount: Amount): string {
    this.state.push(amount.value);
    return amount.constructor.name;
  }

  @UseFilters(AnswerDeclined)
  decline(amount: number): void {
    this.state.push(amount);
    this.context.signalEntity(this.context.entityId, 'add', amount);
    throw new Declined('declined');
  }

  @UseInterceptors(Again)
  addAtLast(amount: number): number[] {
    this.state.push(amount);
    if (++this.calls === 1) throw new Error('not yet');
    return this.state;
  }

  @SetMetadata('role', 'owner')
  close(): string {
    return 'closed';
  }
}

@Injectable()
class Accounts {
  @Entity()
  @UseInterceptors(Bracket)
  added(ctx: EntityContext<number>): void {
    ctx.setState(ctx.getState(() => 0) + ctx.getInput<number>());
    ctx.return(ctx.getState());
  }

  @Entity()
  @UsePipes(ToAmount)
  typed(ctx: EntityContext<unknown>): void {
    ctx.return([ctx.getInput(), ctx.entityKey]);
  }

  @Entity()
  @UseFilters(AnswerDeclined)
  declined(ctx: EntityContext<number>): void {
    ctx.setState(1);
    ctx.return('accepted');
    ctx.startNew('audit');
    throw new Declined('declined');
  }
}

describe('enhancers of an entity', () => {
  it('interceptors stand around the method of the class form, with (input, context) as arguments and its result', async () => {
    const { run } = await load(await explore({ providers: [Account] }), 'account');
    expect(await run('ADD', 5)).toBe('1 of durable Account.add(5) for ADD');
  });

  it('they stand around the method of the function form, and see what it returned through its context', async () => {
    const { run, execution } = await load(await explore({ providers: [Accounts] }), 'added');
    expect(await run('add', 5)).toBe('5 of durable Accounts.added(5) for add');
    expect(execution.state).toBe('5');
  });

  it('pipes transform the input of both forms; what they throw fails the operation', async () => {
    const handlers = await explore({ providers: [Account, Accounts] });
    const byClass = await load(handlers, 'account');
    expect(await byClass.run('addTyped', 5)).toBe('Amount');
    expect(await byClass.run('addTyped', 'five')).toBe('BadRequestException: a number is needed');
    expect(byClass.execution.state).toBe('[5]');
    const byFunction = await load(handlers, 'typed', 'k');
    expect(await byFunction.run('add', 5)).toEqual([{ value: 5, pipe: 'body untyped' }, 'k']);
    expect(await byFunction.run('add', 'five')).toBe('BadRequestException: a number is needed');
  });

  it('[N5] a filter answers for an operation that threw, whose changes, signals and starts are discarded all the same', async () => {
    const handlers = await explore({ providers: [Account, Accounts] });
    const byClass = await load(handlers, 'account');
    await byClass.run('add', 1);
    expect(await byClass.outcome('decline', 5)).toEqual({ kind: 'completed', result: '"declined: 5, @account@a"', actions: [] });
    expect(byClass.execution.state).toBe('[1]');
    const byFunction = await load(handlers, 'declined');
    expect(await byFunction.outcome('any', 5)).toEqual({ kind: 'completed', result: '"declined: 5, @declined@a"', actions: [] });
    expect(byFunction.execution.state).toBeUndefined();
  });

  it('[N5] an interceptor that calls again begins with the state of before', async () => {
    const { run } = await load(await explore({ providers: [Account] }), 'account');
    await run('add', 1);
    expect(await run('addAtLast', 5)).toEqual([1, 5]);
  });

  it('global ones apply, with the metadata of the operation; guards only when asked for', async () => {
    @Injectable()
    class OwnersOnly implements CanActivate {
      constructor(private readonly reflector: Reflector) {}

      canActivate(context: ExecutionContext): boolean {
        return this.reflector.get<string | undefined>('role', context.getHandler()) !== 'owner';
      }
    }
    const twice: PipeTransform = { transform: (value: number) => value * 2 };
    const providers = [Account, { provide: APP_GUARD, useClass: OwnersOnly }, { provide: APP_PIPE, useValue: twice }];
    const open = await load(await explore({ providers }), 'account');
    expect(await open.run('close')).toBe('closed');
    expect(await open.run('add', 5)).toBe('1 of durable Account.add(5) for add');
    expect(open.execution.state).toBe('[10]');
    const guarded = await load(await explore({ providers }, undefined, { ...DEFAULT_ENHANCERS, guards: true }), 'account');
    expect(await guarded.run('close')).toBe('ForbiddenException: Forbidden resource');
    expect(await guarded.run('add', 5)).toBe('1 of durable Account.add(5) for add');
  });

  it("[N3] the implied `delete` has the class's and the global ones", async () => {
    @Entity()
    @UseInterceptors(Bracket)
    class Book extends TaskEntity<number> {
      open(): void {
        this.state = 1;
      }
    }
    const onlyOpen: CanActivate = { canActivate: (context) => context.getHandler().name === 'open' };
    const { run, execution } = await load(await explore({ providers: [Book] }), 'book');
    await run('open');
    expect(await run('Delete')).toBe('undefined of durable Book.delete(undefined) for Delete');
    expect(execution.state).toBeUndefined();
    const providers = [Book, { provide: APP_GUARD, useValue: onlyOpen }];
    const guarded = await load(await explore({ providers }, undefined, { ...DEFAULT_ENHANCERS, guards: true }), 'book');
    await guarded.run('open');
    expect(await guarded.run('delete')).toBe('ForbiddenException: Forbidden resource');
    expect(guarded.execution.state).toBe('1');
  });
});

describe('request-scoped enhancers', () => {
  let made = 0;
  beforeEach(() => (made = 0));

  @Injectable({ scope: Scope.REQUEST })
  class Sign implements NestInterceptor {
    private readonly number = ++made;

    constructor(@Inject(REQUEST) private readonly ctx: EntityContext) {}

    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      return next.handle().pipe(map((result) => `${String(result)}, signed by ${this.number} for ${this.ctx.operationName}`));
    }
  }

  it('global ones are made for each operation, and the entity keeps its object', async () => {
    @Entity()
    class Visits extends TaskEntity<number> {
      #visits = 0;

      visit(): number {
        return ++this.#visits;
      }
    }
    const { run } = await load(await explore({ providers: [Visits, { provide: APP_INTERCEPTOR, useClass: Sign }] }), 'visits');
    expect([await run('visit'), await run('visit')]).toEqual(['1, signed by 1 for visit', '2, signed by 2 for visit']);
  });

  it("a method's own make the class request-scoped: an object for each operation", async () => {
    @Entity()
    class Visits extends TaskEntity<number> {
      #visits = 0;

      @UseInterceptors(Sign)
      visit(): number {
        return ++this.#visits;
      }
    }
    const { run } = await load(await explore({ providers: [Visits] }), 'visits');
    expect([await run('visit'), await run('visit')]).toEqual(['1, signed by 1 for visit', '1, signed by 2 for visit']);
  });
});
