/** Entities of both forms in an application that runs, on every database. */
import { Inject, Injectable, Scope, UseInterceptors, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  DurableClient, Entity, EntityId, Orchestrator, TaskEntity, type EntityContext, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';
import { map, type Observable } from 'rxjs';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { eventually, useApps, type RunningApp } from '../engine/start-app.js';

@Injectable()
class Clerk {
  readonly notes: string[] = [];
}

class Exclaim implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((result) => `${String(result)} from ${context.getType<string>()}!`));
  }
}

/** Lets operations wait, and tells what becomes of those that took too long. */
@Injectable()
class Waiting {
  release!: () => void;
  readonly released = new Promise<void>((resolve) => (this.release = resolve));
  readonly ends: string[] = [];
}

@Entity()
@Injectable()
class Account extends TaskEntity<number> {
  constructor(private readonly clerk: Clerk, private readonly waiting: Waiting) {
    super();
  }

  override initializeState(): number {
    return 0;
  }

  deposit(amount: number): number {
    this.clerk.notes.push(`${this.context.entityKey} ${amount}`);
    return (this.state += amount);
  }

  @UseInterceptors(Exclaim)
  balance(): number {
    return this.state;
  }

  async wait(): Promise<void> {
    const { signal } = this.context;
    await this.waiting.released;
    this.state = -1;
    this.waiting.ends.push(`aborted: ${signal.aborted}`);
  }
}

@Injectable({ scope: Scope.REQUEST })
class Ledgers {
  constructor(@Inject(REQUEST) private readonly request: EntityContext) {}

  @Entity({ name: 'Ledger' })
  async write(ctx: EntityContext<string[]>): Promise<void> {
    const lines = ctx.getState(() => []);
    lines.push(`${this.request.entityKey}: ${ctx.getInput<string>()}`);
    ctx.setState(lines);
    ctx.startNew('audit', { input: lines.length, instanceId: `audit-${ctx.entityKey}` });
    ctx.return(lines);
  }
}

@Injectable()
class Bank {
  @Orchestrator()
  *visit(ctx: OrchestrationContext, key: string): Orchestration<unknown[]> {
    const account = ctx.entity(Account, key);
    const balance = yield* account.deposit(5);
    const words = yield* account.balance();
    const lines = yield* ctx.callEntity(new EntityId('ledger', key), 'any', `balance ${balance}`);
    return [balance, words, lines];
  }

  @Orchestrator()
  *waits(ctx: OrchestrationContext, key: string): Orchestration<string> {
    try {
      yield* ctx.entity(Account, key).wait();
      return 'waited';
    } catch (error) {
      return (error as Error).message;
    }
  }

  @Orchestrator()
  audit(_ctx: OrchestrationContext, lines: number): string {
    return `audited ${lines}`;
  }
}

const PROVIDERS = [Account, Ledgers, Bank, Clerk, Waiting];

describe.each(DATABASES)('entities of an application on %s', (kind) => {
  let database: TestDatabase;
  const start = useApps();

  beforeEach(async () => {
    database = await createDatabase(kind);
  });
  afterEach(() => database.drop());

  const outputOf = async ({ client }: RunningApp, id: string): Promise<unknown> => (await client.waitForCompletion(id)).output;

  it('[N2] [N3] both forms, with injected and request-scoped dependencies and an interceptor', async () => {
    const app = await start({ storage: database.storage }, { providers: PROVIDERS });
    const output = await outputOf(app, await app.client.orchestrators(Bank).visit('k'));
    expect(output).toEqual([5, '5 from durable!', ['k: balance 5']]);
    expect(app.context.get(Clerk).notes).toEqual(['k 5']);
    await eventually(async () => (await app.client.getStatus('audit-k')) !== null);
    expect(await outputOf(app, 'audit-k')).toBe('audited 1');
    expect(await app.client.readEntityState(new EntityId('Account', 'k'))).toMatchObject({ entityExists: true, entityState: 5 });
  });

  it('[N4] an operation that took too long fails, and what it does then meets neither object nor state of the next', async () => {
    const app = await start({ storage: database.storage, entityOperationTimeout: 50 }, { providers: PROVIDERS });
    await app.client.entity(Account, 'k').signal.deposit(1);
    expect(await outputOf(app, await app.client.orchestrators(Bank).waits('k'))).toContain('took longer than entityOperationTimeout, 50 ms');
    const { release, ends } = app.context.get(Waiting);
    release();
    await eventually(() => ends.length > 0);
    expect(ends).toEqual(['aborted: true']);
    expect(await outputOf(app, await app.client.orchestrators(Bank).visit('k'))).toEqual([6, '6 from durable!', ['k: balance 6']]);
  });

  it('[N8] a client alone has typed stubs by the decorators', async () => {
    const client = await start({ storage: database.storage, worker: false });
    const app = await start({ storage: database.storage }, { providers: PROVIDERS });
    await client.client.entity(Account, 'k').signal.deposit(2);
    await eventually(() => app.context.get(Clerk).notes.length > 0);
    expect(app.context.get(Clerk).notes).toEqual(['k 2']);
    expect(() => client.client.entity(Bank as never, 'k')).toThrow('Bank is no entity class');
    expect(client.context.get(DurableClient, { strict: false })).toBe(client.client);
  });
});
