import type { DurableLogger } from '../core/logger.js';
import type { PartitionLease } from '../storage/store.js';
import { describeRef, type Lack } from './handler-sets.js';

/** What a process says about the partitions of its hub. */
export class OwnershipLog {
  private saidStandsBy = false;
  private readonly saidLacks = new Set<string>();

  constructor(private readonly log: DurableLogger, private readonly hub: string) {}

  /** @param owned how many of the hub's `total` partitions this process owns with these */
  taken(leases: readonly PartitionLease[], owned: number, total: number): void {
    const takeovers = leases.filter(({ takenOverFrom }) => takenOverFrom !== null).length;
    const how = takeovers > 0 ? `, ${takeovers} of them taken over from a worker that did not give them back` : '';
    this.log.log(`Task hub '${this.hub}': ${leases.length} partitions taken${how}; ${owned} of ${total} owned.`);
  }

  standsBy(): void {
    if (this.saidStandsBy) return;
    this.saidStandsBy = true;
    this.log.log(`Task hub '${this.hub}': another process works on this task hub of the SQLite file; this one serves its client and stands by.`);
  }

  /** Said once, when the process begins to stand aside. */
  standsAside(reason: Error): void {
    this.log.error(`${reason.message} It gives its partitions back, ends the activities that it runs, and refuses calls that write.`);
  }

  /** No worker has all orchestrators and entities [Y6]: said once for each such state. */
  lacks(lacks: readonly Lack[], ownId: number): void {
    const text = lacks
      .map(({ workerId, handlers }) => `${workerId === ownId ? 'this one' : `worker ${workerId}`} lacks ${handlers.map(describeRef).toSorted().join(', ')}`)
      .join('; ');
    if (text === '' || this.saidLacks.has(text)) return;
    this.saidLacks.add(text);
    this.log.warn(
      `Task hub '${this.hub}': none of its workers has all orchestrators and entities: ${text}. Partitions move between them to where their work can run, ` +
        'which is slow. It is right while a deployment is under way; otherwise such applications need hubs of their own: give them different taskHub settings.',
    );
  }
}
