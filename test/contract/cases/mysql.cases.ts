import { DataSource } from 'typeorm';
import { durableMigrations, MIGRATIONS_TABLE } from '../../../lib/storage/migrations/index.js';
import type { StorageOptions } from '../../../lib/storage/index.js';
import { FenceLostError, OutcomeUnknownError, TransientStoreError } from '../../../lib/storage/errors.js';
import { idIn, inserted, message, newRow } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import { TcpProxy } from '../support/tcp-proxy.js';

type ServerOptions = Extract<StorageOptions, { type: 'mysql' | 'mariadb' }>;

export function mysqlCases(fixture: StoreFixture): void {
  let proxy: TcpProxy;
  let through: StorageOptions;

  beforeEach(async () => {
    const { host, port } = fixture.storage as ServerOptions;
    proxy = await TcpProxy.start(host!, port!);
    through = { ...fixture.storage, host: '127.0.0.1', port: proxy.port } as StorageOptions;
  });
  afterEach(() => proxy.stop());

  const FENCE = /durable_partitions AS t .* SET t\.commit_no/s;

  it('[I2] an owner that is held between its statements is fenced when another has taken over', async () => {
    const first = await fixture.startProcess({ storage: through });
    await first.take([0], { leaseDuration: -1 });
    const row = newRow(idIn(0));
    const { held, release } = proxy.hold(FENCE);
    const commit = first.commit(inserted(row, { messages: [message(row)] }));
    await held;
    const second = await fixture.startProcess({ partitions: [0] });
    expect(second.leases.get(0)).toMatchObject({ epoch: 2, takeover: true });
    const message2 = message(row);
    const write = second.commit(inserted(newRow(idIn(0, 'second')), { messages: [message2] }));
    release();
    await expect(commit).rejects.toBeInstanceOf(FenceLostError);
    await write;
    expect(await second.row(row)).toBeUndefined();
    expect(await second.inbox(0)).toEqual([message2]);
    expect(await first.store.resolveCommit([first.nextFence(0)])).toEqual(['lost']);
  });

  it('[I2] an owner that is held before COMMIT keeps its partition until then, and others do not wait for it', async () => {
    const first = await fixture.startProcess({ storage: through });
    await first.take([0, 1], { leaseDuration: -1 });
    const row = newRow(idIn(0));
    const { held, release } = proxy.hold(/COMMIT/);
    const commit = first.commit(inserted(row));
    await held;
    const second = await fixture.startProcess();
    expect(await second.take([0, 1])).toMatchObject([{ partition: 1 }]);
    release();
    await commit;
    expect(await second.take([0])).toMatchObject([{ commitNo: 1 }]);
    expect(await second.row(row)).toEqual(row);
  });

  it.each([['after', 'committed'], ['before', 'not-committed']] as const)('[I2] a connection cut %s COMMIT leaves the outcome open: it was %s', async (when, outcome) => {
    const process = await fixture.startProcess({ storage: through, partitions: [0] });
    const row = newRow(idIn(0));
    const fence = process.nextFence(0);
    proxy.cut(when, /COMMIT/);
    await expect(process.commit(inserted(row))).rejects.toBeInstanceOf(OutcomeUnknownError);
    expect(await process.store.resolveCommit([fence])).toEqual([outcome]);
    expect(await process.row(row)).toEqual(outcome === 'committed' ? row : undefined);
  });

  it('[I2] a client\'s batch whose outcome is open has its results with it', async () => {
    const process = await fixture.startProcess({ storage: through });
    const row = newRow(idIn(0));
    proxy.cut('after', /COMMIT/);
    const error: unknown = await process.apply({ kind: 'start', row, onConflict: 'reject', message: message(row) }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ result: [{ kind: 'done' }] });
    expect(await process.store.resolveClientBatch(process.worker, 1)).toBe('committed');
  });

  it('a connection cut before COMMIT was sent wrote nothing: the same batch may be tried again', async () => {
    const process = await fixture.startProcess({ storage: through, partitions: [0] });
    const row = newRow(idIn(0));
    proxy.cut('after', FENCE);
    await expect(process.commit(inserted(row))).rejects.toBeInstanceOf(TransientStoreError);
    await process.commit(inserted(row));
    expect(await process.row(row)).toEqual(row);
  });

  it('[I7] what fits into no statement of the server is refused before it is sent, with what to do', async () => {
    const process = await fixture.startProcess({ partitions: [0] });
    const row = newRow(idIn(0));
    const [packet] = await fixture.sql<{ bytes: number | string }>('SELECT @@max_allowed_packet AS bytes');
    const input = '"'.repeat(Math.ceil(Number(packet!.bytes) / 2));
    const error: unknown = await process.commit(inserted({ ...row, input })).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(TransientStoreError);
    expect(error).toMatchObject({ message: expect.stringMatching(/max_allowed_packet.*maxPayloadBytes/) });
    await process.commit(inserted(row));
    expect(await process.row(row)).toEqual(row);
  });

  it('a migration that a long transaction keeps from its table gives up, and goes on where it stopped', async () => {
    const storage = (await fixture.emptyStorage()) as ServerOptions;
    const source = await new DataSource({ ...storage, migrations: durableMigrations.slice(0, 1), migrationsTableName: MIGRATIONS_TABLE }).initialize();
    await source.runMigrations();
    const runner = source.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT * FROM durable_instances');
    const store = fixture.newStore(storage);
    await expect(store.open({ name: fixture.hub, partitionCount: 4 })).rejects.toBeInstanceOf(TransientStoreError);
    await runner.rollbackTransaction();
    await runner.release();
    await source.destroy();
    expect(await store.open({ name: fixture.hub, partitionCount: 4 })).toEqual({ hubId: 1, partitionCount: 4 });
  });

  it('a server that is down is named, without its password', async () => {
    const { port } = proxy;
    await proxy.stop();
    const store = fixture.newStore(through);
    const { database, password } = through as ServerOptions;
    const error: unknown = await store.open({ name: fixture.hub, partitionCount: 4 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientStoreError);
    expect((error as Error).message).toContain(`127.0.0.1:${port}/${String(database)}`);
    expect((error as Error).message).not.toContain(password);
  });

}
