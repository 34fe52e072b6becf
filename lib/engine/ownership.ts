/**
 * This process's row among the workers, and the partitions that it owns: heartbeats, fair shares, takeover of what a dead
 * worker left, hand-over on a clean stop. Ownership counts by the fence of each commit (I2); the lease's end only says when
 * another worker may take over, and when this one must start nothing external any more.
 */
import { randomUUID } from 'node:crypto';
import type { DurableLogger } from '../core/logger.js';
import type { DurableStore, HandlerList, HubState, PartitionLease, WorkerInfo, WorkerRow } from '../storage/store.js';
import type { Cancel, Clock, EngineTime } from './clock.js';
import { planShare } from './fair-share.js';
import { Partition } from './partition.js';
import type { StoreHealth } from './store-health.js';

export interface OwnershipPort {
  readonly store: Pick<
    DurableStore,
    'capabilities' | 'registerWorker' | 'unregisterWorker' | 'heartbeat' | 'acquirePartitions' | 'releasePartitions'
  >;
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly health: StoreHealth;
  readonly log: DurableLogger;
  readonly hub: string;
  readonly worker: boolean;
  handlers(): HandlerList;
  readonly leaseDuration: number;
  partitionCount(): number;
  /** New partitions, to be filled from the database. */
  acquired(partitions: readonly Partition[]): void;
  /** Partitions that are no longer this process's: their memory is to be dropped. */
  lost(partitions: readonly Partition[]): void;
  /** Resolves when nothing of the partition is under way any more. */
  settled(partition: Partition): Promise<void>;
  /** After each successful heartbeat: work that waited for the lease may go on. */
  renewed(): void;
  /** Workers that lived at the last heartbeat and do not any more. */
  workersGone(): void;
}

/** Share of the lease that is kept as a margin before external effects stop. */
const MARGIN = 0.1;
/** How soon a process looks again while it owns less than its share, ms. */
const EAGER_HEARTBEAT = 1_000;

export class Ownership {
  readonly partitions = new Map<number, Partition>();
  private info: WorkerInfo | undefined;
  private workers: readonly WorkerRow[] = [];
  /** How many partitions this worker is to own. */
  private share = 0;
  private renewalSentAt = 0;
  private hasWorkerLock = false;
  private standsBy = false;
  private beating: Promise<void> | undefined;
  private registering: Promise<void> | undefined;
  private cancelNext: Cancel | undefined;
  private stopping = false;

  constructor(private readonly port: OwnershipPort) {}

  get worker(): WorkerInfo {
    if (!this.info) throw new Error(`Task hub '${this.port.hub}' has not started yet: use the client after the application has bootstrapped.`);
    return this.info;
  }

  get isRegistered(): boolean {
    return this.info !== undefined;
  }

  /**
   * Registers this process; again, under a new incarnation, when its row was taken away.
   * @param gone the registration that was lost; when another one has taken its place already, nothing is to be done.
   */
  async register(gone?: WorkerInfo): Promise<void> {
    if (this.info !== gone) return;
    // The heartbeat and the client may find out at the same time: a second row would claim a share of the partitions.
    this.registering ??= this.registerOnce().finally(() => {
      this.registering = undefined;
    });
    await this.registering;
  }

  private async registerOnce(): Promise<void> {
    this.drop([...this.partitions.values()]);
    const { worker, leaseDuration } = this.port;
    this.info = await this.port.store.registerWorker({ incarnation: randomUUID(), worker, handlers: this.port.handlers(), leaseDuration });
  }

  /** Begins the heartbeats; resolves after the first. */
  async start(): Promise<void> {
    await this.beat();
  }

  /** Whether external effects may begin for work of this process (I2). */
  get holdsLease(): boolean {
    if (this.port.store.capabilities.singleWorker) return this.hasWorkerLock || !this.port.worker;
    return this.port.clock.monotonic() < this.renewalSentAt + this.port.leaseDuration * (1 - MARGIN);
  }

  owns(partition: number): Partition | undefined {
    const owned = this.partitions.get(partition);
    return owned?.state === 'owned' ? owned : undefined;
  }

  /** Reads the hub's workers and partitions anew. */
  async refresh(): Promise<void> {
    if (this.info && !this.stopping) await this.beat();
  }

  /** The handlers of all live workers, read anew. */
  async liveHandlers(): Promise<readonly HandlerList[]> {
    await this.refresh();
    return this.workers.filter((row) => row.live && row.worker).map((row) => row.handlers);
  }

  /** Whether a worker that lived at the last heartbeat has the activity. */
  isActivityKnown(name: string): boolean {
    return this.workers.some((row) => row.live && row.worker && row.handlers.activities.includes(name));
  }

  /** Whether claims of this incarnation are still worked on. */
  isLive(incarnation: string): boolean {
    if (incarnation === this.info?.incarnation) return true;
    // Where one process at a time may work, whoever holds its lock is alone, whatever the others' rows still say.
    if (this.port.store.capabilities.singleWorker) return !this.hasWorkerLock;
    return this.workers.some((row) => row.incarnation === incarnation && row.live);
  }

  /** Drops partitions that turned out to be somebody else's. */
  drop(partitions: readonly Partition[]): void {
    const dropped = partitions.filter((partition) => partition.state !== 'lost');
    for (const partition of dropped) {
      partition.state = 'lost';
      this.partitions.delete(partition.index);
    }
    if (dropped.length > 0) this.port.lost(dropped);
  }

