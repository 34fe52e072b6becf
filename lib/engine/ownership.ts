/**
 * The partitions that this process owns: its fair share, takeover of what a dead worker left, hand-over to workers whose
 * handlers are needed [Y6] and on a clean stop. Ownership counts by the fence of each commit (I2); the lease's end only says
 * when another worker may take over, and when this one must start nothing external any more.
 */
import type { DurableLogger } from '../core/logger.js';
import type { DurableStore, HandlerList, HubSigns, HubState } from '../storage/store.js';
import type { Clock, EngineTime } from './clock.js';
import { Departures, releaseOf } from './departures.js';
import { planShare, type SharePlan } from './fair-share.js';
import type { HandlerRef } from './handler-sets.js';
import { Membership } from './membership.js';
import type { PartitionCounts } from './metrics.js';
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
  readonly metrics: PartitionCounts;
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
  /** Before that, when the lease had ended meanwhile: others may have taken what waits for it. */
  lapsed(): void;
  /** Workers that lived at the last heartbeat and do not any more. */
  workersGone(): void;
  /** This process may take nothing up any more, and its client's calls fail for this reason. Said once. */
  outdated(reason: Error): void;
}

export class Ownership {
  readonly members: Membership;
  readonly partitions = new Map<number, Partition>();
  private readonly offers: PartitionOffers;
  private readonly log: OwnershipLog;
  /** Partitions that were offered to this worker. */
  private readonly adopted = new WeakSet<Partition>();
  private readonly departures: Departures;
  private readonly lock: WorkerLock;
  /** Epoch ms, by partition. */
  private unownedSince: ReadonlyMap<number, number> = new Map();
  /** How many partitions this worker is to own. */
  private share = 0;
  /** Forgotten when partitions come or go. */
  private lastNews = '';
  /** Takes no partitions any more: it only ends the activities that it runs. */
  private isRetiring = false;
  private stopping = false;
  private reasonToStandAside: Error | undefined;

  constructor(private readonly port: OwnershipPort) {
    this.members = new Membership({
      ...port,
      isWorker: () => port.worker && !this.isRetiring && !this.reasonToStandAside,
      registering: () => this.lose([...this.partitions.values()]),
      lapsed: () => port.lapsed(),
      beaten: (state, sentAt) => this.reconcile(state, sentAt),
    });
    this.offers = new PartitionOffers(port.clock);
    this.departures = new Departures(port);
    this.lock = new WorkerLock(port.store.capabilities);
    this.log = new OwnershipLog(port.log, port.hub);
  }

  /** Whether external effects may begin for work of this process (I2). */
  get holdsLease(): boolean {
    if (this.lock.isNeeded) return this.lock.isHeld || !this.port.worker;
    return this.members.holdsLease;
  }

  /** Why this process stands aside for a newer version, if it does. */
  get outdatedBecause(): Error | undefined {
    return this.reasonToStandAside;
  }

  /** Partitions of the hub that no live worker owned at the last heartbeat; since when, epoch ms. */
  get unowned(): readonly { readonly partition: number; readonly since: number }[] {
    return [...this.unownedSince].map(([partition, since]) => ({ partition, since }));
  }

  /** Whether partitions can go to other workers while this process lives. */
  get sharesPartitions(): boolean {
    return !this.lock.isNeeded;
  }

  owns(partition: number): Partition | undefined {
    const owned = this.partitions.get(partition);
    return owned?.state === 'owned' ? owned : undefined;
  }

  /**
   * Hears what a poll saw of the hub. When partitions or workers have changed, a heartbeat runs at once instead of at its time.
   * @returns whether there is news
   */
  noticed(signs: HubSigns): boolean {
    if (this.stopping || !this.members.isRegistered) return false;
    const isNews =
      !this.members.workers.agreeWith(signs) || (signs.free > 0 && this.partitions.size < this.share) || signs.own > this.partitions.size + this.departures.underWay;
    if (!isNews) this.lastNews = '';
    if (!isNews || this.members.isBeating) return isNews;
    // The same again, and nothing has changed here: the heartbeat could do nothing about it, and the next one comes soon enough.
    const news = [...Object.values(signs), this.departures.underWay].join();
    if (news === this.lastNews) return false;
    this.lastNews = news;
    void this.members.refresh();
    return true;
  }

