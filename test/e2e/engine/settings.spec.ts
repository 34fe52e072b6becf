/** The settings of `DurableModule.forRoot` that the engine carries out (semantics.md section 6), on every database. */
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Activity, DurableClient, DurableModule, getDurableClientToken, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { Gates } from '../support/harness.js';
import { LOG_LINES } from '../support/log-lines.js';
import { eventually, useApps } from './start-app.js';

@Injectable()
class Subject {
  running = 0;
  mostRunning = 0;
  readonly aborted: string[] = [];
  readonly runs: string[] = [];
  /** How often the code of `waits` was begun: once, and once for each replay. */
  begun = 0;

  constructor(private readonly gates: Gates) {}

  @Activity()
  async held(gate: string, ctx: ActivityContext): Promise<string> {
    this.runs.push(gate);
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    const aborted = new Promise<never>((_, reject) => {
      ctx.signal.addEventListener('abort', () => {
        this.aborted.push((ctx.signal.reason as Error).message);
        reject(ctx.signal.reason as Error);
      });
    });
    try {
      await Promise.race([this.gates.pass(gate), aborted]);
      return gate;
    } finally {
      this.running -= 1;
    }
  }

  @Orchestrator()
  *fansOut(ctx: OrchestrationContext, gates: readonly string[]): Orchestration<number> {
    const { held } = ctx.activities(Subject);
    return (yield* ctx.all(gates.map((gate) => held(gate)))).length;
  }

  @Orchestrator()
  *waits(ctx: OrchestrationContext): Orchestration<unknown> {
    this.begun += 1;
    yield* ctx.waitForExternalEvent('first');
    return yield* ctx.waitForExternalEvent('second');
  }

  @Orchestrator()
  returns(ctx: OrchestrationContext, input: unknown): unknown {
    return input ?? ctx.version ?? 'unversioned';
  }

  @Orchestrator({ name: 'returns', version: '2' })
  returnsSecond(ctx: OrchestrationContext): unknown {
    return `second: ${ctx.version}`;
  }
}

/** An activity that does not end by itself, whatever its signal says. */
@Injectable()
class Stubborn {
  runs = 0;
  readonly reasons: string[] = [];
  finish = (): void => undefined;

  @Activity()
  never(_input: unknown, ctx: ActivityContext): Promise<string> {
    this.runs += 1;
    ctx.signal.addEventListener('abort', () => this.reasons.push((ctx.signal.reason as Error).message));
    return new Promise((resolve) => (this.finish = () => resolve('done')));
  }

  @Orchestrator()
  *waitsForStubborn(ctx: OrchestrationContext): Orchestration<string> {
    return yield* ctx.activities(Stubborn).never(undefined);
  }
}

