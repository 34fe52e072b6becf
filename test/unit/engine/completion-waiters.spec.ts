/** Waiters for finished instances: what they ask the database for, and when. */
import type { InstanceRow } from '../../../lib/storage/store.js';
import { CompletionWaiters } from '../../../lib/engine/completion-waiters.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import { ManualClock, turn } from './support/manual-clock.js';
import { TestLog } from './support/test-log.js';

const MAX_POLLING_INTERVAL = 1_000;

const rowOf = (instanceId: string, status: InstanceRow['status']): InstanceRow => ({
  partition: 0, instanceId, executionId: `${instanceId}-1`, name: 'fulfil', status, createdAt: 0, updatedAt: 0, historyLength: 3, rowVersion: 1,
});

describe('CompletionWaiters', () => {
  let clock: ManualClock;
  let rows: Map<string, InstanceRow>;
  let alive: Set<string>;
  let reads: (readonly string[])[];
  let waiters: CompletionWaiters;

  beforeEach(() => {
    clock = new ManualClock();
    rows = new Map();
    alive = new Set();
    reads = [];
    waiters = new CompletionWaiters({
      clock,
      health: new StoreHealth(new TestLog(), 'TestHub', () => 0),
      maxPollingInterval: MAX_POLLING_INTERVAL,
      read: async (ids) => {
        reads.push(ids);
        return ids.flatMap((id) => rows.get(id) ?? []);
      },
      isInMemory: (id) => alive.has(id),
    });
  });

  afterEach(() => waiters.stop());

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
    await turn();
    waiters.finished(rowOf('a', 'Completed'));
    await expect(waiting).resolves.toMatchObject({ status: 'Completed' });
    expect(reads).toEqual([]);
  });

  it('[K5] polls for instances of other processes more often than for those that are alive here', async () => {
    start('here', 'here');
    start('elsewhere', 'elsewhere');
    for (const id of ['here', 'elsewhere']) void waiters.wait(id, undefined).catch(() => undefined);
    await turn();
    expect(reads).toEqual([['elsewhere']]);
    await clock.advance(2 * MAX_POLLING_INTERVAL);
    const readsOf = (id: string) => reads.filter((ids) => ids.includes(id)).length;
    expect(readsOf('here')).toBeGreaterThan(0);
    expect(readsOf('elsewhere')).toBeGreaterThan(2 * readsOf('here'));
  });

  it('[K5] an end that no signal told of is found by polling, wherever the instance was alive (I6)', async () => {
    start('a', 'here');
    const waiting = waiters.wait('a', undefined);
    rows.set('a', rowOf('a', 'Completed'));
    await clock.advance(MAX_POLLING_INTERVAL);
    await expect(waiting).resolves.toMatchObject({ status: 'Completed' });
  });

  it('[K5] instances that are waited for in one turn of the event loop share a read', async () => {
    for (const id of ['a', 'b', 'c']) start(id, 'elsewhere');
    for (const id of ['a', 'b', 'c']) void waiters.wait(id, undefined).catch(() => undefined);
    await turn();
    expect(reads).toEqual([['a', 'b', 'c']]);
  });

  it('[K5] a wait that times out answers with the row as it is then', async () => {
    start('a', 'here');
    const waiting = waiters.wait('a', 10);
    await clock.advance(10);
    await expect(waiting).resolves.toMatchObject({ status: 'Running' });
  });
});
