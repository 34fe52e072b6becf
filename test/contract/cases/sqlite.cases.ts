import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransientStoreError } from '../../../lib/storage/errors.js';
import { idIn, inserted, newRow } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';

export function sqliteCases(fixture: StoreFixture): void {
  it('one process at a time may be the worker of a file', async () => {
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
    const store = await fixture.openStore();
    const file = `${String(fixture.storage.database)}.worker-lock`;
    const holder = `new (require('better-sqlite3'))(${JSON.stringify(file)}).exec('BEGIN EXCLUSIVE'); console.log('held'); setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ['-e', holder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(await store.capabilities.tryLockWorker!()).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await store.capabilities.tryLockWorker!()).toBe(true);
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

  it('stores that write to one file at the same time wait for each other', async () => {
    const processes = await Promise.all([0, 1, 2, 3].map((partition) => fixture.startProcess({ partitions: [partition] })));
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
    const database = mkdtempSync(join(tmpdir(), 'durable-folder-'));
    const error: unknown = await fixture.openStore({ storage: { type: 'better-sqlite3', database } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientStoreError);
    expect(error).toMatchObject({ message: expect.stringContaining(`'${database}' cannot be opened`) });
  });
}
