/** What `getHealth()` names, each kind of problem brought about for real. Sweeps come with the virtual clock. */
import { Injectable } from '@nestjs/common';
import { createConnection } from 'mysql2/promise';
import { Activity, Orchestrator, type DurableClient, type HealthProblemKind, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { VirtualClock } from 'nestjs-durable/testing';
import { DataSource } from 'typeorm';
import { startMysql } from '../../../scripts/mysql-server.js';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { Gates } from '../support/harness.js';
import { LOG_LINES } from '../support/log-lines.js';
import { eventually, useApps } from './start-app.js';

/** Longer than sweeps are apart, ms. */
const SWEEP = 40_000;
const DAY = 86_400_000;

@Injectable()
class Waits {
  constructor(private readonly gates: Gates) {}

  @Activity()
  held(gate: string): Promise<void> {
    return this.gates.pass(gate);
  }

  @Orchestrator()
  *holdsTwo(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.all([ctx.callActivity('held', 'first'), ctx.callActivity('held', 'second')]);
  }

  @Orchestrator()
  *sleeps(ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.createTimer(DAY);
    return 'woken';
  }

  @Orchestrator()
  *collects(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('item');
  }
}

@Injectable()
class Blocks {
  @Activity()
  block(ms: number): void {
    const ends = performance.now() + ms;
    while (performance.now() < ends);
  }

  @Orchestrator()
  *blocks(ctx: OrchestrationContext, ms: number): Orchestration<void> {
    yield* ctx.callActivity('block', ms);
  }
}

const problemsOf = (client: DurableClient, kind: HealthProblemKind) => client.getHealth().problems.filter((problem) => problem.kind === kind);

describe.each(DATABASES)('the health of a process on %s', (kind) => {
  const startApp = useApps();
  let database: TestDatabase;

  beforeEach(async () => {
    LOG_LINES.clear();
    database = await createDatabase(kind);
  });

  const sql = async <Row>(statement: string, values: unknown[] = []): Promise<Row[]> => {
    const source = await new DataSource(database.storage).initialize();
    try {
      return await source.query(statement, values);
    } finally {
      await source.destroy();
    }
  };

  it('is up while all is well, down before and after', async () => {
    const app = await startApp({ storage: database.storage }, { providers: [Waits] });
    const { client } = app;
    const id = await client.startNew('collects');
    await client.raiseEvent(id, 'item', 1);
    await client.waitForCompletion(id);
    // What else the machine does may block any event loop.
    expect(client.getHealth().problems.filter((problem) => problem.kind !== 'eventLoop')).toEqual([]);
    expect(client.getHealth()).toMatchObject({ status: expect.stringMatching(/up|degraded/), isWorker: true, partitionCount: 16, ownedPartitions: 16, parked: [] });
    await app.close();
    expect(client.getHealth()).toMatchObject({ status: 'down', problems: [{ kind: 'notRunning', message: expect.stringContaining('DurableHub'), since: expect.any(Date) }] });
  });

  it('[Y6] names a handler that no live worker has', async () => {
    const first = await startApp({ storage: database.storage }, { providers: [Waits] });
    await first.client.startNew('collects', { instanceId: 'a' });
    await eventually(async () => (await first.client.getStatus('a'))?.runtimeStatus === 'Running');
    await first.close();
    const { client } = await startApp({ storage: database.storage }, { providers: [Blocks] });
    await client.raiseEvent('a', 'item', 1);
    await eventually(() => problemsOf(client, 'parked').length > 0);
    expect(problemsOf(client, 'parked')).toEqual([
      { kind: 'parked', handler: { kind: 'orchestrator', name: 'collects' }, since: expect.any(Date), message: expect.stringMatching(/'collects' is needed by 1 instances.*Start one/) },
    ]);
    expect(client.getHealth().status).toBe('degraded');
    const [{ since } = {}] = problemsOf(client, 'parked');
    await eventually(() => Date.now() > since!.getTime());
    expect(problemsOf(client, 'parked')[0]!.since).toEqual(since);
  });

  it('names activities that wait for long, until they have been taken', async () => {
    const gates = new Gates();
    const clock = new VirtualClock();
    const { client } = await startApp({ storage: database.storage, maxConcurrentActivityFunctions: 1 }, { providers: [Waits], gates, clock });
    await client.startNew('holdsTwo', { instanceId: 'a' });
    await gates.reached('first');
    await eventually(() => {
      clock.advance(SWEEP);
      return problemsOf(client, 'overdue').length > 0;
    });
    expect(problemsOf(client, 'overdue')).toMatchObject([{ instanceId: 'a', handler: { kind: 'activity', name: 'held' }, message: expect.stringContaining("Activity 'held' of instance 'a'") }]);
    expect(LOG_LINES.about("Activity 'held' of instance 'a'")).toMatchObject([{ level: 'warn' }]);
    gates.open('first');
    gates.open('second');
    await client.waitForCompletion('a');
    await eventually(() => {
      clock.advance(SWEEP);
      return problemsOf(client, 'overdue').length === 0;
    });
  });

  it('what is due and in nobody\'s memory is found by a sweep (I6)', async () => {
    const clock = new VirtualClock();
    const { client } = await startApp({ storage: database.storage }, { providers: [Waits], clock });
    await client.startNew('sleeps', { instanceId: 'a' });
    await eventually(async () => (await sql('SELECT 1 AS found FROM durable_timers WHERE instance_id = ?', ['a'])).length > 0);
    // The process goes on to believe that there is a day until then.
    await sql('UPDATE durable_timers SET fire_at = 1 WHERE instance_id = ?', ['a']);
    clock.advance(SWEEP);
    expect(await client.waitForCompletion('a')).toMatchObject({ output: 'woken' });
  });

  it('names partitions that no live worker owns, also in a process that is a client only', async () => {
    const worker = await startApp({ storage: database.storage }, { providers: [Waits] });
    const { client } = await startApp({ storage: database.storage, worker: false, leaseDuration: 250 });
    expect(problemsOf(client, 'unowned')).toEqual([]);
    await worker.close();
    await eventually(() => problemsOf(client, 'unowned').length > 0);
    const partitions = Array.from({ length: 16 }, (_, index) => index);
    expect(problemsOf(client, 'unowned')).toEqual([{ kind: 'unowned', partitions, since: expect.any(Date), message: expect.stringContaining('Start a worker') }]);
    await startApp({ storage: database.storage }, { providers: [Waits] });
    await eventually(() => problemsOf(client, 'unowned').length === 0);
  });

  it('tells of code that blocks the event loop', async () => {
    const { client } = await startApp({ storage: database.storage, leaseDuration: 1_500 }, { providers: [Blocks] });
    await eventually(async () => {
      // The first one may come before anything is measured.
      await client.waitForCompletion(await client.startNew('blocks', { input: 600 }));
      return problemsOf(client, 'eventLoop').length > 0;
    });
    expect(problemsOf(client, 'eventLoop')[0]!.message).toMatch(/blocked the event loop for \d+ ms/);
    expect(client.getMetrics().eventLoop.max).toBeGreaterThan(500);
  });
});

describe('the health of a process whose database goes away', () => {
  const startApp = useApps();

  it('is degraded, down when its lease has ended, and up when the database is back', async () => {
    const server = await startMysql();
    try {
      const { hostname, port, username, password } = new URL(server.url);
      const connection = await createConnection(server.url);
      await connection.query('CREATE DATABASE health');
      await connection.end();
      const storage = { type: 'mysql' as const, host: hostname, port: Number(port), username, password, database: 'health' };
      const { client } = await startApp({ storage, leaseDuration: 2_000 }, { providers: [Waits] });
      await eventually(() => client.getHealth().ownedPartitions === 16);
      await server.kill();
      await eventually(() => problemsOf(client, 'database').length > 0);
      expect(problemsOf(client, 'database')).toEqual([{ kind: 'database', since: expect.any(Date), message: expect.stringMatching(/cannot be reached or refuses writes/) }]);
      expect(problemsOf(client, 'database')[0]!.message).not.toContain(password);
      await eventually(() => client.getHealth().status === 'down');
      expect(problemsOf(client, 'heartbeat')).toHaveLength(1);
      await server.restart();
      await eventually(() => client.getHealth().status !== 'down' && problemsOf(client, 'database').length === 0 && problemsOf(client, 'heartbeat').length === 0);
    } finally {
      await server.stop();
    }
  });
});
