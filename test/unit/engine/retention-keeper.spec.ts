import { RetentionKeeper } from '../../../lib/engine/retention-keeper.js';
import type { Retention } from '../../../lib/engine/settings.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import { TransientStoreError } from '../../../lib/storage/errors.js';
import type { AgeQuery, AgeScan, InstanceAge, PurgeOutcome, PurgeTarget } from '../../../lib/storage/store.js';
import { ManualClock } from './support/manual-clock.js';
import { TestLog } from './support/test-log.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Instances by their ids, in the order of their creation. */
class FakeStore {
  readonly rows = new Map<string, InstanceAge>();
  /** Instances that scans have answered. */
  read = 0;
  scans = 0;
  readonly failures: Error[] = [];
  /** Called before a deletion. */
  meanwhile: () => void = () => undefined;

  put(instanceId: string, status: InstanceAge['status'], createdAt: number, updatedAt = createdAt): void {
    const rowVersion = (this.rows.get(instanceId)?.rowVersion ?? 0) + 1;
    this.rows.set(instanceId, { partition: 0, instanceId, executionId: `run of ${instanceId}`, rowVersion, status, createdAt, updatedAt });
  }

  scanAges({ createdFrom, createdTo, after }: AgeQuery, limit: number): Promise<AgeScan> {
    const failure = this.failures.shift();
    if (failure) return Promise.reject(failure);
    const ordered = [...this.rows.values()].sort((a, b) => a.createdAt - b.createdAt || (a.instanceId < b.instanceId ? -1 : 1));
    const isAfter = (row: InstanceAge) => !after || row.createdAt > after.createdAt || (row.createdAt === after.createdAt && row.instanceId > after.instanceId);
    const instances = ordered.filter((row) => row.createdAt >= createdFrom && row.createdAt <= createdTo && isAfter(row)).slice(0, limit);
    this.read += instances.length;
    this.scans += 1;
    return Promise.resolve({ instances, last: instances.length === limit ? instances.at(-1) : undefined });
  }

  purgeInstances(targets: readonly PurgeTarget[]): Promise<PurgeOutcome[]> {
    this.meanwhile();
    return Promise.resolve(targets.map(({ instanceId, executionId, rowVersion }) => {
      const row = this.rows.get(instanceId);
      const deleted = row !== undefined && row.executionId === executionId && row.rowVersion === rowVersion && row.status !== 'Running';
      if (deleted) this.rows.delete(instanceId);
      return { deleted, status: row?.status };
    }));
  }

  newestCreation = (): Promise<undefined> => Promise.resolve(undefined);
  scanForPurge = (): Promise<never> => Promise.reject(new Error('of no use here'));
}

/** A keeper that has started, at the engine time 0 + `since`. */
function setUp(retention: Retention, since = 10 * day) {
  const clock = new ManualClock();
  const store = new FakeStore();
  const log = new TestLog();
  const role = { isKeeper: true };
  let purged = 0;
  const keeper = new RetentionKeeper({
    store, clock, retention,
    health: new StoreHealth(log, 'Hub', () => 0),
    now: () => since + clock.monotonic(),
    isKeeper: () => role.isKeeper,
    purged: () => (purged += 1),
  });
  keeper.start();
  return { clock, store, log, role, keeper, now: since, nudges: () => purged };
}

