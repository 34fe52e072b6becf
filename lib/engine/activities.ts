/**
 * The activities that this process runs, and what becomes of their claims: results of its own partitions' activities go to
 * the instance in memory, others to the owner's inbox; claims of dead workers and claims whose answer was lost are given back,
 * so that no activity waits for a worker that does not have it.
 */
import { randomUUID } from 'node:crypto';
import { failureDetailsOf } from '../core/failure-details.js';
import type { TaskCompleted, TaskFailed } from '../core/history.js';
import type { DurableLogger } from '../core/logger.js';
import { isReservedName } from '../core/reserved-names.js';
import { CLIENT_SENDER_BASE, type ActivityWork, type DurableStore, type ForeignActivityResult, type InboxMessage, type RunningActivity } from '../storage/store.js';
import { ActivityClaimer } from './activity-claimer.js';
import { ActivityPool } from './activity-pool.js';
import { Backoff } from './backoff.js';
import { ClaimChecks } from './claim-checks.js';
import type { Clock } from './clock.js';
import type { HandlerRegistry } from './handlers.js';
import type { MessageKeys } from './message-keys.js';
import { resultWeightOf } from './message-weight.js';
import type { ActivityCounts } from './metrics.js';
import type { Ownership } from './ownership.js';
import type { Partition } from './partition.js';
import { ResultRoom } from './result-room.js';
import type { EngineSettings } from './settings.js';
import type { StoreHealth } from './store-health.js';

export interface ActivitiesPort {
  readonly store: DurableStore;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly log: DurableLogger;
  readonly handlers: HandlerRegistry;
  readonly settings: EngineSettings;
  readonly ownership: Ownership;
  readonly keys: MessageKeys;
  readonly metrics: ActivityCounts;
  partitionCount(): number;
  /** Whether instances or entities that workers may have died of wait or are at work in this process [Y8]. */
  hasSuspects(): boolean;
  /** Hands a result to an instance of an owned partition. */
  offer(partition: Partition, activity: RunningActivity, event: TaskCompleted | TaskFailed): void;
}

export class Activities {
  private readonly pool: ActivityPool;
  private readonly claimer: ActivityClaimer;
  /** Suspects whose results are on their way to another process's instance. */
  private readonly leaving = new Set<RunningActivity>();
  private readonly results: ResultRoom;
  private readonly checks: ClaimChecks;
  private hasMetSuspects = false;
  private stopped = false;

  constructor(private readonly port: ActivitiesPort) {
    const { store, clock, health, log, handlers, settings, ownership } = port;
    this.results = new ResultRoom(() => ownership.partitions.values());
    this.pool = new ActivityPool({
      handlers, clock, log,
      metrics: port.metrics,
      maxConcurrent: settings.maxConcurrentActivityFunctions,
      maxPayloadBytes: settings.maxPayloadBytes,
      maxDispatchCount: settings.maxDispatchCount,
      mayStart: () => ownership.holdsLease && this.results.ask(),
      namesWithout: (name) => this.namesWithout(name),
      finished: (activity, event) => this.finished(activity, event),
      returned: (activity) => this.giveBack(activity),
    });
    this.claimer = new ActivityClaimer({
      store, clock, health,
      worker: () => ownership.members.worker,
      activityNames: () => handlers.list().activities,
      room: () => (this.results.ask() ? this.pool.room : 0),
      suspects: () => ({ from: this.suspectFrom, take: !this.isSuspectAtWork && !port.hasSuspects() }),
      lapses: () => ownership.members.lapses,
      claimed: (activity, isCertain) => this.start(activity, { isCertain }),
      outcomeUnknown: () => this.checks.sweepLater(),
      refused: (result, error) => this.refused(result, error),
    });
    this.checks = new ClaimChecks({
      store, clock, health, ownership,
      pool: this.pool,
      leaseDuration: settings.leaseDuration,
      partitionCount: () => port.partitionCount(),
      isAtWork: (activity) => this.isAtWork(activity),
      giveBack: (activity) => this.giveBack(activity),
    });
  }

  /** A claim for an activity that is about to be written, when this process is to run it. */
  reserve(name: string): { readonly claimToken: string; readonly claimedBy: string } | undefined {
    const isOwn = this.port.handlers.findActivity(name) !== undefined;
    // One that nobody has is taken as well, to fail at once instead of waiting for ever [A3].
    if (!isOwn && this.port.ownership.members.workers.hasActivity(name)) return undefined;
    if ((isOwn && !this.results.ask()) || !this.pool.reserve(!isOwn)) return undefined;
    return { claimToken: randomUUID(), claimedBy: this.port.ownership.members.worker.incarnation };
  }

