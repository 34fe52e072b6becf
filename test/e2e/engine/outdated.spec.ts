/** A process whose version may not write to its hub any more, because a newer one has opened it. */
import { Injectable } from '@nestjs/common';
import { Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DataSource } from 'typeorm';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { Gates } from '../support/gates.js';
import { LOG_LINES } from '../support/log-lines.js';
import { eventually, useApps } from './start-app.js';
import { Work } from './work.js';

@Injectable()
class Orders {
  @Orchestrator()
  *fulfil(ctx: OrchestrationContext, item: number): Orchestration<number> {
    return yield* ctx.activities(Work).work(item);
  }
}

describe.each(DATABASES)('a process that is too old for its hub, on %s', (kind) => {
  const startApp = useApps();
  let database: TestDatabase;
  let source: DataSource;

  beforeEach(async () => {
    LOG_LINES.clear();
    database = await createDatabase(kind);
    source = new DataSource(database.storage);
  });

  const sql = async <Row>(statement: string, values: unknown[] = []): Promise<Row[]> => {
    if (!source.isInitialized) await source.initialize();
    return await source.query(statement, values);
  };
  afterEach(async () => {
    if (source.isInitialized) await source.destroy();
  });

  /** As an engine of a later version leaves it. */
  const raise = (oldest: number) => sql('UPDATE durable_hubs SET schema_version = ?, oldest_schema = ?', [9, oldest]);
  const said = () => LOG_LINES.about('only versions from 9 may write to it');
  const owned = async () => Number((await sql<{ n: number }>('SELECT COUNT(*) AS n FROM durable_partitions WHERE owner IS NOT NULL'))[0]!.n);
  const settings = { leaseDuration: 1_500 };

  it('gives its partitions back, says so once, and ends the activities that it runs', async () => {
    const gates = new Gates();
    const old = await startApp({ storage: database.storage, ...settings }, { providers: [Work, Orders], gates });
    await old.client.startNew('fulfil', { instanceId: 'a', input: 1 });
    await gates.reached('work');
    await raise(9);
    await eventually(async () => (await owned()) === 0);
    expect(said().map(({ level, text }) => [level, text])).toEqual([['error', expect.stringMatching(/^Task hub 'DurableHub' was opened by a newer version .*upgrade nestjs-durable here\. It gives its partitions back/)]]);
    expect(await sql('SELECT worker FROM durable_workers')).toEqual([{ worker: 0 }]);
    gates.open('work');
    await eventually(async () => (await sql('SELECT task_id FROM durable_activities_running')).length === 0);

    // For the newer version stands one that may write again: this one stays aside all the same.
    await raise(1);
    const newer = await startApp({ storage: database.storage, ...settings }, { providers: [Work, Orders], gates });
    expect(await newer.client.waitForCompletion('a')).toMatchObject({ runtimeStatus: 'Completed', output: 1 });
    expect(newer.context.get(Work).worked).toEqual([]);
    for (const item of [2, 3, 4]) await newer.client.waitForCompletion(await newer.client.startNew('fulfil', { input: item }));
    expect(newer.context.get(Work).worked).toEqual([2, 3, 4]);
    expect(said()).toHaveLength(1);
  });

  it('answers calls that read, and refuses those that write', async () => {
    const { client } = await startApp({ storage: database.storage, ...settings }, { providers: [Work, Orders] });
    await client.startNew('waits', { instanceId: 'a' });
    await eventually(async () => (await client.getStatus('a'))!.runtimeStatus === 'Running');
    await raise(9);
    await eventually(() => said().length > 0);
    const refused = { name: 'OutdatedVersionError', taskHub: 'DurableHub' };
    const writes = [
      () => client.startNew('waits'), () => client.startNew('waits', { instanceId: 'b' }), () => client.raiseEvent('a', 'go'), () => client.suspend('a'),
      () => client.terminate('a'), () => client.purgeInstanceHistory('a'),
    ];
    for (const call of writes) await expect(call()).rejects.toMatchObject(refused);
    expect(await client.getStatus('a', { showHistory: true })).toMatchObject({ runtimeStatus: 'Running' });
    expect((await client.getStatusBy()).instances).toHaveLength(1);
    await expect(client.waitForCompletion('a', { timeout: 1 })).rejects.toMatchObject({ name: 'TaskTimeoutError' });
  });

  it('refuses calls that write also when it is client only', async () => {
    await startApp({ storage: database.storage, ...settings }, { providers: [Work, Orders] });
    const { client } = await startApp({ storage: database.storage, worker: false, ...settings });
    await raise(9);
    await eventually(() => said().length === 2);
    await expect(client.startNew('waits')).rejects.toMatchObject({ name: expect.stringMatching(/OutdatedVersionError|UnknownHandlerError/) });
    await expect(client.raiseEvent('a', 'go')).rejects.toMatchObject({ name: 'OutdatedVersionError' });
  });

  it('does not start', async () => {
    const app = await startApp({ storage: database.storage });
    await app.close();
    await raise(9);
    await expect(startApp({ storage: database.storage })).rejects.toMatchObject({ name: 'OutdatedVersionError', message: expect.stringContaining('upgrade nestjs-durable here') });
  });
});
