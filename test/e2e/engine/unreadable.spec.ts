/** Rows that were damaged: each breaks only what it belongs to, with an error that names it. */
import { Injectable } from '@nestjs/common';
import { Activity, Entity, EntityId, Orchestrator, TaskFailedError, type EntityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DataSource } from 'typeorm';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { Gates } from '../support/gates.js';
import { LOG_LINES } from '../support/log-lines.js';
import { eventually, useApps, type RunningApp } from './start-app.js';

@Injectable()
class Handlers {
  constructor(private readonly gates: Gates) {}

  @Orchestrator()
  *collects(ctx: OrchestrationContext, count: number): Orchestration<unknown[]> {
    const items: unknown[] = [];
    while (items.length < count) items.push(yield* ctx.waitForExternalEvent('item'));
    return items;
  }

  @Orchestrator()
  *echoes(ctx: OrchestrationContext, input: unknown): Orchestration<unknown> {
    return yield* ctx.callActivity('echo', input);
  }

  @Orchestrator()
  *parent(ctx: OrchestrationContext): Orchestration<unknown> {
    try {
      return yield* ctx.callSubOrchestrator('collects', 1, { instanceId: `child of ${ctx.instanceId}` });
    } catch (error) {
      return error instanceof TaskFailedError ? error.failureDetails.errorType : error;
    }
  }

  @Orchestrator()
  *adds(ctx: OrchestrationContext, key: string): Orchestration<unknown> {
    try {
      return yield* ctx.callEntity(new EntityId('counter', key), 'add');
    } catch (error) {
      return error instanceof TaskFailedError ? error.failureDetails.errorMessage : error;
    }
  }

  @Activity()
  async echo(input: unknown): Promise<unknown> {
    await this.gates.pass('echo');
    return input;
  }

  @Entity()
  counter(ctx: EntityContext<number>): void {
    if (ctx.operationName === 'reset') return ctx.setState(0);
    ctx.setState(ctx.getState(() => 0) + 1);
    return ctx.return(ctx.getState(() => 0));
  }
}

const NOT_JSON = '{"cut off';

