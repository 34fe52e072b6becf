import type { HandlerRef } from '../../../lib/engine/handler-sets.js';
import { PartitionOffers } from '../../../lib/engine/partition-offers.js';
import type { Partition } from '../../../lib/engine/partition.js';
import type { WorkerRow } from '../../../lib/storage/store.js';
import { ManualClock } from './support/manual-clock.js';
import { testPartition } from './support/test-partition.js';

const worker = (workerId: number, ...names: string[]): WorkerRow => ({
  workerId, incarnation: `w${workerId}`, worker: true, live: true, handlers: { orchestrators: names.map((name) => ({ name })), activities: [], entities: [] },
});
const withEntities = (row: WorkerRow, ...entities: string[]): WorkerRow => ({ ...row, handlers: { ...row.handlers, entities } });

const ref = (name: string, kind: HandlerRef['kind'] = 'orchestrator'): HandlerRef => ({ kind, name });

describe('PartitionOffers [Y6]', () => {
  let clock: ManualClock;
  let offers: PartitionOffers;
  let partition: Partition;
  let reminded: number;
  const next = (...workers: WorkerRow[]) => offers.next(partition, workers, () => (reminded += 1))?.workerId;
  /** The partition goes to another worker and comes back. */
  const goAndCome = () => {
    offers.offered(partition);
    offers.forget(partition);
    offers.came(partition, true);
    offers.want(partition, ref('a'));
  };

  beforeEach(() => {
    [clock, partition, reminded] = [new ManualClock(), testPartition(), 0];
    offers = new PartitionOffers(clock);
  });

  it('[Y6] a partition goes to the worker that has most of what it needs, at once when it has long been here', () => {
    offers.came(partition, false);
    expect(next(worker(1, 'a'))).toBeUndefined();
    offers.want(partition, ref('a'));
    offers.want(partition, ref('b'));
    offers.want(partition, { ...ref('c'), version: '1' });
    expect(next(worker(1, 'a'), worker(2, 'c', 'b', 'a'), worker(3, 'c'))).toBe(2);
    expect(next(worker(3, 'c'))).toBeUndefined();
  });

  it('[Y6] one that needs an entity goes to a worker that has the entity, not to one with an orchestrator of that name', () => {
    offers.came(partition, false);
    offers.want(partition, ref('counter', 'entity'));
    expect(next(withEntities(worker(1, 'counter')), withEntities(worker(2), 'counter'))).toBe(2);
  });

  it('[Y6] one that was offered stays for half a second before it is offered on', async () => {
    offers.came(partition, true);
    offers.want(partition, ref('a'));
    expect(next(worker(1, 'a'))).toBeUndefined();
    expect(next(worker(1, 'a'))).toBeUndefined();
    await clock.advance(499);
    expect(reminded).toBe(0);
    await clock.advance(1);
    expect(reminded).toBe(1);
    expect(next(worker(1, 'a'))).toBe(1);
  });

  it('[Y6] one that goes back and forth stays twice as long each time, half a minute at most', async () => {
    const stays: number[] = [];
    offers.came(partition, true);
    offers.want(partition, ref('a'));
    for (let turn = 0; turn < 9; turn += 1) {
      const begun = clock.monotonic();
      while (next(worker(1, 'a')) === undefined) await clock.advance(500);
      stays.push(clock.monotonic() - begun);
      goAndCome();
    }
    expect(stays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('[Y6] after a minute without an offer it begins anew', async () => {
    offers.came(partition, true);
    goAndCome();
    goAndCome();
    await clock.advance(60_000);
    offers.came(partition, true);
    offers.want(partition, ref('a'));
    await clock.advance(500);
    expect(next(worker(1, 'a'))).toBe(1);
  });

  it('a partition that is lost is forgotten, and nothing waits for it', () => {
    offers.came(partition, true);
    offers.want(partition, ref('a'));
    next(worker(1, 'a'));
    offers.forget(partition);
    expect(clock.waiting).toBe(0);
    expect(offers.partitions).toEqual([]);
  });
});
