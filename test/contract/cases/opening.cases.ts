import { DataSource } from 'typeorm';
import { OLDEST_SCHEMA, SCHEMA_VERSION } from '../../../lib/storage/migrations/index.js';
import { INSTANCE_COLUMNS, instanceValues } from '../../../lib/storage/instance-records.js';
import type { StorageOptions } from '../../../lib/storage/index.js';
import type { DurableStore, InstanceRow } from '../../../lib/storage/store.js';
import { makeEarlierSchema } from '../../support/earlier-schema.js';
import { caller, created, entityStep, newEntity, request } from '../support/entities.js';
import { idIn, inserted, message, newRow, PARTITION_COUNT, timer } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';

export function openingCases(fixture: StoreFixture): void {
  it('several that open an empty database at once migrate it once and agree on the hub', async () => {
    const storage = await fixture.emptyStorage();
    const stores = [1, 2, 3, 4].map(() => fixture.newStore(storage));
    const infos = await Promise.all(stores.map((store) => store.open({ name: 'Shared', partitionCount: 8 })));
    expect(infos).toEqual(stores.map(() => ({ hubId: 1, partitionCount: 8 })));
    await expect(Promise.all(stores.map((store) => store.queryInstances({ limit: 1 })))).resolves.toEqual(stores.map(() => []));
  });

  it('the number of partitions is fixed with the hub', async () => {
    const store = fixture.newStore();
    const { hubId } = await store.open({ name: fixture.hub, partitionCount: 4 });
    expect(await fixture.newStore().open({ name: fixture.hub, partitionCount: 16 })).toEqual({ hubId, partitionCount: 4 });
  });

  it('hubs of one database know nothing of each other', async () => {
    const id = idIn(0);
    const rows = [newRow(id), newRow(id)];
    const processes = await Promise.all(['One', 'ONE'].map((name) => fixture.startProcess({ hub: fixture.hub + name, partitions: [0, 1, 2, 3] })));
    expect(processes.map(({ leases }) => leases.size)).toEqual([PARTITION_COUNT, PARTITION_COUNT]);
    for (const [index, process] of processes.entries()) {
      const row = rows[index]!;
      await process.commit(inserted(row, { messages: [message(row, { key: 1 })], timers: [timer(row)], readyActivities: [{ ...timer(row), name: 'charge', callId: 0, attempt: 1 }] }));
    }
    for (const [index, { store, worker }] of processes.entries()) {
      expect(await store.queryInstances({ limit: 10 })).toEqual([rows[index]]);
      expect((await store.readInbox(worker, [{ partition: 0, limit: 10 }], () => false)).messages).toHaveLength(1);
      expect(await store.readTimers(0, { limit: 10 })).toEqual([timer(rows[index]!)]);
      expect(await store.claimActivities(worker, ['charge'], 10)).toHaveLength(1);
      expect(await store.heartbeat(worker, 60_000)).toMatchObject({ workers: [worker] });
    }
  });

  it('what the application has set for its own entities does not change the tables', async () => {
    const synchronizing = { entityPrefix: 'app_', synchronize: true, dropSchema: true, migrations: [], entities: [] };
    const process = await fixture.startProcess({ partitions: [0], storage: { ...fixture.storage, ...synchronizing } });
    const row = newRow(idIn(0));
    await process.commit(inserted(row));
    expect(await (await fixture.openStore()).getInstances([row])).toEqual([row]);
  });

  it('a hub that only newer versions may write to is refused, with what to do', async () => {
    await fixture.openStore();
    await fixture.sql('UPDATE durable_hubs SET schema_version = 9, oldest_schema = 8 WHERE name = ?', [fixture.hub]);
    await expect(fixture.openStore()).rejects.toMatchObject({ name: 'OutdatedVersionError', taskHub: fixture.hub });
    await expect(fixture.openStore()).rejects.toThrow(/opened by a newer version of nestjs-durable.*only versions from 8 may write.*upgrade/);
  });

  /** A database as a process of before entities left it, or one that died while it made the tables of entities. */
  async function beforeEntities(...statements: string[]): Promise<StorageOptions> {
    const storage = await fixture.emptyStorage();
    const source = await makeEarlierSchema(storage, 2);
    const hub = `INSERT INTO durable_hubs VALUES (1, '${fixture.hub}', ${PARTITION_COUNT}, 1, 0, 2, 1)`;
    const partitions = [0, 1, 2, 3].map((partition) => `INSERT INTO durable_partitions VALUES (1, ${partition}, NULL, 0, 0, 0, 0)`);
    for (const statement of [hub, ...partitions, ...statements]) await source.query(statement);
    await source.destroy();
    return storage;
  }

  const entityId = fixture.kind === 'sqlite' ? 'TEXT' : 'VARCHAR(255) CHARACTER SET utf8mb4';
  const unfinished =
    `CREATE TABLE durable_entities (hub INT NOT NULL, partition_no INT NOT NULL, instance_id ${entityId} NOT NULL, state TEXT NULL, lock_holder TEXT NULL, ` +
    'updated_at BIGINT NOT NULL, row_version BIGINT NOT NULL, attempts INT NOT NULL, PRIMARY KEY (hub, partition_no, instance_id))';

  it.each([['from before entities', []], ['with a part of their tables', [unfinished]]])('a database %s is brought up to date', async (_what, statements) => {
    const storage = await beforeEntities(...statements);
    const process = await fixture.startProcess({ storage, partitions: [0] });
    const [entity, instance] = [newEntity(idIn(0, '@counter@a')), newRow(idIn(0))];
    await process.commit(created(entity, { queued: [request(entity, caller('e1'))] }), inserted(instance));
    await process.commit(entityStep(entity, { withdrawn: [caller('e1')] }));
    expect((await process.store.loadEntities([entity], { maxBytes: 1, queueLimit: 1 })).entities).toMatchObject([{ row: entity, queue: [] }]);
    expect(await process.store.queryEntities({ which: 'existing', name: 'counter', fetchState: true, limit: 1 })).toEqual([entity]);
    expect(await process.row(instance)).toEqual(instance);
  });

  it('[K3] instances of before the table of tags are found by theirs, also in a hub that goes on with an older version for a while', async () => {
    const storage = await fixture.emptyStorage();
    const source = await makeEarlierSchema(storage, 3);
    const insert = async (hub: number, row: InstanceRow) => {
      const marks = INSTANCE_COLUMNS.map(() => '?').join(', ');
      await source.query(`INSERT INTO durable_instances (${INSTANCE_COLUMNS.join(', ')}) VALUES (${marks})`, instanceValues(hub, row));
    };
    for (const [hub, name] of ['first', 'second'].entries()) {
      await source.query(
        'INSERT INTO durable_hubs (hub, name, partition_count, created_at, last_worker_id, schema_version, oldest_schema) VALUES (?, ?, 4, 0, 0, 3, 3)',
        [hub + 1, name],
      );
    }
    const rows = Array.from({ length: 1_200 }, (_, index) =>
      newRow(`tagged-${index}`, { createdAt: index, ...(index % 3 === 0 ? {} : { tags: { lot: String(index % 3), number: String(index) } }) }));
    for (const row of rows) await insert(1, row);
    await source.query('UPDATE durable_instances SET tags = \'{"lot\' WHERE instance_id = ?', ['tagged-1']);
    const idsOf = async (store: DurableStore, tags: Record<string, string>) => (await store.queryInstances({ limit: 1_000, tags })).map(({ instanceId }) => instanceId);
    const first = await fixture.openStore({ storage, hub: 'first' });
    expect(await idsOf(first, { lot: '2' })).toEqual(rows.filter((_, index) => index % 3 === 2).map(({ instanceId }) => instanceId));
    expect(await idsOf(first, { number: '1000', lot: '1' })).toEqual(['tagged-1000']);
    expect(await idsOf(first, { number: '1' })).toEqual([]);
    await insert(2, newRow('later', { tags: { lot: '2' } }));
    await source.destroy();
    expect(await idsOf(await fixture.openStore({ storage, hub: 'second' }), { lot: '2' })).toEqual(['later']);
  });

  it('[N4] processes of before entities, which would lose messages for them, may no longer write to a hub that this version has opened', async () => {
    const storage = await beforeEntities();
    await (await fixture.openStore({ storage })).close();
    const source = await new DataSource(storage).initialize();
    const hubs = await source.query<unknown[]>('SELECT schema_version, oldest_schema FROM durable_hubs');
    await source.destroy();
    expect(hubs).toEqual([{ schema_version: SCHEMA_VERSION, oldest_schema: OLDEST_SCHEMA }]);
  });

  it('what is committed is there after the store was closed and opened again', async () => {
    const process = await fixture.startProcess({ partitions: [0] });
    const row = newRow(idIn(0));
    await process.commit(inserted(row));
    await process.store.close();
    await process.store.close();
    const store = await fixture.openStore();
    expect(await store.getInstances([row])).toEqual([row]);
  });
}
