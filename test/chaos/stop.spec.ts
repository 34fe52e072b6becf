/**
 * Whatever user code and the database do, an application that is closed ends within shutdownTimeout and a bounded rest, and leaves
 * nothing behind that keeps its process from ending by itself.
 */
import BetterSqlite3 from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { TcpProxy } from '../contract/support/tcp-proxy.js';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.js';
import { CrowdProcess } from './crowd-process.js';
import { CrowdSeed } from './crowd-seed.js';

const PARTITIONS = 4;
const MAX_HEAP = 256;

describe.each(DATABASES)('a process that stops, on %s', (kind) => {
  let database: TestDatabase;
  let source: DataSource;
  let proxy: TcpProxy | undefined;
  let worker: CrowdProcess | undefined;

  beforeEach(async () => {
    database = await createDatabase(kind);
    source = await new DataSource(database.storage).initialize();
  });
  afterEach(async () => {
    await worker?.kill();
    await proxy?.stop();
    await source.destroy();
    await database.drop();
    [worker, proxy] = [undefined, undefined];
  });

  /** A worker with an activity and an operation under way that do not end; on a server, it reaches that through a proxy. */
  async function startHanging(settings: object = {}): Promise<CrowdProcess> {
    const seed = new CrowdSeed(database.storage, PARTITIONS);
    seed.start('hangs', 1, 'a');
    seed.signal('stubborn', 1, 'a', 1);
    await seed.write();
    let { storage } = database;
    if (storage.type === 'mysql') {
      proxy = await TcpProxy.start(storage.host, storage.port);
      storage = { ...storage, host: '127.0.0.1', port: proxy.port };
    }
    worker = await CrowdProcess.start({ storage, partitionCount: PARTITIONS, maxPollingInterval: 100, shutdownTimeout: 300, ...settings }, { maxHeap: MAX_HEAP });
    const process = worker;
    await process.outlives((async () => {
      while (process.hanging.size < 2) await new Promise(setImmediate);
    })());
    return process;
  }
  const ownedPartitions = async () => (await source.query<unknown[]>('SELECT 1 FROM durable_partitions WHERE owner IS NOT NULL')).length;

  it('ends although an activity and an operation do not, and gives its partitions back', async () => {
    const process = await startHanging();
    expect(await ownedPartitions()).toBe(PARTITIONS);
    expect(await process.close()).toBe('ended');
    expect(await ownedPartitions()).toBe(0);
  });

  it('is asked again and again to close while it does', async () => {
    const process = await startHanging();
    const closed = process.close();
    expect(await Promise.all([closed, process.close(), process.close()])).toEqual(['ended', 'ended', 'ended']);
    expect(await ownedPartitions()).toBe(0);
  });

  it('gets a second signal while it stops of the first: it still stops in order', async () => {
    const process = await startHanging();
    // Nest ends the process by one of them, when the application is closed: which came first is not known.
    expect(await process.signal('SIGTERM', 'SIGINT')).toMatch(/^ended with SIG(TERM|INT)$/);
    expect(await ownedPartitions()).toBe(0);
  });

  it('stops while the database is away', async () => {
    const process = await startHanging();
    const back = await takeAway();
    expect(await process.close()).toBe('ended');
    back();
  });

  if (kind === 'mysql') {
    it('stops while the network is silent', async () => {
      const process = await startHanging();
      const { resume } = proxy!.stall();
      expect(await process.close()).toBe('ended');
      resume();
    });
  }

  /** The server refuses connections, or the file is locked by another process. Answers how to end that. */
  async function takeAway(): Promise<() => void> {
    const { storage } = database;
    if (storage.type === 'mysql') {
      await proxy!.stop();
      return () => undefined;
    }
    const other = new BetterSqlite3(storage.database);
    other.exec('BEGIN IMMEDIATE');
    return () => other.close();
  }
});
