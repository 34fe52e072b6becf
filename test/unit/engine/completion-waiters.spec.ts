/** Waiters for finished instances: what they ask the database for, and when. */
import type { InstanceRow } from '../../../lib/storage/store.js';
import type { Cancel, Clock } from '../../../lib/engine/clock.js';
import { CompletionWaiters } from '../../../lib/engine/completion-waiters.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';

const MAX_POLLING_INTERVAL = 1_000;

/** Time that moves from one scheduled call to the next, when a test says so. */
class StepClock implements Clock {
  readonly skew = 0;
  private now = 0;
  private calls: { readonly at: number; readonly fn: () => void }[] = [];

  monotonic(): number {
    return this.now;
  }

  after(delay: number, fn: () => void): Cancel {
    const call = { at: this.now + delay, fn };
    this.calls.push(call);
    return () => (this.calls = this.calls.filter((other) => other !== call));
  }

  onSkew(): Cancel {
    return () => undefined;
  }

  /** Moves on to the next call, and until what it began has ended. */
  async step(): Promise<void> {
    const [next] = this.calls.sort((a, b) => a.at - b.at);
    if (!next) throw new Error('Nothing is scheduled.');
    this.calls.shift();
    this.now = next.at;
    next.fn();
    await settled();
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const rowOf = (instanceId: string, status: InstanceRow['status']): InstanceRow => ({
  partition: 0, instanceId, executionId: `${instanceId}-1`, name: 'fulfil', status, createdAt: 0, updatedAt: 0, historyLength: 3, rowVersion: 1,
});

describe('CompletionWaiters', () => {
  const silent = { log: jest.fn(), warn: jest.fn(), error: jest.fn(), debug: jest.fn() };
  let clock: StepClock;
  let rows: Map<string, InstanceRow>;
  let alive: Set<string>;
  let reads: (readonly string[])[];
  let waiters: CompletionWaiters;

  beforeEach(() => {
    clock = new StepClock();
    rows = new Map();
    alive = new Set();
    reads = [];
    waiters = new CompletionWaiters({
      clock,
      health: new StoreHealth(silent, 'TestHub'),
      maxPollingInterval: MAX_POLLING_INTERVAL,
      read: async (ids) => {
        reads.push(ids);
        return ids.flatMap((id) => rows.get(id) ?? []);
      },
      isAlive: (id) => alive.has(id),
    });
  });

  const start = (id: string, where: 'here' | 'elsewhere') => {
    rows.set(id, rowOf(id, 'Running'));
    if (where === 'here') alive.add(id);
  };

  it('[K5] an instance that finished earlier is found at once, and one that does not exist too', async () => {
    rows.set('a', rowOf('a', 'Failed'));
    await expect(waiters.wait('a', undefined)).resolves.toMatchObject({ status: 'Failed' });
    await expect(waiters.wait('b', undefined)).resolves.toBeUndefined();
  });

  it('[K5] the end of an instance that is alive here is told by its commit, without a read', async () => {
    start('a', 'here');
    const waiting = waiters.wait('a', undefined);
    await settled();
    waiters.finished(rowOf('a', 'Completed'));
    await expect(waiting).resolves.toMatchObject({ status: 'Completed' });
    expect(reads).toEqual([]);
  });

  it('[K5] polls for instances of other processes more often than for those that are alive here', async () => {
    start('here', 'here');
    start('elsewhere', 'elsewhere');
    void waiters.wait('here', undefined);
    void waiters.wait('elsewhere', undefined);
    await settled();
    expect(reads).toEqual([['elsewhere']]);
    while (clock.monotonic() < 2 * MAX_POLLING_INTERVAL) await clock.step();
    const readsOf = (id: string) => reads.filter((ids) => ids.includes(id)).length;
    expect(readsOf('here')).toBeGreaterThan(0);
    expect(readsOf('elsewhere')).toBeGreaterThan(2 * readsOf('here'));
  });

  it('[K5] an end that no signal told of is found by polling, wherever the instance was alive (I6)', async () => {
    start('a', 'here');
    let found: InstanceRow | undefined;
    const waiting = waiters.wait('a', undefined).then((row) => (found = row));
    rows.set('a', rowOf('a', 'Completed'));
    while (!found) await clock.step();
    await expect(waiting).resolves.toMatchObject({ status: 'Completed' });
    expect(clock.monotonic()).toBeLessThanOrEqual(MAX_POLLING_INTERVAL);
  });

  it('[K5] instances that are waited for in one turn of the event loop share a read', async () => {
    for (const id of ['a', 'b', 'c']) start(id, 'elsewhere');
    for (const id of ['a', 'b', 'c']) void waiters.wait(id, undefined);
    await settled();
    expect(reads).toEqual([['a', 'b', 'c']]);
  });

  it('[K5] a wait that times out answers with the row as it is then', async () => {
    start('a', 'here');
    const waiting = waiters.wait('a', 10);
    await clock.step();
    await expect(waiting).resolves.toMatchObject({ status: 'Running' });
  });
});
