/**
 * This process's row among the workers, and the partitions that it owns: heartbeats, fair shares, takeover of what a dead
 * worker left, hand-over on a clean stop and to workers whose orchestrators are needed [Y6]. Ownership counts by the fence of
 * each commit (I2); the lease's end only says when another worker may take over, and when this one must start nothing external
 * any more.
 */
import { randomUUID } from 'node:crypto';
import type { DurableLogger } from '../core/logger.js';
import type { DurableStore, HandlerList, HubSigns, HubState, WorkerInfo } from '../storage/store.js';
import type { Cancel, Clock, EngineTime } from './clock.js';
import { Departures } from './departures.js';
import { planShare, type SharePlan } from './fair-share.js';
import { LiveWorkers } from './live-workers.js';
import type { OrchestratorRef } from './orchestrator-sets.js';
import { OwnershipLog } from './ownership-log.js';
import { Partition } from './partition.js';
import { PartitionOffers } from './partition-offers.js';
import type { StoreHealth } from './store-health.js';
import { WorkerLock } from './worker-lock.js';

export interface OwnershipPort {
  readonly store: Pick<
    DurableStore,
    'capabilities' | 'registerWorker' | 'retireWorker' | 'unregisterWorker' | 'heartbeat' | 'acquirePartitions' | 'assignPartition' | 'releasePartitions'
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
  /** This process may take nothing up any more, and its client's calls fail for this reason. Said once. */
  outdated(reason: Error): void;
}

/** Share of the lease that is kept as a margin before external effects stop. */
const MARGIN = 0.1;
/** How soon a process looks again for what it could not take, ms. */
const EAGER_HEARTBEAT = 1_000;

export class Ownership {
  readonly partitions = new Map<number, Partition>();
  private info: WorkerInfo | undefined;
  private readonly workers = new LiveWorkers();
  private readonly offers: PartitionOffers;
  private readonly log: OwnershipLog;
  /** Partitions that were offered to this worker. */
  private readonly adopted = new WeakSet<Partition>();
  private readonly departures: Departures;
  private readonly lock: WorkerLock;
  /** How many partitions this worker is to own. */
  private share = 0;
  private renewalSentAt = 0;
  /** Whether the last heartbeat left something to be taken. */
  private wantsMore = false;
  private lastNews = '';
  private beating: Promise<void> | undefined;
  private registering: Promise<void> | undefined;
  private cancelNext: Cancel | undefined;
  /** Takes no partitions any more: it only ends the activities that it runs. */
  private isRetiring = false;
  private stopping = false;
  private reasonToStandAside: Error | undefined;