  /**
   * An owned partition holds work for a handler that this process lacks: it goes to a live worker that has it [Y6], as
   * soon as that is known and the partition was here for long enough.
   * @returns whether it is on its way, so that the work is to be left as it is
   */
  offer(partition: Partition, ref: HandlerRef): boolean {
    if (partition.state === 'releasing') return true;
    if (partition.state !== 'owned' || this.stopping || this.lock.isNeeded) return false;
    this.offers.want(partition, ref);
    return this.offerNow(partition);
  }

  /** Whether claims of this incarnation are still worked on. */
  isLive(incarnation: string): boolean {
    if (this.members.isSelf(incarnation)) return true;
    // Where one process at a time may work, whoever holds its lock is alone, whatever the others' rows still say.
    if (this.lock.isNeeded) return !this.lock.isHeld;
    return this.members.workers.isLive(incarnation);
  }

  /** Whether a worker that is not live any more has died: one that stopped cleanly has not [Y8]. */
  hasDied(incarnation: string): boolean {
    return !this.isLive(incarnation) && this.members.workers.hasDied(incarnation);
  }

  /** A commit found partitions to be somebody else's. */
  fenced(partitions: readonly Partition[]): void {
    this.port.metrics.fenced += this.lose(partitions);
  }

  /** Answers how many of the partitions were still taken for this process's. */
  private lose(partitions: readonly Partition[]): number {
    const lost = partitions.filter(({ state }) => state !== 'lost').length;
    this.port.metrics.lost += lost;
    this.drop(partitions);
    return lost;
  }

  /** Lets go of what memory holds of partitions. What is this process's still, it takes again with the next heartbeat. */
  drop(partitions: readonly Partition[]): void {
    const dropped = partitions.filter((partition) => partition.state !== 'lost');
    for (const partition of dropped) {
      partition.state = 'lost';
      this.partitions.delete(partition.index);
      this.offers.forget(partition);
    }
    if (dropped.length === 0) return;
    this.lastNews = '';
    this.port.lost(dropped);
  }

  /**
   * Before a stop: leaves the partitions to the other workers, if there are any, while this process still ends its activities; their
   * results go to the new owners' inboxes. Resolves when the partitions are given back. Workers that come later have them then.
   */
  async retire(): Promise<void> {
    if (!this.members.isRegistered || !this.port.worker || this.lock.isNeeded) return;
    this.isRetiring = true;
    if (!this.members.workers.hasOthers(this.members.worker)) return;
    await this.withdraw();
    await this.giveAll();
    await this.departures.whenWritten();
  }

  /** Gives everything back at once, so that others need not wait for the leases to end. */
  async release(): Promise<void> {
    this.stopping = true;
    const { members } = this;
    await members.stop();
    await this.departures.whenWritten();
    if (!members.isRegistered) return;
    const owned = [...this.partitions.values()];
    try {
      await this.port.store.releasePartitions(members.worker, owned.map(releaseOf));
      await this.port.store.unregisterWorker(members.worker);
    } finally {
      this.drop(owned);
      members.leave();
      await this.lock.release();
    }
  }

  /** Answers whether something was left that this process should take, or give, soon. */
  private async reconcile(state: HubState, sentAt: number): Promise<boolean> {
    const { workers, worker } = this.members;
    const { incarnation } = worker;
    const gone = workers.update(state.workers);
    const rows = new Map(state.partitions.map((row) => [row.partition, row]));
    this.lose([...this.partitions.values()].filter((own) => rows.get(own.index)?.owner !== incarnation || rows.get(own.index)?.epoch !== own.lease.epoch));
    const isUnowned = ({ owner, expired }: HubState['partitions'][number]) => owner === null || expired;
    this.unownedSince = new Map(state.partitions.filter(isUnowned).map(({ partition }) => [partition, this.unownedSince.get(partition) ?? state.time]));
    // First: what follows may fail, and nothing would tell of these workers again.
    if (gone) this.port.workersGone();
    if (state.outdated) this.standAside(state.outdated);
    let wantsMore = false;
    if (this.reasonToStandAside || (this.isRetiring && workers.hasOthers(worker))) wantsMore = await this.leave(state, sentAt);
    else if (this.port.worker && !this.stopping && !this.isRetiring) {
      wantsMore = this.lock.isNeeded ? await this.takeAll() : await this.takeShare(planShare(state, worker, this.partitions), sentAt);
    }
    this.port.renewed();
    return wantsMore;
  }

  /** A newer version has the hub: this process takes nothing up any more. */
  private standAside(reason: Error): void {
    if (this.reasonToStandAside) return;
    this.reasonToStandAside = reason;
    this.log.standsAside(reason);
    this.port.outdated(reason);
  }

