import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { StorageOptions } from '../../../lib/storage/index.js';
import { TransientStoreError } from '../../../lib/storage/errors.js';
import { idIn, inserted, newRow } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';

export function sqliteCases(fixture: StoreFixture): void {
  it('one process at a time may be the worker of a hub', async () => {
    const [first, second] = [await fixture.openStore(), await fixture.openStore()];
    expect(first.capabilities.singleWorker).toBe(true);
    expect(await first.capabilities.tryLockWorker!()).toBe(true);
    expect(await first.capabilities.tryLockWorker!()).toBe(true);
    expect(await second.capabilities.tryLockWorker!()).toBe(false);
    await first.capabilities.unlockWorker!();
    expect(await second.capabilities.tryLockWorker!()).toBe(true);
    expect(await first.capabilities.tryLockWorker!()).toBe(false);
  });

  it('a store that is closed gives its lock back', async () => {
    const [first, second] = [await fixture.openStore(), await fixture.openStore()];
    await first.capabilities.tryLockWorker!();
    await first.close();
    expect(await second.capabilities.tryLockWorker!()).toBe(true);
  });

  it('a worker that is killed loses its lock at once', async () => {
    const store = fixture.newStore();
    const { hubId } = await store.open({ name: fixture.hub, partitionCount: 4 });
    const file = `${String(fixture.storage.database)}.worker-lock-${hubId}`;
    const holder = `new (require('better-sqlite3'))(${JSON.stringify(file)}).exec('BEGIN EXCLUSIVE'); console.log('held'); setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ['-e', holder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const taken = await store.capabilities.tryLockWorker!();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect([taken, await store.capabilities.tryLockWorker!()]).toEqual([false, true]);
  });

  it('each hub of a file has a worker of its own', async () => {
    const hubs = await Promise.all(['One', 'Two'].map((name) => fixture.openStore({ hub: fixture.hub + name })));
    for (const hub of hubs) expect(await hub.capabilities.tryLockWorker!()).toBe(true);
  });

  it('the hubs of one process share a connection, which the last of them closes', async () => {
    let opened = 0;
    const storage = { ...fixture.storage, database: `${String(fixture.storage.database)}-shared`, prepareDatabase: () => void (opened += 1) } as StorageOptions;
    const [one, two] = await Promise.all(['One', 'Two'].map((hub) => fixture.openStore({ hub, storage })));
    expect(opened).toBe(1);
    await one!.close();
    await one!.close();
    expect(await two!.queryInstances({ limit: 1 })).toEqual([]);
    await two!.close();
    await fixture.openStore({ hub: 'One', storage });
    expect(opened).toBe(2);
  });

  it('transactions of one store do not mix', async () => {
    const owner = await fixture.startProcess({ partitions: [0, 1] });
    const [kept, refused] = [newRow(idIn(0)), newRow(idIn(1))];
    const batches = [
      owner.store.commit({ checkpoints: [inserted(kept)], fences: [owner.nextFence(0)] }),
      owner.store.commit({ checkpoints: [inserted(refused)], fences: [{ ...owner.nextFence(1), epoch: 9 }] }),
      owner.store.queryInstances({ limit: 10 }),
    ];
    expect((await Promise.allSettled(batches)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await owner.store.queryInstances({ limit: 10 })).toEqual([kept]);
  });

  it('connections that write to one file at the same time wait for each other', async () => {
    // By another name the file is not known for the same: so it has a connection for each process here, too.
    const another = (name: number) => {
      const folder = join(mkdtempSync(join(process.env.DURABLE_TEST_DIRECTORY!, 'link-')), String(name));
      symlinkSync(dirname(String(fixture.storage.database)), folder);
      return { ...fixture.storage, database: join(folder, basename(String(fixture.storage.database))) } as StorageOptions;
    };
    const processes = await Promise.all([0, 1, 2, 3].map((partition) => fixture.startProcess({ partitions: [partition], storage: another(partition) })));
    const rows = processes.map((_, partition) => newRow(idIn(partition)));
    await Promise.all(processes.map((process, index) => process.commit(inserted(rows[index]!))));
    expect(await processes[0]!.store.getInstances(rows)).toEqual(rows);
  });

  it('a database in memory works, and has its worker', async () => {
    const owner = await fixture.startProcess({ storage: { type: 'better-sqlite3', database: ':memory:' }, partitions: [0] });
    const row = newRow(idIn(0));
    await owner.commit(inserted(row));
    expect(await owner.row(row)).toEqual(row);
    expect(await owner.store.capabilities.tryLockWorker!()).toBe(true);
  });

  it('a file that cannot be opened is named', async () => {
    const database = mkdtempSync(join(process.env.DURABLE_TEST_DIRECTORY!, 'folder-'));
    const error: unknown = await fixture.openStore({ storage: { type: 'better-sqlite3', database } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientStoreError);
    expect(error).toMatchObject({ message: expect.stringContaining(`'${database}' cannot be opened`) });
  });
}
