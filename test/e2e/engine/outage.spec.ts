/** A database that is down at start, or goes away in the middle and comes back: nothing is lost, nothing happens twice. */
import { Injectable } from '@nestjs/common';
import BetterSqlite3 from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import { Activity, Orchestrator, type DurableModuleOptions, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { startMysql, type MysqlServer } from '../../../scripts/mysql-server.js';
import { createDatabase } from '../../support/databases.js';
import { Gates } from '../support/harness.js';
import { LOG_LINES } from '../support/log-lines.js';
import { expectWellFormed } from '../support/well-formed.js';
import { eventually, useApps, type RunningApp } from './start-app.js';

@Injectable()
class Subject {
  /** Instances whose `count` ran, each time it did. */
  readonly counted: string[] = [];

  constructor(private readonly gates: Gates) {}

  @Activity()
  async held(gate: string): Promise<string> {
    this.counted.push(gate);
    await this.gates.pass(gate);
    return gate;
  }

  @Activity()
  count(instanceId: string): void {
    this.counted.push(instanceId);
  }

  @Orchestrator()
  *counts(ctx: OrchestrationContext, times: number): Orchestration<number> {
    for (let index = 0; index < times; index += 1) yield* ctx.callActivity('count', ctx.instanceId);
    return times;
  }

  @Orchestrator()
  *collects(ctx: OrchestrationContext, count: number): Orchestration<unknown[]> {
    const data: unknown[] = [];
    while (data.length < count) data.push(yield* ctx.waitForExternalEvent('item'));
    return data;
  }

  /** An activity, a timer, a child and an event, one after the other. */
  @Orchestrator()
  *journey(ctx: OrchestrationContext, gate: string): Orchestration<unknown[]> {
    const held = yield* ctx.callActivity('held', gate);
    yield* ctx.createTimer(50);
    const child = yield* ctx.callSubOrchestrator('counts', 1);
    return [held, child, yield* ctx.waitForExternalEvent('end')];
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const SILENCE = 'cannot be reached or refuses writes';

describe('a MySQL server', () => {
  let server: MysqlServer;
  let databases = 0;
  const startAppOn = useApps();

  beforeAll(async () => {
    server = await startMysql();
  });

  afterAll(() => server?.stop());

  beforeEach(() => LOG_LINES.clear());

  /** Options of a new database; the server has to be up. */
  const newStorage = async (): Promise<NonNullable<DurableModuleOptions['storage']>> => {
    const { hostname, port, username, password } = new URL(server.url);
    const database = `outage_${(databases += 1)}`;
    const connection = await createConnection(server.url);
    await connection.query(`CREATE DATABASE ${database}`);
    await connection.end();
    return { type: 'mysql', host: hostname, port: Number(port), username, password, database };
  };

  const start = async (options: Partial<DurableModuleOptions> = {}, gates = new Gates()): Promise<RunningApp> =>
    startAppOn({ storage: await newStorage(), ...options }, { providers: [Subject], gates });

  const expectNoPassword = (...texts: string[]): void => {
    for (const text of texts) expect(text).not.toContain(new URL(server.url).password);
  };

  describe('that is down at start', () => {
    it('fails the start after the connect time-out with a message that says where it should be, without the password', async () => {
      const storage = await newStorage();
      const { port } = new URL(server.url);
      await server.kill();
      const error = await startAppOn({ storage }).catch((reason: unknown) => reason as Error);
      await server.restart();
      expect(error).toBeInstanceOf(Error);
      const { message, stack } = error as Error;
      expect(message).toContain(`Cannot reach the database 127.0.0.1:${port}/outage_${databases}: connect ECONNREFUSED`);
      expectNoPassword(message, String(stack), ...LOG_LINES.about('').map(({ text }) => text));
    });

    it('is waited for: the application starts when it comes up within the time-out', async () => {
      const storage = await newStorage();
      await server.kill();
      const starting = startAppOn({ storage }, { providers: [Subject] });
      await eventually(() => LOG_LINES.about(SILENCE).length > 0);
      await server.restart();
      const { client } = await starting;
      expect(await client.waitForCompletion(await client.startNew('counts', { input: 2 }))).toMatchObject({ output: 2 });
      expect(LOG_LINES.about(SILENCE)).toEqual([{ level: 'warn', text: expect.stringContaining('trying again') }]);
      expect(LOG_LINES.about('reachable again')).not.toEqual([]);
    });
  });

  describe('that goes away and comes back', () => {
    // A lease of 500 ms ends while the server is away.
    it.each([15_000, 500])('running orchestrations go on, with a lease of %i ms', async (leaseDuration) => {
      const gates = new Gates();
      const app = await start({ leaseDuration }, gates);
      const { client } = app;
      const ids = await Promise.all(numbers(10).map((index) => client.startNew('journey', { input: `gate ${index}`, instanceId: `journey ${index}` })));
      for (const index of numbers(10)) await gates.reached(`gate ${index}`);
      const ends = ids.map((id) => client.waitForCompletion(id));
      for (const index of numbers(3)) gates.open(`gate ${index}`);
      await server.kill();
      for (const index of numbers(10)) gates.open(`gate ${index}`);
      await eventually(() => LOG_LINES.about(SILENCE).length > 0);
      await server.restart();
      await Promise.all(ids.map((id) => client.raiseEvent(id, 'end', id)));
      expect((await Promise.all(ends)).map(({ output }) => output)).toEqual(ids.map((id, index) => [`gate ${index}`, 1, id]));
      for (const id of ids) expectWellFormed(id, (await client.getStatus(id, { showHistory: true }))!.history!);
      expect(LOG_LINES.about('reachable again')).not.toEqual([]);
    });

    it.each([15_000, 500])('client calls made meanwhile are neither lost nor doubled, with a lease of %i ms', async (leaseDuration) => {
      const app = await start({ leaseDuration });
      const { client } = app;
      await client.startNew('collects', { input: 40, instanceId: 'collector' });
      await server.kill();
      const calls = [
        ...numbers(40).map((item) => client.raiseEvent('collector', 'item', item)),
        ...numbers(20).map((index) => client.startNew('counts', { input: 1, instanceId: `own ${index}` })),
        ...numbers(20).map(() => client.startNew('counts', { input: 1 })),
      ];
      await eventually(() => LOG_LINES.about(SILENCE).length > 0);
      await server.restart();
      const ids = (await Promise.all(calls)).filter((id) => id !== undefined);
      expect(new Set(ids).size).toBe(40);
      for (const id of ids) expect(await client.waitForCompletion(id)).toMatchObject({ output: 1 });
      expect((await client.waitForCompletion('collector')).output).toEqual(numbers(40));
      expect(app.context.get(Subject).counted.toSorted()).toEqual(ids.toSorted());
      expect((await client.getStatusBy({ name: 'counts' })).instances).toHaveLength(40);
    });

    it('again and again under load: everything ends right, and every history is whole', async () => {
      const app = await start();
      const { client } = app;
      const { counted } = app.context.get(Subject);
      const load = numbers(60).map(async (index) => {
        const counter = await client.startNew('counts', { input: 6 });
        const collector = await client.startNew('collects', { input: 5, instanceId: `collector ${index}` });
        for (const item of numbers(5)) await client.raiseEvent(collector, 'item', item);
        return [counter, collector] as const;
      });
      for (const progress of [20, 90, 160, 240, 320]) {
        await eventually(() => counted.length >= progress);
        await server.kill();
        await server.restart();
      }
      for (const [counter, collector] of await Promise.all(load)) {
        expect(await client.waitForCompletion(counter)).toMatchObject({ output: 6 });
        expect(await client.waitForCompletion(collector)).toMatchObject({ output: numbers(5) });
        for (const id of [counter, collector]) expectWellFormed(id, (await client.getStatus(id, { showHistory: true }))!.history!);
      }
      expect((await client.getStatusBy({ pageSize: 1_000 })).instances).toHaveLength(120);
    });

    it('reads made meanwhile fail with a message without the password; waiting goes on', async () => {
      const { client } = await start();
      await client.startNew('collects', { input: 1, instanceId: 'a' });
      const end = client.waitForCompletion('a');
      await server.kill();
      const error = await client.getStatus('a').catch((reason: unknown) => reason as Error);
      expect(error).toBeInstanceOf(Error);
      expectNoPassword((error as Error).message);
      await server.restart();
      await client.raiseEvent('a', 'item', 'late');
      expect(await end).toMatchObject({ output: ['late'] });
    });

    it('an application can be stopped meanwhile; what was durable goes on in the next', async () => {
      const storage = await newStorage();
      const gates = new Gates();
      const first = await startAppOn({ storage, shutdownTimeout: 200, leaseDuration: 500 }, { providers: [Subject], gates });
      await first.client.startNew('journey', { input: 'x', instanceId: 'a' });
      await gates.reached('x');
      await server.kill();
      const lost = first.client.startNew('counts', { input: 1, instanceId: 'not durable' });
      const refused = lost.then(
        () => undefined,
        (error: unknown) => error,
      );
      gates.open('x');
      await first.close();
      expect(await refused).toBeInstanceOf(Error);
      await server.restart();
      const second = await startAppOn({ storage, leaseDuration: 500 }, { providers: [Subject], gates });
      await second.client.raiseEvent('a', 'end', 'well');
      expect(await second.client.waitForCompletion('a')).toMatchObject({ output: ['x', 1, 'well'] });
    });
  });
});

describe('a SQLite file that another process has locked for a while', () => {
  const startAppOn = useApps();

  it('running orchestrations go on, client calls are neither lost nor doubled', async () => {
    const { storage } = await createDatabase('sqlite');
    const gates = new Gates();
    const app = await startAppOn({ storage }, { providers: [Subject], gates });
    const { client } = app;
    await client.startNew('journey', { input: 'x', instanceId: 'a' });
    await client.startNew('collects', { input: 20, instanceId: 'collector' });
    await gates.reached('x');

    const other = new BetterSqlite3(storage.database);
    other.exec('BEGIN IMMEDIATE');
    gates.open('x');
    const calls = [
      ...numbers(20).map((item) => client.raiseEvent('collector', 'item', item)),
      ...numbers(10).map((index) => client.startNew('counts', { input: 1, instanceId: `own ${index}` })),
      ...numbers(10).map(() => client.startNew('counts', { input: 1 })),
    ];
    // Reads go on, so they tell that the writes had their chance.
    for (let look = 0; look < 50; look += 1) expect(await client.getStatus('own 0')).toBeNull();
    other.exec('ROLLBACK');
    other.close();

    const ids = (await Promise.all(calls)).filter((id) => id !== undefined);
    expect(new Set(ids).size).toBe(20);
    for (const id of ids) expect(await client.waitForCompletion(id)).toMatchObject({ output: 1 });
    expect((await client.waitForCompletion('collector')).output).toEqual(numbers(20));
    await client.raiseEvent('a', 'end', 'end');
    expect(await client.waitForCompletion('a')).toMatchObject({ output: ['x', 1, 'end'] });
    expect(app.context.get(Subject).counted).toHaveLength(1 + 1 + 20);
  });
});