  /** The others count this process for none from now on: they would leave it a share. */
  private async withdraw(): Promise<void> {
    const { store, health } = this.port;
    await store.retireWorker(this.members.worker).catch((error: unknown) => health.failed(error));
  }

  /** Gives everything back after what is under way has ended. */
  private async giveAll(): Promise<void> {
    this.share = 0;
    await Promise.all([...this.partitions.values()].map((partition) => this.give(partition)));
  }

  /** Gives back what is here, and takes nothing any more. Answers whether something is still here. */
  private async leave({ workers, partitions }: HubState, sentAt: number): Promise<boolean> {
    const { worker } = this.members;
    if (workers.some((row) => row.worker && this.members.isSelf(row.incarnation))) await this.withdraw();
    void this.giveAll();
    // Offered or taken too late, or an answer was lost: heartbeats would prolong it for as long as this process lives.
    const unknown = partitions.filter(({ partition, owner }) => owner === worker.incarnation && !this.partitions.has(partition) && this.departures.isTold(partition, sentAt));
    if (unknown.length > 0) await this.port.store.releasePartitions(worker, unknown);
    if (this.partitions.size > 0) return true;
    await this.departures.whenWritten();
    await this.lock.release();
    return false;
  }

  private async takeAll(): Promise<boolean> {
    this.share = this.port.partitionCount();
    if (!(await this.lock.tryTake())) {
      this.log.standsBy();
      return true;
    }
    const wanted = Array.from({ length: this.share }, (_, index) => index).filter((index) => !this.partitions.has(index));
    return wanted.length > 0 && (await this.acquire(wanted, true)) < wanted.length;
  }

  private async takeShare(plan: SharePlan, sentAt: number): Promise<boolean> {
    this.share = plan.share;
    this.log.lacks(plan.lacks, this.members.worker.workerId);
    // Heartbeats prolong the leases of what is assigned to this worker: not taken, it would be nobody's for ever.
    const assigned = plan.assigned.filter((index) => this.departures.isTold(index, sentAt));
    const room = Math.max(0, plan.share - this.partitions.size - assigned.length);
    const wanted = [...assigned, ...plan.free.slice(0, room)];
    const taken = wanted.length > 0 ? await this.acquire(wanted, false, new Set(assigned)) : 0;
    for (const partition of this.surplus(plan)) void this.give(partition);
    for (const partition of this.offers.partitions) this.offerNow(partition);
    return taken < wanted.length;
  }

  /** What is over the share; not what was offered to this worker while its handlers are needed there. */
  private surplus({ share, isOwner, lacks }: SharePlan): Partition[] {
    const owned = [...this.partitions.values()].filter(({ state }) => state === 'owned');
    const over = Math.max(0, owned.length - share);
    const free = isOwner && lacks.length > 0 ? owned.filter((partition) => !this.adopted.has(partition)) : owned;
    return over === 0 ? [] : free.slice(-over);
  }

  /** Answers how many of the partitions are this process's now. */
  private async acquire(wanted: readonly number[], force: boolean, assigned: ReadonlySet<number> = new Set()): Promise<number> {
    const { worker } = this.members;
    const leases = await this.port.store.acquirePartitions(worker, wanted, { leaseDuration: this.port.leaseDuration, force });
    if (leases.length === 0) return 0;
    this.lastNews = '';
    const partitions = leases.map((lease) => new Partition(lease, worker.incarnation, () => this.port.time.now()));
    for (const partition of partitions) {
      this.partitions.set(partition.index, partition);
      if (assigned.has(partition.index)) this.adopted.add(partition);
      this.offers.came(partition, assigned.has(partition.index));
    }
    // Those that came too late are given back with the others.
    if (this.stopping || this.isRetiring) return 0;
    this.port.metrics.taken += leases.length;
    this.port.metrics.takenOver += leases.filter(({ takenOverFrom }) => takenOverFrom !== null).length;
    this.log.taken(leases, this.partitions.size, this.port.partitionCount());
    this.port.acquired(partitions);
    return leases.length;
  }

  /** Offers the partition if it holds work for another worker, now or when it has been here for long enough. */
  private offerNow(partition: Partition): boolean {
    if (partition.state !== 'owned' || this.stopping) return false;
    const others = this.members.workers.owners.filter(({ incarnation }) => !this.members.isSelf(incarnation));
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
    if (partition.state !== 'releasing' || !this.members.isRegistered) return;
    const release = releaseOf(partition);
    this.drop([partition]);
    this.departures.give(this.members.worker, release, to);
  }
}
