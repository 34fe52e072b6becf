import { ChunkPace } from '../../../lib/engine/chunk-pace.js';
import { Purger } from '../../../lib/engine/purger.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import { OutcomeUnknownError, TransientStoreError } from '../../../lib/storage/errors.js';
import type { PurgeOutcome, PurgeQuery, PurgeScan, PurgeTarget } from '../../../lib/storage/store.js';
import { ManualClock, turn } from './support/manual-clock.js';
import { TestLog } from './support/test-log.js';

/** A store with so many finished instances, one for each millisecond; its calls take `duration` ms. */
class FakeStore {
  readonly left: Set<number>;
  readonly chunks: { readonly at: number; readonly size: number }[] = [];
  readonly queries: PurgeQuery[] = [];
  readonly failures: Error[] = [];
  duration = 0;

  constructor(private readonly clock: ManualClock, count: number) {
    this.left = new Set(Array.from({ length: count }, (_, time) => time));
  }

  newestCreation(): Promise<number | undefined> {
    return Promise.resolve(this.left.size === 0 ? undefined : Math.max(...this.left));
  }

  scanForPurge(query: PurgeQuery, limit: number): Promise<PurgeScan> {
    this.queries.push(query);
    const after = query.after?.createdAt ?? -1;
    const seen = [...this.left].filter((time) => time > after && time <= query.createdTo).slice(0, limit);
    const last = seen.length === limit ? { createdAt: seen.at(-1)!, instanceId: String(seen.at(-1)) } : undefined;
    return Promise.resolve({ targets: seen.map((time) => ({ partition: 0, instanceId: String(time), executionId: `run ${time}` })), last });
  }

  async purgeInstances(targets: readonly PurgeTarget[]): Promise<PurgeOutcome[]> {
    this.chunks.push({ at: this.clock.monotonic(), size: targets.length });
    if (this.duration > 0) await new Promise<void>((resolve) => this.clock.after(this.duration, resolve));
    const failure = this.failures.shift();
    if (failure instanceof TransientStoreError) throw failure;
    const outcomes = targets.map(({ instanceId }) => ({ deleted: this.left.delete(Number(instanceId)) }));
    if (failure) throw failure;
    return outcomes;
  }
}

function setUp(count: number) {
  const clock = new ManualClock();
  const store = new FakeStore(clock, count);
  let purged = 0;
  const purger = new Purger({ store, clock, health: new StoreHealth(new TestLog(), 'Hub', () => 0), purged: () => (purged += 1) });
  return { clock, store, purger, nudges: () => purged };
}

const statuses = ['Completed'] as const;

describe('a purge by filter', () => {
  it('[K4] deletes all in chunks of a bounded size, and tells the garbage collector of each', async () => {
    const { clock, store, purger, nudges } = setUp(5_000);
    const done = purger.purgeMatching({ statuses });
    await clock.advance(10_000);
    expect(await done).toBe(5_000);
    expect(store.left.size).toBe(0);
    expect(Math.max(...store.chunks.map(({ size }) => size))).toBeLessThanOrEqual(500);
    expect(nudges()).toBe(store.chunks.length);
  });

  it('[K4] rests after a chunk for as long as it took', async () => {
    const { clock, store, purger } = setUp(300);
    store.duration = 30;
    const done = purger.purgeMatching({ statuses });
    await clock.advance(1_000);
    expect(await done).toBe(300);
    expect(store.chunks).toEqual([{ at: 0, size: 100 }, { at: 60, size: 100 }, { at: 120, size: 100 }]);
  });

  it('[K4] ends with the newest instance of its beginning', async () => {
    const { clock, store, purger } = setUp(250);
    const done = purger.purgeMatching({ statuses });
    for (let time = 250; time < 600; time += 1) {
      store.left.add(time);
      if (time % 50 === 0) await clock.advance(10);
    }
    await clock.advance(1_000);
    expect(await done).toBe(250);
    expect(store.left.size).toBe(350);
    expect(new Set(store.queries.map(({ createdTo }) => createdTo))).toEqual(new Set([249]));
  });

  it('[K4] hands the filter on, and takes an earlier end from it', async () => {
    const { store, purger } = setUp(10);
    expect(await purger.purgeMatching({ statuses, name: 'ship', createdFrom: 2, createdTo: 5 })).toBe(6);
    expect(store.queries).toEqual([{ statuses, name: 'ship', createdFrom: 2, createdTo: 5, after: undefined }]);
  });

  it('[K4] deletes none where there is none', async () => {
    const { store, purger } = setUp(0);
    expect(await purger.purgeMatching({ statuses })).toBe(0);
    expect(store.queries).toEqual([]);
  });

  it('[K4] goes on when the database is back; what a lost answer had deleted is not counted', async () => {
    const { clock, store, purger } = setUp(250);
    store.failures.push(new TransientStoreError('away'), new TransientStoreError('away'), new OutcomeUnknownError('lost'));
    const done = purger.purgeMatching({ statuses });
    await clock.advance(10_000);
    expect(await done).toBe(150);
    expect(store.left.size).toBe(0);
  });

  it('[K4] fails with what will not pass', async () => {
    const { store, purger } = setUp(10);
    store.failures.push(new Error('no such table'));
    await expect(purger.purgeMatching({ statuses })).rejects.toThrow('no such table');
  });

  it('stops between two chunks when the application does', async () => {
    const { clock, purger, store } = setUp(1_000);
    const done = purger.purgeMatching({ statuses });
    done.catch(() => undefined);
    await turn();
    purger.stop();
    await clock.advance(1_000);
    await expect(done).rejects.toThrow('Call it again to go on.');
    expect(store.left.size).toBe(900);
  });
});

describe('a purge of certain instances', () => {
  it('[K4] answers what became of each, however many there are', async () => {
    const { clock, store, purger } = setUp(450);
    const targets = Array.from({ length: 460 }, (_, index) => ({ partition: 0, instanceId: String(index) }));
    const done = purger.purge(targets);
    await clock.advance(1_000);
    expect((await done).map(({ deleted }) => deleted)).toEqual(targets.map((_, index) => index < 450));
    expect(store.chunks.length).toBeGreaterThan(1);
  });
});

describe('the pace', () => {
  it('makes chunks larger while they are quick and smaller while they are slow, within bounds', async () => {
    const clock = new ManualClock();
    const pace = new ChunkPace(clock);
    const sizes: number[] = [];
    for (const took of [0, 0, 0, 0, 20, 50, 50, 50, 50, 50, 50]) {
      const chunk = pace.run((size) => {
        sizes.push(size);
        return new Promise<void>((resolve) => clock.after(took, resolve));
      });
      await clock.advance(took);
      await chunk;
      expect(pace.pause).toBe(Math.max(took, 5));
    }
    expect(sizes).toEqual([100, 200, 400, 500, 500, 500, 250, 125, 62, 31, 20]);
    expect(pace.size).toBe(20);
  });
});
