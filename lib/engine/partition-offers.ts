import type { WorkerRow } from '../storage/store.js';
import type { Cancel, Clock } from './clock.js';
import { hasHandler, refKey, type HandlerRef } from './handler-sets.js';
import type { Partition } from './partition.js';

/** How long a partition that was offered to this worker stays at least, ms: long enough for the work that brought it here. */
const FIRST_STAY = 500;
/** Each time that it is offered on it stays twice as long when it comes back, ms at most. */
const MAX_STAY = 30_000;
/** After so long without an offer a partition begins anew, ms. */
const FORGET_AFTER = 2 * MAX_STAY;

interface Stay {
  readonly length: number;
  readonly until: number;
  readonly offeredAt: number;
}

/**
 * Which of this worker's partitions hold work for orchestrators or entities that it lacks, and which worker each of them should
 * go to [Y6]. Workers none of which has all of them would pass a partition back and forth: the stays keep that rare, and long
 * enough that each gets its work done.
 */
export class PartitionOffers {
  private readonly wanted = new Map<Partition, Map<string, HandlerRef>>();
  private readonly waiting = new Map<Partition, Cancel>();
  private readonly stays = new Map<number, Stay>();

  constructor(private readonly clock: Clock) {}

  /** The partition holds work for a handler that this worker lacks. */
  want(partition: Partition, ref: HandlerRef): void {
    const refs = this.wanted.get(partition) ?? new Map<string, HandlerRef>();
    this.wanted.set(partition, refs.set(refKey(ref), ref));
  }

  /** The partitions that hold such work. */
  get partitions(): readonly Partition[] {
    return [...this.wanted.keys()];
  }

  /**
   * The worker that the partition is to go to now, if there is one. A partition that is still to stay has none.
   * @param again called when its stay has ended
   */
  next(partition: Partition, workers: readonly WorkerRow[], again: () => void): WorkerRow | undefined {
    const target = this.choose(partition, workers);
    const remaining = (this.stays.get(partition.index)?.until ?? 0) - this.clock.monotonic();
    if (!target || remaining <= 0) return target;
    if (!this.waiting.has(partition)) {
      const cancel = this.clock.after(remaining, () => {
        this.waiting.delete(partition);
        again();
      });
      this.waiting.set(partition, cancel);
    }
    return undefined;
  }

  /** The partition has come here, by an offer or another way. */
  came({ index }: Partition, offered: boolean): void {
    const now = this.clock.monotonic();
    const stay = this.stays.get(index);
    const isRecent = stay !== undefined && now - stay.offeredAt < FORGET_AFTER;
    const length = isRecent ? stay.length : offered ? FIRST_STAY : 0;
    this.stays.set(index, { length, until: now + length, offeredAt: stay?.offeredAt ?? -Infinity });
  }

  /** The partition is no longer this worker's. */
  forget(partition: Partition): void {
    this.wanted.delete(partition);
    this.waiting.get(partition)?.();
    this.waiting.delete(partition);
  }

  /** The partition goes to another worker. */
  offered({ index }: Partition): void {
    const length = this.stays.get(index)?.length ?? 0;
    const now = this.clock.monotonic();
    this.stays.set(index, { length: Math.min(Math.max(FIRST_STAY, length * 2), MAX_STAY), until: now, offeredAt: now });
  }

  /** The worker that has most of what the partition needs; of several each gets a part of the partitions. */
  private choose(partition: Partition, workers: readonly WorkerRow[]): WorkerRow | undefined {
    const refs = [...(this.wanted.get(partition)?.values() ?? [])];
    const counts = workers.map(({ handlers }) => refs.filter((ref) => hasHandler(handlers, ref)).length);
    const most = Math.max(0, ...counts);
    const best = most === 0 ? [] : workers.filter((_, index) => counts[index] === most);
    return best[partition.index % best.length];
  }
}