  /** Gives back the places of a checkpoint that was written or dropped. */
  unreserve(count: number): void {
    this.pool.unreserve(count);
  }

  /** @param isCertain false: the claim may be another worker's meanwhile, which is found out before it begins */
  start(activity: RunningActivity, { isCertain }: { readonly isCertain: boolean }): void {
    this.hasMetSuspects ||= this.isSuspect(activity);
    this.port.ownership.owns(activity.partition)?.claims.set(activity.claimToken, activity);
    if (!isCertain) this.pool.doubt([activity]);
    this.pool.start(activity);
    if (!isCertain) void this.checks.settleDoubts();
  }

  /** The lease had ended: what waits to begin may be another worker's meanwhile. */
  doubtWaiting(): void {
    this.pool.doubt(this.pool.waiting);
  }

  /** Results of an owned partition's activities are in the database. */
  consumed(partition: Partition, claims: readonly Pick<RunningActivity, 'claimToken'>[]): void {
    let isNext = false;
    for (const { claimToken } of claims) {
      const activity = partition.claims.get(claimToken);
      isNext ||= activity !== undefined && this.isSuspect(activity);
      partition.claims.delete(claimToken);
    }
    if (isNext) void this.claim();
    if (!this.results.hasComeBack()) return;
    this.pool.next();
    this.claimMore();
  }

  /** How many run in this process. */
  get running(): number {
    return this.pool.runningCount;
  }

  /** How many this process has taken that wait for a place. */
  get waiting(): number {
    return this.pool.waiting.length;
  }

  /** Looks for waiting activities of the hub; answers whether there were any. */
  claim(): Promise<boolean> {
    return this.claimer.claim();
  }

  /**
   * Ends what runs for an execution that was ended by force, or rewound.
   * @param ready by the same commit, anew after a rewind: where its answer comes late, they may have been claimed since
   */
  abandon(partition: Partition, executionId: string, ready: readonly ActivityWork[]): void {
    const again = new Set(ready.filter((work) => work.executionId === executionId).map(({ taskId }) => taskId));
    const isOver = (activity: RunningActivity) => activity.executionId === executionId && !again.has(activity.taskId);
    for (const [token, activity] of partition.claims) if (isOver(activity)) partition.claims.delete(token);
    this.pool.abandon(isOver);
    if (again.size > 0) void this.checks.abandonLost(partition, executionId);
  }

  /**
   * Hands a result to another process's instance, or to one that cannot take it up for long. After the stop its claim is a dead
   * worker's: whoever owns the instance runs it again [A4].
   */
  completeForeign(activity: RunningActivity, event: TaskCompleted | TaskFailed): void {
    if (this.stopped) return;
    const { partition, instanceId, executionId } = activity;
    this.port.ownership.owns(partition)?.claims.delete(activity.claimToken);
    const sender = CLIENT_SENDER_BASE + this.port.ownership.members.worker.workerId;
    const message: InboxMessage = { partition, key: this.port.keys.next(), sender, instanceId, body: { type: 'Deliver', executionId, event } };
    this.claimer.complete({ activity, message });
    if (!this.isSuspect(activity)) return;
    this.leaving.add(activity);
    void this.claimer.whenIdle().then(() => this.leaving.delete(activity));
  }

  /** As {@link ClaimChecks.findLost}. */
  findLost(partition: Partition, claims: readonly RunningActivity[]): Promise<ReadonlySet<string>> {
    return this.checks.findLost(partition, claims);
  }

  /** Puts the activities of dead workers back to where any worker takes them [A4]. */
  async recover(partitions: readonly Partition[]): Promise<void> {
    const { store, ownership, health, clock } = this.port;
    const backoff = new Backoff(clock, { first: 50, max: 1_000 });
    for (;;) {
      const owned = partitions.filter(({ state }) => state === 'owned');
      if (owned.length === 0 || this.stopped) return;
      try {
        const claims = await store.readRunningActivities(owned.map(({ index }) => index));
        for (const claim of claims) if (this.pool.has(claim.claimToken)) ownership.owns(claim.partition)?.claims.set(claim.claimToken, claim);
        const others = claims.filter((claim) => !this.isAtWork(claim));
        // A worker that began after the last heartbeat would pass for dead.
        if (others.some(({ claimedBy }) => !ownership.isLive(claimedBy))) await ownership.members.refresh();
        for (const claim of others) if (!ownership.isLive(claim.claimedBy)) this.claimer.giveBack(this.counted(claim));
        if (others.some(({ claimedBy }) => claimedBy === ownership.members.worker.incarnation)) this.checks.sweepLater();
        await this.claimer.whenIdle();
        await this.claim();
        return;
      } catch (error) {
        health.failed(error);
        await backoff.wait();
      }
    }
  }

