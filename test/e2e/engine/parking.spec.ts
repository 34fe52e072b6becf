/** Instances and entities whose handler no live worker has: they wait for one [Y6]. Each application here stands for a process. */
import { Injectable } from '@nestjs/common';
import { EntityId, Orchestrator, type DurableClient, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { Diary } from '../support/diary.js';
import { LOG_LINES } from '../support/log-lines.js';
import { eventually, useApps } from './start-app.js';

@Injectable()
class Present {
  @Orchestrator()
  returns(_ctx: OrchestrationContext, input: unknown): unknown {
    return input;
  }

  @Orchestrator()
  *callsAbsent(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator('collects', 0, { version: '2', instanceId: `child of ${ctx.instanceId}` });
  }
}

@Injectable()
class Absent {
  @Orchestrator()
  *collects(ctx: OrchestrationContext, count: number): Orchestration<unknown[]> {
    const items: unknown[] = [];
    while (items.length < count) items.push(yield* ctx.waitForExternalEvent('item'));
    return items;
  }

  @Orchestrator({ name: 'collects', version: '2' })
  second(): string {
    return 'collected by version 2';
  }
}

describe.each(DATABASES)('instances whose orchestrator no live worker has, on %s', (kind) => {
  const startApp = useApps();
  let database: TestDatabase;

  beforeEach(async () => {
    LOG_LINES.clear();
    database = await createDatabase(kind);
  });

  const start = (...providers: (new () => unknown)[]) => startApp({ storage: database.storage }, { providers });
  const is = (client: DurableClient, id: string, status: string) => eventually(async () => (await client.getStatus(id))?.runtimeStatus === status);
  const itemsOf = async (client: DurableClient, id: string) =>
    (await client.getStatus(id, { showHistory: true, showHistoryOutput: true }))!.history!.flatMap(({ eventType, input }) => (eventType === 'EventRaised' ? [input] : []));

  /** Instances of `collects`, which have begun, in a process that has gone. */
  const leave = async (...ids: string[]): Promise<void> => {
    const app = await start(Present, Absent);
    const { client } = app;
    for (const instanceId of ids) await client.startNew('collects', { instanceId, input: 3 });
    for (const id of ids) await is(client, id, 'Running');
    await app.close();
  };

  it('[Y6] wait, while others run, until a worker comes that has it; what came meanwhile is there, in its order', async () => {
    await leave('a');
    const app = await start(Present);
    const { client } = app;
    await client.raiseEvent('a', 'item', 1);
    await client.raiseEvent('a', 'item', 2);
    await eventually(async () => (await itemsOf(client, 'a')).length === 2);
    expect((await client.waitForCompletion(await client.startNew('returns', { input: 1 }))).output).toBe(1);
    expect(await client.getStatus('a')).toMatchObject({ runtimeStatus: 'Running' });
    await expect(client.startNew('collects')).rejects.toMatchObject({ name: 'UnknownHandlerError' });
    await app.close();

    const next = await start(Present, Absent);
    await next.client.raiseEvent('a', 'item', 3);
    expect((await next.client.waitForCompletion('a')).output).toEqual([1, 2, 3]);
    expect(next.client.getHealth().parked).toEqual([]);
  });

  it('[Y6] are logged once for each orchestrator and partition, with what to do, and counted in health', async () => {
    const ids = ['a', 'b', 'c'];
    await leave(...ids);
    const { client } = await start(Present);
    for (const item of [1, 2]) for (const id of ids) await client.raiseEvent(id, 'item', item);
    for (const id of ids) await eventually(async () => (await itemsOf(client, id)).length === 2);
    // What is committed shows in the database a moment before this process takes notice of it.
    await eventually(() => client.getHealth().parked[0]?.instances === 3);
    expect(client.getHealth().parked).toEqual([{ kind: 'orchestrator', name: 'collects', instances: 3 }]);
    await client.terminate('b');
    await client.waitForCompletion('b');
    await eventually(() => client.getHealth().parked[0]?.instances === 2);
    await eventually(() => LOG_LINES.about("has the orchestrator 'collects'").length > 0);
    const lines = LOG_LINES.about("has the orchestrator 'collects'");
    const partitions = lines.map(({ text }) => /in partition (\d+)/.exec(text)![1]);
    expect(lines[0]).toEqual({ level: 'warn', text: expect.stringMatching(/^Instance '[abc]' waits: .* Start a worker that has it, or terminate the instances\.$/) as string });
    expect(new Set(partitions).size).toBe(lines.length);
  });

  it('[Y6] [K6] [K7] can be suspended, resumed and terminated meanwhile', async () => {
    await leave('a', 'b');
    const app = await start(Present);
    const { client } = app;
    await client.suspend('a', 'a break');
    await is(client, 'a', 'Suspended');
    await client.raiseEvent('a', 'item', 1);
    await client.resume('a');
    await is(client, 'a', 'Running');
    await client.suspend('a');
    await is(client, 'a', 'Suspended');
    await client.terminate('b', 'enough');
    expect(await client.waitForCompletion('b')).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
    await app.close();

    const next = await start(Present, Absent);
    for (const item of [2, 3]) await next.client.raiseEvent('a', 'item', item);
    await eventually(async () => (await itemsOf(next.client, 'a')).length === 3);
    expect(await next.client.getStatus('a')).toMatchObject({ runtimeStatus: 'Suspended' });
    await next.client.resume('a');
    expect((await next.client.waitForCompletion('a')).output).toEqual([1, 2, 3]);
  });

  it('[Y5] [Y6] a sub-orchestration whose version nobody has waits as Pending, and answers its caller in the end', async () => {
    const app = await start(Present);
    const { client } = app;
    await client.startNew('callsAbsent', { instanceId: 'a' });
    await is(client, 'child of a', 'Pending');
    await eventually(() => client.getHealth().parked.length > 0);
    expect(client.getHealth().parked).toEqual([{ kind: 'orchestrator', name: 'collects', version: '2', instances: 1 }]);
    await app.close();
    const next = await start(Present, Absent);
    expect((await next.client.waitForCompletion('a')).output).toBe('collected by version 2');
    expect(await next.client.getStatus('child of a')).toMatchObject({ version: '2' });
  });
});

describe.each(DATABASES)('entities that no live worker has, on %s', (kind) => {
  const startApp = useApps();
  let database: TestDatabase;

  beforeEach(async () => {
    LOG_LINES.clear();
    database = await createDatabase(kind);
  });

  const start = (...providers: (new () => unknown)[]) => startApp({ storage: database.storage }, { providers });
  const [ada, bob] = [new EntityId('diary', 'Ada'), new EntityId('diary', 'Bob')];
  const parked = (client: DurableClient) => client.getHealth().parked;
  const entriesOf = async (client: DurableClient, id: EntityId) => (await client.readEntityState<unknown[]>(id)).entityState;
  const has = (client: DurableClient, id: EntityId, entries: readonly unknown[]) =>
    eventually(async () => JSON.stringify(await entriesOf(client, id)) === JSON.stringify(entries));

  it('[Y6] keep what is sent to them until a worker comes that has them, and carry it out in its order; others go on meanwhile', async () => {
    const app = await start(Present);
    const { client } = app;
    for (const entry of [1, 2, 3]) await client.entity(Diary, 'Ada').signal.write(entry);
    await client.signalEntity(bob, 'write', 'mine');
    await eventually(() => parked(client)[0]?.instances === 2);
    expect((await client.waitForCompletion(await client.startNew('returns', { input: 1 }))).output).toBe(1);
    expect(await client.readEntityState(ada)).toEqual({ entityExists: false });
    await app.close();

    const next = await start(Present, Diary);
    await next.client.entity(Diary, 'Ada').signal.write(4);
    await has(next.client, ada, [1, 2, 3, 4]);
    await has(next.client, bob, ['mine']);
    await eventually(() => parked(next.client).length === 0);
  });

  it('[Y6] are logged once for each name and partition, with what to do, and counted in health', async () => {
    const { client } = await start(Present);
    const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);
    for (const round of [1, 2]) for (const key of keys) await client.entity(Diary, key).signal.write(round);
    await eventually(() => parked(client)[0]?.instances === keys.length);
    expect(parked(client)).toEqual([{ kind: 'entity', name: 'diary', instances: keys.length }]);
    const linesAbout = () => LOG_LINES.about("has the entity 'diary'");
    await eventually(() => linesAbout().length > 0);
    const partitions = linesAbout().map(({ text }) => /in partition (\d+)/.exec(text)![1]);
    expect(linesAbout()[0]).toEqual({
      level: 'warn', text: expect.stringMatching(/^Entity '@diary@key \d+' waits: .* Start a worker that has it: what was sent to them is kept until then\.$/) as string,
    });
    expect(new Set(partitions).size).toBe(partitions.length);
  });
});