  /** Gives everything back at once, so that others need not wait for the leases to end. */
  async release(): Promise<void> {
    this.stopping = true;
    this.cancelNext?.();
    await this.beating;
    if (!this.info) return;
    const { info } = this;
    const owned = [...this.partitions.values()];
    try {
      await this.port.store.releasePartitions(info, owned.map(({ lease }) => lease));
      await this.port.store.unregisterWorker(info);
    } finally {
      this.drop(owned);
      this.info = undefined;
      if (this.hasWorkerLock) await this.port.store.capabilities.unlockWorker?.();
      this.hasWorkerLock = false;
    }
  }

  private async beat(): Promise<void> {
    this.beating ??= this.beatOnce().finally(() => {
      this.beating = undefined;
    });
    await this.beating;
  }

  private async beatOnce(): Promise<void> {
    this.cancelNext?.();
    const { store, clock, health } = this.port;
    try {
      const sentAt = clock.monotonic();
      const { worker } = this;
      const state = await store.heartbeat(worker, this.port.leaseDuration);
      this.port.time.sync(state.time);
      health.reached();
      if (state.alive) {
        this.renewalSentAt = sentAt;
        await this.reconcile(state);
        this.port.renewed();
      } else await this.register(worker);
    } catch (error) {
      health.failed(error);
    }
    if (!this.stopping) this.cancelNext = clock.after(this.nextDelay(), () => void this.beat());
  }

  private nextDelay(): number {
    const interval = this.port.leaseDuration / 3;
    return (this.partitions.size < this.share ? Math.min(EAGER_HEARTBEAT, interval) : interval) * (0.9 + Math.random() / 10);
  }

  private async reconcile(state: HubState): Promise<void> {
    const { incarnation } = this.worker;
    const gone = this.workers.some((row) => row.live && !state.workers.some((now) => now.live && now.incarnation === row.incarnation));
    this.workers = state.workers;
    const rows = new Map(state.partitions.map((row) => [row.partition, row]));
    this.drop([...this.partitions.values()].filter((own) => rows.get(own.index)?.owner !== incarnation || rows.get(own.index)?.epoch !== own.lease.epoch));
    // First: what follows may fail, and nothing would tell of these workers again.
    if (gone) this.port.workersGone();
    if (!this.port.worker || this.stopping) return;
    if (this.port.store.capabilities.singleWorker) await this.takeAll();
    else await this.takeShare(state);
  }

  private async takeAll(): Promise<void> {
    this.share = this.port.partitionCount();
    if (!this.hasWorkerLock) {
      this.hasWorkerLock = (await this.port.store.capabilities.tryLockWorker?.()) ?? false;
      if (!this.hasWorkerLock) return this.reportStandBy();
    }
    const wanted = Array.from({ length: this.share }, (_, index) => index).filter((index) => !this.partitions.has(index));
    if (wanted.length > 0) await this.acquire(wanted, true);
  }

  private reportStandBy(): void {
    if (this.standsBy) return;
    this.standsBy = true;
    this.port.log.log(`Task hub '${this.port.hub}': another process or hub works on this SQLite file; this one serves its client and stands by.`);
  }

  private async takeShare(state: HubState): Promise<void> {
    const { share, free, strays } = planShare(state, this.worker, this.partitions);
    this.share = share;
    const room = share - this.partitions.size;
    if (room > 0 && free.length > 0) await this.acquire(free.slice(0, room), false);
    if (room < 0) this.handOver([...this.partitions.values()].slice(room));
    // Heartbeats prolong the leases of strays as well: kept, they would be nobody's for ever.
    const left = strays.filter(({ partition }) => !this.partitions.has(partition));
    if (left.length > 0) await this.port.store.releasePartitions(this.worker, left);
  }

  private async acquire(wanted: readonly number[], force: boolean): Promise<void> {
    const leases = await this.port.store.acquirePartitions(this.worker, wanted, { leaseDuration: this.port.leaseDuration, force });
    if (leases.length === 0) return;
    const partitions = leases.map((lease) => new Partition(lease, this.worker.incarnation, () => this.port.time.now()));
    for (const partition of partitions) this.partitions.set(partition.index, partition);
    // Those that came too late are given back with the others.
    if (this.stopping) return;
    this.report(leases);
    this.port.acquired(partitions);
  }

  private report(leases: readonly PartitionLease[]): void {
    const takeovers = leases.filter(({ takeover }) => takeover).length;
    const how = takeovers > 0 ? `, ${takeovers} of them taken over from a worker that did not give them back` : '';
    this.port.log.log(`Task hub '${this.port.hub}': ${leases.length} partitions taken${how}; ${this.partitions.size} of ${this.port.partitionCount()} owned.`);
  }

  /** Gives up what is over the fair share, after what is under way there has ended. */
  private handOver(surplus: readonly Partition[]): void {
    for (const partition of surplus) {
      if (partition.state !== 'owned') continue;
      partition.state = 'releasing';
      void this.port.settled(partition).then(async () => {
        if (partition.state !== 'releasing' || !this.info) return;
        const { info } = this;
        this.drop([partition]);
        await this.port.store.releasePartitions(info, [partition.lease]).catch((error: unknown) => this.port.health.failed(error));
      });
    }
  }
}
