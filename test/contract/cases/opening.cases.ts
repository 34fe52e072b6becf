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
