/**
 * What has become of claims while this process could not know: some were taken from it, some it has without knowing. The database
 * tells.
 */
import type { DurableStore, RunningActivity } from '../storage/store.js';
import type { ActivityPool } from './activity-pool.js';
import { Backoff } from './backoff.js';
import type { Cancel, Clock } from './clock.js';
import type { Ownership } from './ownership.js';
import type { Partition } from './partition.js';
import type { StoreHealth } from './store-health.js';

export interface ClaimChecksPort {
  readonly store: Pick<DurableStore, 'findLostClaims' | 'readRunningActivities'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly ownership: Ownership;
  readonly pool: ActivityPool;
  readonly leaseDuration: number;
  partitionCount(): number;
  /** Whether this process runs the activity or has its result. */
  isAtWork(activity: RunningActivity): boolean;
  /** It is another worker's to run. */
  giveBack(activity: RunningActivity): void;
}

export class ClaimChecks {
  private stopped = false;
  private cancelSweep: Cancel | undefined;
  private isSweeping = false;
  /** What came after a sweep had looked is for another one. */
  private isSweepDue = false;

  constructor(private readonly port: ClaimChecksPort) {}

  stop(): void {
    this.stopped = true;
    this.cancelSweep?.();
  }

  /** Which claims of an owned partition no longer stand; they are forgotten. Asks until the database has answered. */
  async findLost(partition: Partition, claims: readonly RunningActivity[]): Promise<ReadonlySet<string>> {
    const backoff = new Backoff(this.port.clock, { first: 50, max: 1_000 });
    while (claims.length > 0 && !this.stopped) {
      try {
        const lost = await this.lostOf(claims);
        for (const token of lost) partition.claims.delete(token);
        return lost;
      } catch (error) {
        this.port.health.failed(error);
        await backoff.wait();
      }
    }
    return new Set();
  }

  /**
   * Begins what still stands of that which is in doubt, and forgets the rest: a process that was held up would do again what another
   * one has done meanwhile.
   */
  async settleDoubts(): Promise<void> {
    const { ownership, pool, health } = this.port;
    const { doubtful } = pool;
    if (doubtful.length === 0 || this.stopped) return;
    try {
      const tokens = await this.lostOf(doubtful);
      const lost = doubtful.filter(({ claimToken }) => tokens.has(claimToken));
      // Those of an earlier registration are a dead worker's.
      const { incarnation } = ownership.members.worker;
      const dead = doubtful.filter(({ claimToken, claimedBy }) => !tokens.has(claimToken) && claimedBy !== incarnation);
      for (const { partition, claimToken } of lost) ownership.owns(partition)?.claims.delete(claimToken);
      pool.settleDoubts(doubtful, [...lost, ...dead]);
      for (const activity of dead) this.port.giveBack(activity);
    } catch (error) {
      // The next heartbeat asks again.
      health.failed(error);
    }
  }

  /** Forgets and aborts what the rewind of an execution has made void; the same tasks may have been claimed anew since. */
  async abandonLost(partition: Partition, executionId: string): Promise<void> {
    const { pool } = this.port;
    const lost = await this.findLost(partition, [...partition.claims.values()].filter((claim) => claim.executionId === executionId));
    pool.abandon(({ claimToken }) => lost.has(claimToken));
  }

  /** Aborts activities of instances that another process, the partition's owner of then, has ended [K9]. */
  async abortLost(): Promise<void> {
    const { store, ownership, pool, health } = this.port;
    const uncertain = pool.current.filter(({ partition, claimToken }) => !ownership.owns(partition)?.claims.has(claimToken));
    if (uncertain.length === 0) return;
    try {
      for (const claim of await store.findLostClaims(uncertain)) pool.abort(claim);
    } catch (error) {
      health.failed(error);
    }
  }

  /** The database may hold claims of this process that nobody here knows of, because an answer was lost: they are looked for. */
  sweepLater(): void {
    if (this.isSweeping) this.isSweepDue = true;
    else this.cancelSweep ??= this.port.clock.after(this.port.leaseDuration, () => void this.sweep());
  }

  private async sweep(): Promise<void> {
    const { store, ownership, clock, leaseDuration } = this.port;
    this.isSweeping = true;
    this.isSweepDue = false;
    try {
      const partitions = Array.from({ length: this.port.partitionCount() }, (_, index) => index);
      const own = (await store.readRunningActivities(partitions)).filter(({ claimedBy }) => claimedBy === ownership.members.worker.incarnation);
      const unknown = own.filter((claim) => !this.port.isAtWork(claim));
      // Some are only on their way: written, while the answer that starts them has not arrived yet.
      if (unknown.length > 0) await new Promise<void>((resolve) => (this.cancelSweep = clock.after(leaseDuration, resolve)));
      if (!this.stopped) for (const claim of unknown) if (!this.port.isAtWork(claim)) this.port.giveBack(claim);
    } catch {
      this.isSweepDue = true;
    }
    this.cancelSweep = undefined;
    this.isSweeping = false;
    if (this.isSweepDue && !this.stopped) this.sweepLater();
  }

  /** Tokens of those that no longer stand. */
  private async lostOf(claims: readonly RunningActivity[]): Promise<ReadonlySet<string>> {
    return new Set((await this.port.store.findLostClaims(claims)).map(({ claimToken }) => claimToken));
  }
}