describe.each(DATABASES)('damaged rows on %s', (kind) => {
  const startApp = useApps();
  let database: TestDatabase;
  let source: DataSource;
  let gates: Gates;

  beforeEach(async () => {
    LOG_LINES.clear();
    gates = new Gates();
    database = await createDatabase(kind);
    source = new DataSource(database.storage);
  });
  afterEach(() => source.isInitialized && source.destroy());

  // All in one partition: what is damaged is read together with what is not.
  const start = () => {
    const settings = { partitionCount: 1, maxDispatchCount: 2, maxConcurrentActivityFunctions: 1 };
    return startApp({ storage: database.storage, ...settings }, { providers: [Handlers], gates });
  };
  const textsOf = (level: string, part: string) => LOG_LINES.about(part).filter((line) => line.level === level).map(({ text }) => text);
  const sql = async (statement: string, ...values: unknown[]) => {
    if (!source.isInitialized) await source.initialize();
    return source.query<Record<string, unknown>[]>(statement, values);
  };
  const executionOf = async (id: string) => String((await sql('SELECT execution_id FROM durable_instances WHERE instance_id = ?', id))[0]!.execution_id);
  const says = (text: string) => expect.stringContaining(text) as string;
  const failed = (errorMessage: string) => ({
    runtimeStatus: 'Failed',
    failureDetails: { errorType: 'UnreadableDataError', isNonRetriable: true, errorMessage: says(errorMessage) },
  });

  /** Instances that have taken up an event each, in a process that has gone. */
  const leave = async (...ids: string[]): Promise<void> => {
    const app = await start();
    for (const instanceId of ids) {
      await app.client.startNew('collects', { instanceId, input: 2 });
      // So that the event has a row of its own.
      await eventually(async () => (await app.client.getStatus(instanceId))!.runtimeStatus === 'Running');
      await app.client.raiseEvent(instanceId, 'item', 1);
    }
    for (const id of ids) await recorded(app, id);
    await app.close();
  };
  const recorded = (app: RunningApp, id: string) =>
    eventually(async () => (await app.client.getStatus(id, { showHistory: true }))!.history!.some(({ eventType }) => eventType === 'EventRaised'));
  /** The last event comes, for all of them at the same time. */
  const goOn = async (...ids: string[]): Promise<RunningApp> => {
    const app = await start();
    await Promise.all(ids.map((id) => app.client.raiseEvent(id, 'item', 2)));
    return app;
  };

  /** Of all rows but the first. */
  const setBody = (executionId: string, body: unknown) =>
    sql('UPDATE durable_history SET body = ? WHERE execution_id = ? AND sequence_no > 0', body, executionId);

  type Damage = readonly [what: string, reason: string, damage: (executionId: string) => Promise<unknown>];
  const DAMAGES: readonly Damage[] = [
    ['is no JSON', 'is no JSON', (id) => setBody(id, NOT_JSON)],
    ['holds an event of no known type', 'is not a list of events', (id) => setBody(id, '[{"type":"Dreamt"}]')],
    ['has lost its first row', 'do not follow each other', (id) => sql('DELETE FROM durable_history WHERE execution_id = ? AND sequence_no = 0', id)],
    ['has lost its last row', 'events, and should have', (id) => sql('DELETE FROM durable_history WHERE execution_id = ? AND sequence_no > 0', id)],
    ['has lost events of a row', 'events instead of', (id) => setBody(id, '[]')],
    ['has a format that there never was', 'has format 0, which is none', (id) => sql('UPDATE durable_history SET format = 0 WHERE execution_id = ?', id)],
  ];

  it.each(DAMAGES)('a history that %s fails its instance, and the others of its load go on', async (_what, reason, damage) => {
    const ids = ['good-1', 'bad', 'good-2'];
    await leave(...ids);
    await damage(await executionOf('bad'));
    const { client } = await goOn(...ids);
    expect(await client.waitForCompletion('bad')).toMatchObject(failed(reason));
    expect((await client.getStatus('bad'))!.failureDetails!.errorMessage).toContain("The history of instance 'bad' cannot be read");
    for (const id of ['good-1', 'good-2']) expect((await client.waitForCompletion(id)).output).toEqual([1, 2]);
    // Like any other that failed, it can be purged.
    expect(await client.purgeInstanceHistory('bad')).toEqual({ instancesDeleted: 1 });
  });

  it('[K8] an instance whose history was repaired goes on where it was, by a rewind; before that a rewind fails again', async () => {
    await leave('a');
    const executionId = await executionOf('a');
    const [row] = await sql('SELECT sequence_no, body FROM durable_history WHERE execution_id = ? AND sequence_no > 0', executionId);
    await setBody(executionId, NOT_JSON);
    const { client } = await goOn('a');
    expect(await client.waitForCompletion('a')).toMatchObject(failed('is no JSON'));
    await expect(client.getStatus('a', { showHistory: true })).rejects.toMatchObject({ name: 'UnreadableDataError', message: says("instance 'a'") });
    await client.rewind('a', 'too early');
    expect(await client.waitForCompletion('a')).toMatchObject(failed('is no JSON'));
    await sql('UPDATE durable_history SET body = ? WHERE execution_id = ? AND sequence_no = ?', row!.body, executionId, row!.sequence_no);
    await client.rewind('a', 'repaired');
    // The event that came when it could not be read is in its history.
    expect((await client.waitForCompletion('a')).output).toEqual([1, 2]);
  });

  it('[S2] a sub-orchestration that cannot be read fails its call', async () => {
    const app = await start();
    await app.client.startNew('parent', { instanceId: 'a' });
    await eventually(async () => (await app.client.getStatus('child of a')) !== null);
    await app.close();
    await sql('UPDATE durable_history SET body = ? WHERE execution_id = ?', NOT_JSON, await executionOf('child of a'));
    const { client } = await goOn('child of a');
    expect((await client.waitForCompletion('a')).output).toBe('UnreadableDataError');
  });

  it('a history of a newer format waits for a newer version, is said in the log and in health, and does not fail', async () => {
    const ids = ['good', 'newer'];
    await leave(...ids);
    const executionId = await executionOf('newer');
    await sql('UPDATE durable_history SET format = 2 WHERE execution_id = ?', executionId);
    const { client } = await goOn(...ids);
    expect((await client.waitForCompletion('good')).output).toEqual([1, 2]);
    const problems = () => client.getHealth().problems.filter(({ kind: of }) => of === 'blocked');
    await eventually(() => problems().length === 1);
    expect(JSON.stringify(problems())).toContain('has format 2');
    expect(textsOf('warn', "Instance 'newer' waits")).toHaveLength(1);
    expect(await client.getStatus('newer')).toMatchObject({ runtimeStatus: 'Running' });
    // As if by the newer version: what came meanwhile is there.
    await sql('UPDATE durable_history SET format = 1 WHERE execution_id = ?', executionId);
    expect((await client.waitForCompletion('newer')).output).toEqual([1, 2]);
    expect(problems()).toEqual([]);
  });

  it('a row of an instance fails it; reading it is refused by name, and lists tell of it beside the others', async () => {
    const ids = ['bad', 'good'];
    await leave(...ids);
    await sql('UPDATE durable_instances SET tags = ? WHERE instance_id = ?', NOT_JSON, 'bad');
    const { client } = await goOn(...ids);
    expect((await client.waitForCompletion('good')).output).toEqual([1, 2]);
    await expect(client.waitForCompletion('bad')).rejects.toMatchObject({ name: 'UnreadableDataError', message: says("instance 'bad'") });
    await expect(client.getStatus('bad')).rejects.toMatchObject({ message: says("column 'tags' is no JSON") });
    const { instances } = await client.getStatusBy({});
    expect(instances).toHaveLength(2);
    expect(instances.find(({ instanceId }) => instanceId === 'bad')).toMatchObject({ ...failed("column 'tags'"), tags: {}, unreadable: says('tags') });
    expect(instances.find(({ instanceId }) => instanceId === 'good')).not.toHaveProperty('unreadable');
  });

  it('a message fails the instance that it is for; one for nobody is said in the log', async () => {
    await leave('bad', 'good');
    for (const [key, id] of [[1, 'bad'], [2, 'nobody'], [3, '@counter@a']] as const) {
      await sql('INSERT INTO durable_inbox (hub, partition_no, msg_key, sender, instance_id, body) VALUES (1, 0, ?, 0, ?, ?)', key, id, NOT_JSON);
    }
    const { client } = await goOn('good');
    expect(await client.waitForCompletion('bad')).toMatchObject(failed("Message 1 of sender 0 for instance 'bad' in durable_inbox cannot be read: its body"));
    expect((await client.waitForCompletion('good')).output).toEqual([1, 2]);
    expect((await client.waitForCompletion(await client.startNew('adds', { input: 'a' }))).output).toBe(1);
    const said = (whose: string) => textsOf('error', `A message for ${whose} cannot be read, and was dropped`).length === 1;
    await eventually(() => said("instance 'nobody'") && said("entity '@counter@a'"));
    expect(await sql('SELECT * FROM durable_inbox')).toEqual([]);
  });

  it('an input of an activity fails that activity', async () => {
    const { client } = await start();
    for (const input of ['first', 'bad', 'good']) await client.startNew('echoes', { instanceId: input, input });
    const waiting = () => sql('SELECT instance_id FROM durable_activities_ready');
    await eventually(async () => (await waiting()).length === 2);
    await sql('UPDATE durable_activities_ready SET input = ? WHERE instance_id = ?', NOT_JSON, (await waiting())[0]!.instance_id);
    gates.open('echo');
    const ends = await Promise.all(['first', 'bad', 'good'].map((id) => client.waitForCompletion(id)));
    expect(ends.filter(({ runtimeStatus }) => runtimeStatus === 'Completed')).toHaveLength(2);
    const { failureDetails } = ends.find(({ runtimeStatus }) => runtimeStatus === 'Failed')!;
    expect(failureDetails!.innerFailure).toMatchObject({ errorType: 'UnreadableDataError', errorMessage: says("The input of activity 'echo' (task 0)") });
  });

  it('[N5] a state fails the operations that read it, until one sets it; other entities go on', async () => {
    const app = await start();
    for (const key of ['bad', 'good']) await app.client.waitForCompletion(await app.client.startNew('adds', { input: key }));
    await app.close();
    await sql('UPDATE durable_entities SET state = ? WHERE instance_id = ?', NOT_JSON, '@counter@bad');
    const { client } = await start();
    const results = await Promise.all(['bad', 'good'].map(async (input) => (await client.waitForCompletion(await client.startNew('adds', { input }))).output));
    expect(results).toEqual([expect.stringContaining("The state of entity '@counter@bad' cannot be read"), 2]);
    await expect(client.readEntityState(new EntityId('counter', 'bad'))).rejects.toMatchObject({ name: 'UnreadableDataError' });
    const { entities } = await client.listEntities({ fetchState: true });
    expect(entities).toMatchObject([{ entityId: { key: 'bad' }, unreadable: says('is no JSON') }, { entityId: { key: 'good' }, state: 2 }]);
    expect(entities[0]).not.toHaveProperty('state');
    await client.signalEntity(new EntityId('counter', 'bad'), 'reset');
    expect((await client.waitForCompletion(await client.startNew('adds', { input: 'bad' }))).output).toBe(1);
  });

  it('[L1] a lock of which nobody knows whose it is counts as given back, and that is said', async () => {
    const app = await start();
    await app.client.waitForCompletion(await app.client.startNew('adds', { input: 'a' }));
    await app.close();
    await sql('UPDATE durable_entities SET lock_holder = ? WHERE instance_id = ?', NOT_JSON, '@counter@a');
    const { client } = await start();
    expect((await client.waitForCompletion(await client.startNew('adds', { input: 'a' }))).output).toBe(2);
    expect(textsOf('error', "The lock of entity '@counter@a' cannot be read, and counts as given back")).toHaveLength(1);
    expect((await sql('SELECT lock_holder FROM durable_entities'))[0]).toEqual({ lock_holder: null });
  });
});
