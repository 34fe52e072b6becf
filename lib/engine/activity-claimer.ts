/**
 * Takes waiting activities of the whole hub for this process, one claim at a time, and hands the results of those whose
 * partition is another process's to that one's inbox.
 */
import { isOfServer, OutcomeUnknownError } from '../storage/errors.js';
import type { ForeignActivityResult, DurableStore, RunningActivity, SuspectClaim, WorkerInfo } from '../storage/store.js';
import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import { MergeQueue } from './merge-queue.js';
import type { StoreHealth } from './store-health.js';

export interface ActivityClaimerPort {
  readonly store: Pick<DurableStore, 'claimActivities' | 'completeForeignActivities' | 'returnActivities'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  worker(): WorkerInfo;
  activityNames(): readonly string[];
  room(): number;
  /** Which activities workers may have died of, and whether one of them may run here now [Y8]. */
  suspects(): SuspectClaim;
  /** How often this process's lease has ended before it was renewed. */
  lapses(): number;
  /** @param isCertain false: others may have taken it meanwhile */
  claimed(activity: RunningActivity, isCertain: boolean): void;
  /** What a claim did whose answer was lost has to be found out. */
  outcomeUnknown(): void;
  /** The database will not take this result, ever. */
  refused(result: ForeignActivityResult, error: unknown): void;
}

const LIMITS = { maxItems: 200, maxWeight: 1024 * 1024 };

export class ActivityClaimer {
  /** Whether more may be waiting than this process had room for. */
  hasMore = false;
  private claiming = false;
  private again = false;
  private isClaimingStopped = false;
  private stopped = false;
  private readonly results: MergeQueue<ForeignActivityResult>;
  private readonly returns: MergeQueue<RunningActivity>;

  constructor(private readonly port: ActivityClaimerPort) {
    const complete = (batch: ForeignActivityResult[]) => port.store.completeForeignActivities(port.worker(), batch);
    this.results = new MergeQueue((batch) => this.persist(batch, complete, (result, error) => port.refused(result, error)), LIMITS);
    // Rows that were there before are not refused: whatever goes wrong here may pass.
    this.returns = new MergeQueue((batch) => this.persist(batch, (activities) => port.store.returnActivities(activities)), LIMITS);
  }

  /** Looks for waiting activities now. Answers whether any were found. */
  async claim(): Promise<boolean> {
    if (this.claiming) {
      this.again = true;
      return false;
    }
    this.claiming = true;
    let found = false;
    try {
      do {
        this.again = false;
        const names = this.port.activityNames();
        const limit = Math.min(this.port.room(), LIMITS.maxItems);
        if (this.isClaimingStopped || names.length === 0) break;
        this.hasMore = true;
        if (limit < 1) break;
        const lapses = this.port.lapses();
        const activities = await this.port.store.claimActivities(this.port.worker(), names, limit, this.port.suspects());
        this.port.health.reached();
        for (const activity of activities) this.port.claimed(activity, this.port.lapses() === lapses);
        found ||= activities.length > 0;
        this.hasMore = activities.length === limit;
        this.again ||= this.hasMore;
      } while (this.again);
    } catch (error) {
      this.port.health.failed(error);
      if (error instanceof OutcomeUnknownError) this.port.outcomeUnknown();
    } finally {
      this.claiming = false;
    }
    return found;
  }

  complete(result: ForeignActivityResult): void {
    const { body } = result.message;
    this.results.submit(result, 300 + (body.type === 'Deliver' ? JSON.stringify(body.event).length : 0));
  }

  giveBack(activity: RunningActivity): void {
    this.returns.submit(activity, 300 + (activity.input?.length ?? 0));
  }

  async whenIdle(): Promise<void> {
    await Promise.all([this.results.whenIdle(), this.returns.whenIdle()]);
  }

  stopClaiming(): void {
    this.isClaimingStopped = true;
  }

  /** Gives up what cannot be written because the database is away. */
  stop(): void {
    this.stopped = true;
  }

  /** Both writes count by claim token, so that repeating them is harmless (I4). A member that is refused must not hold up the rest. */
  private async persist<T>(batch: T[], write: (batch: T[]) => Promise<unknown>, refused?: (member: T, error: unknown) => void): Promise<void> {
    const backoff = new Backoff(this.port.clock, { first: 10, max: 1_000 });
    for (;;) {
      try {
        await write(batch);
        this.port.health.reached();
        return;
      } catch (error) {
        const mayPass = refused === undefined || this.stopped || this.port.health.isTransient(error) || isOfServer(error);
        if (!mayPass && batch.length > 1) {
          for (const member of batch) await this.persist([member], write, refused);
          return;
        }
        if (!mayPass) return refused(batch[0]!, error);
        this.port.health.failed(error);
        if (this.stopped) return;
        await backoff.wait();
      }
    }
  }
}