  leaseRenewed(): void {
    this.pool.next();
    void this.checks.settleDoubts();
    void this.checks.abortLost();
  }

  /** Claims nothing any more and gives back what has not begun. */
  stopTaking(): void {
    this.claimer.stopClaiming();
    this.pool.stop();
  }

  abortAll(reason: Error): void {
    this.pool.abortAll(reason);
  }

  /** Resolves when no activity runs. */
  whenDone(): Promise<void> {
    return this.pool.whenIdle();
  }

  /** Resolves when every result and every claim given back is written. */
  whenWritten(): Promise<void> {
    return this.claimer.whenIdle();
  }

  stop(): void {
    this.stopped = true;
    this.checks.stop();
    this.claimer.stop();
  }

  private finished(activity: RunningActivity, event: TaskCompleted | TaskFailed): void {
    // An activity that outlived the stop: whoever takes the partition over runs it again [A4].
    if (this.stopped) return;
    const partition = this.port.ownership.owns(activity.partition);
    if (partition?.claims.has(activity.claimToken)) {
      partition.claims.ended(activity.claimToken, resultWeightOf(event));
      this.port.offer(partition, activity, event);
    } else this.completeForeign(activity, event);
    this.claimMore();
  }

  private claimMore(): void {
    if (this.claimer.hasMore && this.pool.room > 0 && this.results.ask()) void this.claimer.claim();
  }

  private counted(claim: RunningActivity): RunningActivity {
    return this.port.ownership.hasDied(claim.claimedBy) ? { ...claim, dispatchCount: (claim.dispatchCount ?? 0) + 1 } : claim;
  }

  private giveBack(activity: RunningActivity): void {
    if (this.stopped) return;
    this.port.ownership.owns(activity.partition)?.claims.delete(activity.claimToken);
    this.claimer.giveBack(activity);
  }

  private async namesWithout(name: string): Promise<readonly string[] | undefined> {
    const live = await this.port.ownership.members.liveHandlers();
    const names = [...new Set([this.port.handlers.list(), ...live].flatMap(({ activities }) => activities))].sort();
    return names.includes(name) ? undefined : names.filter((known) => !isReservedName(known));
  }

  /** An instance that waits for a result which the database does not take gets the reason instead. */
  private refused({ activity, message }: ForeignActivityResult, error: unknown): void {
    const { name, instanceId, taskId } = activity;
    const reason = error instanceof Error ? error.message : String(error);
    const text = `The result of activity '${name}' for instance '${instanceId}' could not be written: ${reason}`;
    this.port.log.error(text);
    if (message.body.type !== 'Deliver' || message.body.event.type !== 'TaskCompleted') return;
    this.completeForeign(activity, { type: 'TaskFailed', taskId, failureDetails: failureDetailsOf(new Error(text)) });
  }

  /** Whether this process runs the activity or has its result. */
  private isAtWork({ partition, claimToken }: RunningActivity): boolean {
    return this.pool.has(claimToken) || this.port.ownership.owns(partition)?.claims.has(claimToken) === true;
  }

  /** From half the limit on an activity runs with no other suspect beside it, so that only the culprit's count goes on rising [Y8]. */
  private get suspectFrom(): number {
    return Math.ceil(this.port.settings.maxDispatchCount / 2);
  }

  private isSuspect({ dispatchCount = 0 }: RunningActivity): boolean {
    return dispatchCount >= this.suspectFrom;
  }

  /** Whether one that workers may have died of is at work. Until its result is in the database: it would count as not done. */
  get isSuspectAtWork(): boolean {
    return this.suspects.length > 0;
  }

  /** Those of them that are at work. */
  get suspects(): readonly RunningActivity[] {
    if (!this.hasMetSuspects) return [];
    const owned = [...this.port.ownership.partitions.values()].flatMap(({ claims }) => [...claims.values()]);
    return [...new Set([...this.pool.current, ...owned, ...this.leaving])].filter((activity) => this.isSuspect(activity));
  }
}