describe('the retention', () => {
  it('purges what has been finished for long enough, by its status, and nothing else', async () => {
    const { clock, store, now, nudges } = setUp({ completed: hour, failed: 2 * hour });
    for (const status of ['Completed', 'Failed', 'Terminated', 'Running', 'Pending', 'Suspended'] as const) {
      store.put(`old ${status}`, status, now - 5 * hour);
      store.put(`ended late ${status}`, status, now - 5 * hour, now - 90 * minute);
      store.put(`new ${status}`, status, now - 30 * minute);
    }
    await clock.advance(minute);
    const gone = ['old Completed', 'old Failed', 'ended late Completed'];
    expect(store.rows.size).toBe(18 - gone.length);
    for (const id of gone) expect(store.rows.has(id)).toBe(false);
    expect(nudges()).toBe(1);
    await clock.advance(3 * hour);
    expect([...store.rows.keys()].filter((id) => /Completed|Failed/.test(id))).toEqual([]);
    expect(store.rows.size).toBe(12);
  });

  it('purges an instance soon after its time, whenever it was created and ended', async () => {
    const { clock, store, now } = setUp({ completed: hour });
    store.put('runs', 'Running', now - day);
    await clock.advance(day);
    store.put('runs', 'Completed', now - day, now + day);
    await clock.advance(55 * minute);
    expect(store.rows.has('runs')).toBe(true);
    await clock.advance(10 * minute);
    expect(store.rows.has('runs')).toBe(false);
  });

  it('leaves an instance that was rewound between the look and the deletion, until it has been kept for long enough again', async () => {
    const { clock, store, now } = setUp({ failed: hour });
    store.put('a', 'Failed', now - day);
    store.meanwhile = () => {
      store.meanwhile = () => undefined;
      store.put('a', 'Failed', now - day, now);
    };
    await clock.advance(minute);
    expect(store.rows.get('a')?.rowVersion).toBe(2);
    await clock.advance(50 * minute);
    expect(store.rows.has('a')).toBe(true);
    await clock.advance(20 * minute);
    expect(store.rows.has('a')).toBe(false);
  });

  it('does not read again what is kept for long: twenty thousand instances once, and once a day', async () => {
    const { clock, store, now } = setUp({ terminated: 7 * day }, 100 * day);
    for (let index = 0; index < 20_000; index += 1) store.put(`i${index}`, 'Completed', now - 50 * day + index);
    await clock.advance(10 * minute);
    const first = store.read;
    // A stretch begins with the last moment of the one before.
    expect(first).toBeLessThan(20_000 * 1.02);
    await clock.advance(20 * hour);
    expect(store.read).toBe(first);
    await clock.advance(5 * hour);
    expect(store.read).toBeLessThan(2 * first * 1.02);
    expect(store.read).toBeGreaterThanOrEqual(first + 20_000);
  });

  it('reads what ends at different times a few times only, however many stretches that are', async () => {
    const { clock, store, now } = setUp({ completed: 32 * hour }, 100 * day);
    // Created within a second, ended within an hour, in no order.
    for (let index = 0; index < 5_000; index += 1) store.put(`i${index}`, 'Completed', now - day + index / 5, now - day + ((index * 7_919) % 5_000) * 720);
    await clock.advance(2 * day);
    expect(store.rows.size).toBe(0);
    expect(store.read).toBeLessThan(4 * 5_000);
  });

  it('keeps instances of one moment together, however many there are', async () => {
    const { clock, store, now } = setUp({ completed: 30 * hour });
    for (let index = 0; index < 3_000; index += 1) store.put(`i${String(index).padStart(4, '0')}`, 'Completed', now - day, now - day + index);
    await clock.advance(5 * hour);
    expect(store.read).toBe(0);
    await clock.advance(3 * hour);
    expect(store.rows.size).toBe(0);
  });

  it('is kept by one worker: whoever becomes the one begins anew', async () => {
    const { clock, store, role, now } = setUp({ completed: hour });
    role.isKeeper = false;
    store.put('a', 'Completed', now - day);
    await clock.advance(day);
    expect(store.scans).toBe(0);
    role.isKeeper = true;
    await clock.advance(5 * minute);
    expect(store.rows.size).toBe(0);
    // Came to light late, while another worker was the one.
    store.put('late', 'Completed', now - day);
    role.isKeeper = false;
    await clock.advance(5 * minute);
    role.isKeeper = true;
    await clock.advance(5 * minute);
    expect(store.rows.size).toBe(0);
  });

  it('finds within a day what came to light behind its back', async () => {
    const { clock, store, now } = setUp({ completed: hour });
    await clock.advance(minute);
    store.put('late', 'Completed', now - 9 * day);
    await clock.advance(day + hour);
    expect(store.rows.size).toBe(0);
  });

  it('goes on soon after a failure, which the log tells of once', async () => {
    const { clock, store, log, now } = setUp({ completed: 30 * day }, 100 * day);
    store.put('a', 'Completed', now - 50 * day);
    store.failures.push(new TransientStoreError('away'), new TransientStoreError('away'));
    await clock.advance(2 * minute);
    expect(store.rows.size).toBe(0);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'log']);
  });

  it('ends in the middle of its work, leaving nothing scheduled and nothing in the log', async () => {
    const { clock, store, log, keeper, now } = setUp({ completed: hour });
    for (let index = 0; index < 5_000; index += 1) store.put(`i${index}`, 'Completed', now - day + index);
    await clock.advance(10_007);
    const stopped = keeper.stop();
    await clock.advance(minute);
    await stopped;
    expect(store.rows.size).toBeGreaterThan(0);
    expect(clock.waiting).toBe(0);
    expect(log.lines).toEqual([]);
  });
});
