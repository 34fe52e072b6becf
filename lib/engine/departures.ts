import type { DurableStore, PartitionRelease, WorkerInfo } from '../storage/store.js';
import { hasBacklog } from './backlog.js';
import type { Clock } from './clock.js';
import type { Partition } from './partition.js';
import type { StoreHealth } from './store-health.js';

export interface DeparturesPort {
  readonly store: Pick<DurableStore, 'assignPartition' | 'releasePartitions'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly leaseDuration: number;
}

/** The partitions that this process is giving away, or has given away lately. */
export class Departures {
  /** Until when (monotonic) what the database says of a partition may be out of date. */
  private readonly until = new Map<number, number>();
  private writing: Promise<unknown> = Promise.resolve();

  constructor(private readonly port: DeparturesPort) {}

  /** How many are on their way. */
  get underWay(): number {
    return [...this.until.values()].filter((until) => until === Infinity).length;
  }

  /** Whether rows that were asked for at `sentAt` (monotonic) tell the truth about the partition. */
  isTold(partition: number, sentAt: number): boolean {
    return (this.until.get(partition) ?? -Infinity) < sentAt;
  }

  /** Gives a partition, whose memory is dropped, to a worker, or to whoever wants it. */
  give(from: WorkerInfo, release: PartitionRelease, to: string | undefined): void {
    this.until.set(release.partition, Infinity);
    const written = this.write(from, release, to);
    this.writing = this.writing.then(() => written);
  }

  /** Resolves when all that was given so far is written. */
  async whenWritten(): Promise<void> {
    await this.writing;
  }

  private async write(from: WorkerInfo, release: PartitionRelease, to: string | undefined): Promise<void> {
    const { store, health, leaseDuration, clock } = this.port;
    try {
      // An assigned partition has an owner at once, so nothing can tell that something of it was left by another [Y8].
      const isAssigned = to !== undefined && (await store.assignPartition(from, release, { incarnation: to, leaseDuration }));
      if (!isAssigned) await store.releasePartitions(from, [release]);
    } catch (error) {
      health.failed(error);
    }
    this.until.set(release.partition, clock.monotonic());
  }
}

/** How a partition is given back: who had it before stays to blame for what of it was not taken up here [Y8]. */
export function releaseOf(partition: Partition): PartitionRelease {
  const { epoch, takenOverFrom } = partition.lease;
  return { partition: partition.index, epoch, leftBy: hasBacklog(partition) ? takenOverFrom : null };
}