  constructor(private readonly port: OwnershipPort) {
    this.offers = new PartitionOffers(port.clock);
    this.departures = new Departures(port);
    this.lock = new WorkerLock(port.store.capabilities);
    this.log = new OwnershipLog(port.log, port.hub);
  }

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
    const { leaseDuration } = this.port;
    const worker = this.port.worker && !this.reasonToStandAside;
    this.info = await this.port.store.registerWorker({ incarnation: randomUUID(), worker, handlers: this.port.handlers(), leaseDuration });
  }

  /** Begins the heartbeats; resolves after the first. */
  async start(): Promise<void> {
    await this.beat();
  }

  /** Whether external effects may begin for work of this process (I2). */
  get holdsLease(): boolean {
    if (this.lock.isNeeded) return this.lock.isHeld || !this.port.worker;
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
    return this.workers.handlers;
  }

  /** Whether a worker that lived at the last heartbeat has the activity. */
  isActivityKnown(name: string): boolean {
    return this.workers.hasActivity(name);
  }

  /** Whether a worker that lived at the last heartbeat has the orchestrator. */
  isOrchestratorKnown(ref: OrchestratorRef): boolean {
    return this.workers.hasOrchestrator(ref);
  }

  /**
   * Hears what a poll saw of the hub. When partitions or workers have changed, a heartbeat runs at once instead of at its time.
   * @returns whether there is news
   */
  noticed(signs: HubSigns): boolean {
    if (this.stopping || !this.info) return false;
    const isNews =
      !this.workers.agreeWith(signs) || (signs.free > 0 && this.partitions.size < this.share) || signs.own > this.partitions.size + this.departures.underWay;
    if (!isNews) this.lastNews = '';
    if (!isNews || this.beating) return isNews;
    // The same again: the heartbeat could change nothing about it, and the next one comes soon enough.
    const news = Object.values(signs).join();
    if (news === this.lastNews) return false;
    this.lastNews = news;
    void this.beat();
    return true;
  }

  /**
   * An owned partition holds work for an orchestrator that this process lacks: it goes to a live worker that has it [Y6], as
   * soon as that is known and the partition was here for long enough.
   * @returns whether it is on its way, so that the work is to be left as it is
   */
  offer(partition: Partition, name: string, version?: string): boolean {
    if (partition.state === 'releasing') return true;
    if (partition.state !== 'owned' || this.stopping || this.lock.isNeeded) return false;
    this.offers.want(partition, { name, version });
    return this.offerNow(partition);
  }

  /** Whether claims of this incarnation are still worked on. */
  isLive(incarnation: string): boolean {
    if (incarnation === this.info?.incarnation) return true;
    // Where one process at a time may work, whoever holds its lock is alone, whatever the others' rows still say.
    if (this.lock.isNeeded) return !this.lock.isHeld;
    return this.workers.isLive(incarnation);
  }

  /** Whether a worker that is not live any more has died: one that stopped cleanly has not [Y8]. */
  hasDied(incarnation: string): boolean {
    return !this.isLive(incarnation) && this.workers.hasDied(incarnation);
  }

  /** Drops partitions that turned out to be somebody else's. */
  drop(partitions: readonly Partition[]): void {
    const dropped = partitions.filter((partition) => partition.state !== 'lost');
    for (const partition of dropped) {
      partition.state = 'lost';
      this.partitions.delete(partition.index);
      this.offers.forget(partition);
    }
    if (dropped.length > 0) this.port.lost(dropped);
  }

  /**
   * Before a stop: leaves the partitions to the other workers, if there are any, while this process still ends its activities; their
   * results go to the new owners' inboxes. Resolves when the partitions are given back.
   */
  async retire(): Promise<void> {
    const { store, worker, health } = this.port;
    if (!this.info || !worker || this.lock.isNeeded || !this.workers.hasOthers(this.info)) return;
    this.isRetiring = true;
    this.share = 0;
    // Else the others would leave it a share.
    await store.retireWorker(this.info).catch((error: unknown) => health.failed(error));
    await Promise.all([...this.partitions.values()].map((partition) => this.give(partition)));
    await this.departures.whenWritten();
  }

  /** Gives everything back at once, so that others need not wait for the leases to end. */
  async release(): Promise<void> {
    this.stopping = true;
    this.cancelNext?.();
    await this.beating;
    await this.departures.whenWritten();
    if (!this.info) return;
    const { info } = this;
    const owned = [...this.partitions.values()];
    try {
      await this.port.store.releasePartitions(info, owned.map(({ lease }) => lease));
      await this.port.store.unregisterWorker(info);
    } finally {
      this.drop(owned);
      this.info = undefined;
      await this.lock.release();
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
        this.wantsMore = false;
        await this.reconcile(state, sentAt);
        this.port.renewed();
      } else await this.register(worker);
    } catch (error) {
      this.wantsMore = true;
      health.failed(error);
    }
    if (!this.stopping) this.cancelNext = clock.after(this.nextDelay(), () => void this.beat());
  }

  private nextDelay(): number {
    const interval = this.port.leaseDuration / 3;
    return (this.wantsMore ? Math.min(EAGER_HEARTBEAT, interval) : interval) * (0.9 + Math.random() / 10);
  }

  private async reconcile(state: HubState, sentAt: number): Promise<void> {
    const { incarnation } = this.worker;
    const gone = this.workers.update(state.workers);
    const rows = new Map(state.partitions.map((row) => [row.partition, row]));
    this.drop([...this.partitions.values()].filter((own) => rows.get(own.index)?.owner !== incarnation || rows.get(own.index)?.epoch !== own.lease.epoch));
    // First: what follows may fail, and nothing would tell of these workers again.
    if (gone) this.port.workersGone();
    if (state.outdated) await this.standAside(state.outdated, state.workers.some((row) => row.worker && row.incarnation === incarnation));
    if (!this.port.worker || this.stopping || this.isRetiring || this.reasonToStandAside) return;
    if (this.lock.isNeeded) await this.takeAll();
    else await this.takeShare(planShare(state, this.worker, this.partitions), sentAt);
  }

  /** A newer version has the hub: gives back what is here after what is under way has ended, and takes nothing any more. */
  private async standAside(reason: Error, counts: boolean): Promise<void> {
    if (!this.reasonToStandAside) {
      this.reasonToStandAside = reason;
      this.log.standsAside(reason);
      this.port.outdated(reason);
    }
    this.share = 0;
    for (const partition of [...this.partitions.values()]) void this.give(partition);
    const { store } = this.port;
    // Else the others would leave it a share.
    if (counts) await store.retireWorker(this.worker);
    this.wantsMore = this.partitions.size > 0;
    if (this.wantsMore) return;
    await this.departures.whenWritten();
    await this.lock.release();
  }

  private async takeAll(): Promise<void> {
    this.share = this.port.partitionCount();
    this.wantsMore = !(await this.lock.tryTake());
    if (this.wantsMore) return this.log.standsBy();
    const wanted = Array.from({ length: this.share }, (_, index) => index).filter((index) => !this.partitions.has(index));
    if (wanted.length > 0) await this.acquire(wanted, true);
  }

  private async takeShare(plan: SharePlan, sentAt: number): Promise<void> {
    this.share = plan.share;
    this.log.lacks(plan.lacks, this.worker.workerId);
    // Heartbeats prolong the leases of what is assigned to this worker: not taken, it would be nobody's for ever.
    const assigned = plan.assigned.filter((index) => this.departures.isTold(index, sentAt));
    const room = Math.max(0, plan.share - this.partitions.size - assigned.length);
    const wanted = [...assigned, ...plan.free.slice(0, room)];
    const taken = wanted.length > 0 ? await this.acquire(wanted, false, new Set(assigned)) : 0;
    this.wantsMore = taken < wanted.length;
    for (const partition of this.surplus(plan)) void this.give(partition);
    for (const partition of this.offers.partitions) this.offerNow(partition);
  }

  /** What is over the share; not what was offered to this worker while its orchestrators are needed there. */
  private surplus({ share, isOwner, lacks }: SharePlan): Partition[] {
    const owned = [...this.partitions.values()].filter(({ state }) => state === 'owned');
    const over = Math.max(0, owned.length - share);
    const free = isOwner && lacks.length > 0 ? owned.filter((partition) => !this.adopted.has(partition)) : owned;
    return over === 0 ? [] : free.slice(-over);
  }

  /** Answers how many of the partitions are this process's now. */
  private async acquire(wanted: readonly number[], force: boolean, assigned: ReadonlySet<number> = new Set()): Promise<number> {
    const leases = await this.port.store.acquirePartitions(this.worker, wanted, { leaseDuration: this.port.leaseDuration, force });
    if (leases.length === 0) return 0;
    const partitions = leases.map((lease) => new Partition(lease, this.worker.incarnation, () => this.port.time.now()));
    for (const partition of partitions) {
      this.partitions.set(partition.index, partition);
      if (assigned.has(partition.index)) this.adopted.add(partition);
      this.offers.came(partition, assigned.has(partition.index));
    }
    // Those that came too late are given back with the others.
    if (this.stopping || this.isRetiring) return 0;
    this.log.taken(leases, this.partitions.size, this.port.partitionCount());
    this.port.acquired(partitions);
    return leases.length;
  }

  /** Offers the partition if it holds work for another worker, now or when it has been here for long enough. */
  private offerNow(partition: Partition): boolean {
    if (partition.state !== 'owned' || this.stopping) return false;
    const others = this.workers.owners.filter(({ incarnation }) => incarnation !== this.info?.incarnation);
    const target = this.offers.next(partition, others, () => this.offerNow(partition));
    if (!target) return false;
    this.offers.offered(partition);
    void this.give(partition, target.incarnation);
    return true;
  }

  /** Takes a partition out of work, and when what is under way there has ended gives it to a worker, or to whoever wants it. */
  private async give(partition: Partition, to?: string): Promise<void> {
    if (partition.state !== 'owned') return;
    partition.state = 'releasing';
    await this.port.settled(partition);
    if (partition.state !== 'releasing' || !this.info) return;
    this.drop([partition]);
    this.departures.give(this.info, partition, to);
  }
}
