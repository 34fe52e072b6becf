/**
 * Crowds of instances, and instances that keep a worker busy for long: memory stays bounded, and the others go on. A worker process may
 * have so many MiB of JavaScript objects, and dies with more. CHAOS_CROWD changes how many there are (100 000 take some 20 minutes),
 * CHAOS_HEAP how many MiB.
 */
import { DataSource } from 'typeorm';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.js';
import { CrowdProcess } from './crowd-process.js';
import { CrowdSeed } from './crowd-seed.js';

const CROWD = Number(process.env.CHAOS_CROWD ?? 10_000);
/** So many that the small ones beside them have time enough. */
const WIDE = Math.max(CROWD, 30_000);
const PARTITIONS = 16;
/** A process that has just started takes some 110 MiB in all, code and buffers included. */
const MAX_HEAP = Number(process.env.CHAOS_HEAP ?? 256);
const HOUR = 3_600_000;

describe.each(DATABASES)('overload on %s', (kind) => {
  let database: TestDatabase;
  let source: DataSource;
  let seed: CrowdSeed;
  const workers: CrowdProcess[] = [];

  beforeEach(async () => {
    database = await createDatabase(kind);
    seed = new CrowdSeed(database.storage, PARTITIONS);
    source = await new DataSource(database.storage).initialize();
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
    await source.destroy();
    await database.drop();
  });

  async function startWorker(settings: object = {}): Promise<CrowdProcess> {
    const worker = await CrowdProcess.start({ storage: database.storage, partitionCount: PARTITIONS, maxPollingInterval: 200, ...settings }, { maxHeap: MAX_HEAP });
    workers.push(worker);
    return worker;
  }
  const number = async (n: string): Promise<number> => Number((await source.query<{ n: number | string }[]>(`SELECT ${n}`))[0]!.n);
  const count = (rows: string): Promise<number> => number(`COUNT(*) AS n FROM ${rows}`);
  const completed = (prefix = ''): Promise<number> => count(`durable_instances WHERE status = 'Completed' AND instance_id LIKE '${prefix}%'`);
  const lastEnd = (prefix: string): Promise<number> => number(`MAX(updated_at) AS n FROM durable_instances WHERE instance_id LIKE '${prefix}%'`);
  const outputOf = async (instanceId: string): Promise<unknown> => {
    const [row] = await source.query<{ output: string | null }[]>(`SELECT output FROM durable_instances WHERE instance_id = '${instanceId}'`);
    return row?.output == null ? undefined : (JSON.parse(row.output) as unknown);
  };
  /** While the worker lives. */
  const until = (worker: CrowdProcess, holds: () => Promise<boolean>): Promise<void> => worker.outlives((async () => {
    while (!(await holds())) await new Promise(setImmediate);
  })());
  const told = (what: string, worker: CrowdProcess) => process.stderr.write(`${what} on ${kind}: ${CROWD}, at most ${worker.peak} MiB in memory\n`);

  it(`[I7] ${CROWD} instances that were started while no worker ran`, async () => {
    seed.start('steps', CROWD, 'crowd');
    await seed.write();
    const worker = await startWorker();
    await until(worker, async () => (await completed()) === CROWD);
    told('Pending instances', worker);
    expect(await worker.close()).toBe('ended');
  });

  it(`[I7] ${CROWD} instances that sleep, and are woken at the same moment`, async () => {
    seed.start('sleeps', CROWD, 'crowd', Date.now() + HOUR);
    await seed.write();
    const worker = await startWorker();
    await until(worker, async () => (await count('durable_timers')) === CROWD);
    await worker.ask({ type: 'advance', ms: 2 * HOUR });
    await until(worker, async () => (await completed()) === CROWD);
    told('Sleeping instances', worker);
    expect(await worker.close()).toBe('ended');
  });

  it(`[I7] [E1] ${CROWD} events for one instance come in their order`, async () => {
    seed.start('collects', 1, 'crowd', CROWD);
    seed.raise('crowd0', CROWD);
    await seed.write();
    const worker = await startWorker();
    await until(worker, async () => (await completed()) === 1);
    told('Events', worker);
    expect(await outputOf('crowd0')).toBe(CROWD);
    expect(await worker.close()).toBe('ended');
  });

  it('[I7] 200 MB of messages that wait in the inboxes', async () => {
    const [instances, events, size] = [40, 20, 256 * 1_024];
    seed.start('collects', instances, 'crowd', events);
    for (let index = 0; index < instances; index += 1) {
      seed.raise(`crowd${index}`, events, size);
      // A part at a time: this process has its bounds too.
      await seed.write();
    }
    const worker = await startWorker({ maxCachedInstances: 0 });
    await until(worker, async () => (await count('durable_inbox')) === 0);
    told('Large messages', worker);
  });

  it(`[I7] one that fans out to ${WIDE} activities, and one that continues as new for ever: the small ones beside them end before`, async () => {
    const small = 50;
    seed.start('fansOut', 1, 'wide', WIDE);
    seed.start('renews', 1, 'endless', 0);
    await seed.write();
    const worker = await startWorker();
    await until(worker, async () => (await count(`durable_activities_ready`)) > 0);
    seed.start('steps', small, 'small');
    await seed.write();
    await until(worker, async () => (await completed()) === small + 1);
    expect(await lastEnd('small')).toBeLessThan(await lastEnd('wide'));
    told('Activities of one orchestration', worker);
    expect(await outputOf('wide0')).toBe((WIDE * (WIDE - 1)) / 2);
    expect(await count(`durable_instances WHERE instance_id = 'endless0' AND status = 'Running'`)).toBe(1);
    expect(await worker.close()).toBe('ended');
  });
});

describe.each(DATABASES.filter((kind) => kind === 'mysql'))('an event loop that is blocked, on %s', (kind) => {
  it('[A4] for longer than the lease: another worker takes over, nothing is lost, and the blocked one comes back', async () => {
    const database = await createDatabase(kind);
    const source = await new DataSource(database.storage).initialize();
    const settings = { storage: database.storage, partitionCount: PARTITIONS, leaseDuration: 2_000, maxPollingInterval: 100 };
    const seed = new CrowdSeed(database.storage, PARTITIONS);
    const workers: CrowdProcess[] = [];
    const ownersOf = async () => new Set((await source.query<{ owner: string | null }[]>('SELECT owner FROM durable_partitions')).map(({ owner }) => owner));
    const isDone = async (count: number) => {
      const [row] = await source.query<{ n: number | string }[]>(`SELECT COUNT(*) AS n FROM durable_instances WHERE status = 'Completed'`);
      return Number(row!.n) === count;
    };
    const until = async (holds: () => Promise<boolean>) => {
      while (!(await holds())) await new Promise(setImmediate);
    };
    try {
      for (let index = 0; index < 2; index += 1) workers.push(await CrowdProcess.start(settings, { maxHeap: MAX_HEAP }));
      await until(async () => (await ownersOf()).size === 2);
      seed.start('steps', 500, 'first');
      await seed.write();
      const blocked = workers[0]!.ask({ type: 'block', ms: 8_000 });
      await until(async () => (await ownersOf()).size === 1);
      seed.start('steps', 500, 'second');
      await seed.write();
      await until(() => isDone(1_000));
      await blocked;
      await until(async () => (await ownersOf()).size === 2);
      seed.start('steps', 500, 'third');
      await seed.write();
      await until(() => isDone(1_500));
      expect(await Promise.all(workers.map((worker) => worker.close()))).toEqual(['ended', 'ended']);
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
      await source.destroy();
      await database.drop();
    }
  });
});