describe.each(DATABASES)('settings on %s', (kind) => {
  const startApp = useApps();
  let database: TestDatabase;
  const databases: TestDatabase[] = [];
  const providers = [Subject];

  beforeEach(async () => {
    database = await createDatabase(kind);
    databases.push(database);
    LOG_LINES.clear();
  });

  afterAll(async () => {
    for (const each of databases) await each.drop();
  });

  it('taskHub: hubs in one database know nothing of each other', async () => {
    const { storage } = database;
    const first = await startApp({ storage, taskHub: 'First' }, { providers });
    const second = await startApp({ storage, taskHub: 'Second', worker: false });
    await first.client.startNew('waits', { instanceId: 'a' });
    expect(await second.client.getStatus('a')).toBeNull();
    expect((await second.client.getStatusBy()).instances).toEqual([]);
    await expect(second.client.raiseEvent('a', 'first')).rejects.toMatchObject({ name: 'InstanceNotFoundError' });
    await expect(second.client.startNew('waits')).rejects.toThrow("There is no orchestrator 'waits'. Known: none.");
    const sameHub = await startApp({ storage, taskHub: 'First', worker: false });
    expect(await sameHub.client.getStatus('a')).toMatchObject({ name: 'waits' });
  });

  it('partitionCount: is fixed with the hub; another setting is reported and not used', async () => {
    const { storage } = database;
    const first = await startApp({ storage, partitionCount: 4 }, { providers });
    await first.client.startNew('waits', { instanceId: 'a' });
    await first.close();
    const second = await startApp({ storage, partitionCount: 9 }, { providers });
    expect(LOG_LINES.about('was created with 4 partitions')).toEqual([
      { level: 'warn', text: "Task hub 'DurableHub' was created with 4 partitions; the setting partitionCount 9 is ignored." },
    ]);
    await second.client.raiseEvent('a', 'first');
    await second.client.raiseEvent('a', 'second', 1);
    expect(await second.client.waitForCompletion('a')).toMatchObject({ output: 1 });
  });

  it('maxConcurrentActivityFunctions: so many run at once, and no more', async () => {
    const gates = new Gates();
    const app = await startApp({ storage: database.storage, maxConcurrentActivityFunctions: 3 }, { providers, gates });
    const subject = app.context.get(Subject);
    const names = Array.from({ length: 10 }, (_, index) => `gate ${index}`);
    const instance = await app.client.startNew('fansOut', { input: names });
    await eventually(() => subject.running === 3);
    await app.client.waitForCompletion(await app.client.startNew('returns', { input: 1 }));
    expect(subject.runs).toHaveLength(3);
    for (const name of names) gates.open(name);
    expect(await app.client.waitForCompletion(instance)).toMatchObject({ output: 10 });
    expect(subject.mostRunning).toBe(3);
    expect(subject.runs.toSorted()).toEqual(names);
  });

  it('maxConcurrentOrchestratorFunctions: 1 is slow, not stuck', async () => {
    const app = await startApp({ storage: database.storage, maxConcurrentOrchestratorFunctions: 1 }, { providers });
    const ids = await Promise.all(Array.from({ length: 40 }, (_, index) => app.client.startNew('returns', { input: index })));
    const outputs = await Promise.all(ids.map(async (id) => (await app.client.waitForCompletion(id)).output));
    expect(outputs).toEqual(ids.map((_, index) => index));
  });

  it.each([
    [{ extendedSessionsEnabled: true }, 1],
    [{ extendedSessionsEnabled: false }, 3],
    [{ maxCachedInstances: 0 }, 3],
  ])('%j: the code of an instance with three episodes is begun %i times', async (settings, times) => {
    const app = await startApp({ storage: database.storage, ...settings }, { providers });
    await app.client.startNew('waits', { instanceId: 'a' });
    const events = async () => (await app.client.getStatus('a', { showHistory: true }))!.history!.filter(({ eventType }) => eventType === 'EventRaised').length;
    await eventually(async () => (await app.client.getStatus('a'))!.runtimeStatus === 'Running');
    await app.client.raiseEvent('a', 'first');
    await eventually(async () => (await events()) === 1);
    await app.client.raiseEvent('a', 'second', 2);
    expect(await app.client.waitForCompletion('a')).toMatchObject({ output: 2 });
    expect(app.context.get(Subject).begun).toBe(times);
  });

  it('maxPayloadBytes: 4 MiB by default, for which the database has room', async () => {
    const app = await startApp({ storage: database.storage }, { providers });
    const largest = 'ü'.repeat(2 * 1024 * 1024 - 1);
    const id = await app.client.startNew('returns', { input: largest });
    expect((await app.client.waitForCompletion(id)).output === largest).toBe(true);
    await app.client.startNew('waits', { instanceId: 'a' });
    await app.client.raiseEvent('a', 'first', largest);
    await app.client.raiseEvent('a', 'second', largest);
    expect((await app.client.waitForCompletion('a')).output === largest).toBe(true);
    await expect(app.client.startNew('returns', { input: `${largest}x` })).rejects.toMatchObject({ name: 'PayloadTooLargeError', maxBytes: 4 * 1024 * 1024 });
  });

  it('shutdownTimeout: a stop waits for running activities and keeps their results', async () => {
    const { storage } = database;
    const gates = new Gates();
    const first = await startApp({ storage }, { providers, gates });
    await first.client.startNew('fansOut', { instanceId: 'a', input: ['x'] });
    await gates.reached('x');
    const closed = first.close();
    gates.open('x');
    await closed;
    expect(first.context.get(Subject).aborted).toEqual([]);
    const second = await startApp({ storage }, { providers, gates });
    expect(await second.client.waitForCompletion('a')).toMatchObject({ output: 1 });
    expect(second.context.get(Subject).runs).toEqual([]);
  });

  it('shutdownTimeout: at the deadline running activities are aborted; the next worker runs them again', async () => {
    const { storage } = database;
    const first = await startApp({ storage, shutdownTimeout: 20 }, { providers: [Stubborn] });
    await first.client.startNew('waitsForStubborn', { instanceId: 'a' });
    await eventually(() => first.context.get(Stubborn).runs === 1);
    await first.close();
    expect(first.context.get(Stubborn).reasons).toEqual(['The application is shutting down.']);
    const second = await startApp({ storage }, { providers: [Stubborn] });
    await eventually(() => second.context.get(Stubborn).runs === 1);
    second.context.get(Stubborn).finish();
    expect(await second.client.waitForCompletion('a')).toMatchObject({ output: 'done' });
  });

  it('[Y5] defaultVersion: of instances started without one; else the handler without a version', async () => {
    const app = await startApp({ storage: database.storage, defaultVersion: '2' }, { providers });
    const outputOf = async (...start: Parameters<DurableClient['startNew']>) => app.client.waitForCompletion(await app.client.startNew(...start));
    expect(await outputOf('returns')).toMatchObject({ version: '2', output: 'second: 2' });
    expect(await outputOf('returns', { version: '2' })).toMatchObject({ version: '2' });
    expect(await outputOf('fansOut', { input: [] })).toMatchObject({ version: undefined, output: 0 });
    await expect(app.client.startNew('returns', { version: '3' })).rejects.toThrow("There is no orchestrator 'returns' version '3'. Known: 'fansOut', 'returns', 'returns (version 2)'");
  });

  it('name: a registration has its own hub, client and handlers', async () => {
    const other = await createDatabase(kind);
    databases.push(other);
    @Injectable()
    class Billing {
      @Orchestrator({ hub: 'billing' })
      bill(): string {
        return 'billed';
      }
    }
    const module = await Test.createTestingModule({
      imports: [DurableModule.forRoot({ storage: database.storage }), DurableModule.forRoot({ storage: other.storage, name: 'billing' })],
      providers: [Subject, Billing, Gates],
    }).setLogger(LOG_LINES).compile();
    const app = await module.init();
    try {
      const main = app.get(DurableClient, { strict: false });
      const billing = app.get<DurableClient>(getDurableClientToken('billing'), { strict: false });
      const id = await billing.startNew('bill');
      expect(await billing.waitForCompletion(id)).toMatchObject({ output: 'billed' });
      expect(await main.getStatus(id)).toBeNull();
      await expect(main.startNew('bill')).rejects.toMatchObject({ name: 'UnknownHandlerError' });
      await expect(billing.startNew('returns')).rejects.toThrow("Known: 'bill'");
    } finally {
      await app.close();
    }
  });
});
