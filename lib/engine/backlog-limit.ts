import { HubOverloadedError } from '../core/client-errors.js';
import type { DurableStore } from '../storage/store.js';
import type { Clock } from './clock.js';
import type { StoreHealth } from './store-health.js';

export interface BacklogLimitPort {
  readonly store: Pick<DurableStore, 'countBacklog'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  /** Name of the task hub. */
  readonly hub: string;
  /** `undefined`: nothing is refused, and nothing counted. */
  readonly maxBacklog: number | undefined;
}

/** How long a count is believed, ms. */
const COUNT_LIFETIME = 1_000;

/**
 * Refuses starts while too much waits in the hub (the setting `maxBacklog`). It is counted while starts are made only: once in a
 * second, and when as many were admitted since as had room, so that a count reads about one row for each start. Where there is hardly
 * any room it pauses between two counts for as long as the last one took: just then the database has enough to do.
 */
export class BacklogLimit {
  private waiting = 0;
  private countedAt = -Infinity;
  /** How long the last count took, ms. */
  private took = 0;
  private counting: Promise<void> | undefined;
  /** Starts that the last count may not have met. */
  private admitted = 0;
  private hasAdmitted = false;
  private underWay = 0;

  constructor(private readonly port: BacklogLimitPort) {}

  /**
   * Carries out a start, unless too much waits.
   * @throws {HubOverloadedError}
   */
  async admit<T>(start: () => Promise<T>): Promise<T> {
    const { hub, maxBacklog } = this.port;
    if (maxBacklog === undefined) return start();
    while (this.isOutdated(maxBacklog)) await (this.counting ??= this.count(maxBacklog));
    const backlog = this.waiting + this.admitted;
    if (backlog >= maxBacklog) throw new HubOverloadedError(hub, backlog, maxBacklog);
    this.admitted += 1;
    this.hasAdmitted = true;
    this.underWay += 1;
    try {
      return await start();
    } finally {
      this.underWay -= 1;
    }
  }

  private isOutdated(maxBacklog: number): boolean {
    const isFull = this.waiting + this.admitted >= maxBacklog;
    const age = this.port.clock.monotonic() - this.countedAt;
    return age > COUNT_LIFETIME || (isFull && this.hasAdmitted && age >= this.took);
  }

  private async count(maxBacklog: number): Promise<void> {
    const { store, clock, health } = this.port;
    const begun = clock.monotonic();
    try {
      this.waiting = await store.countBacklog(maxBacklog);
      health.reached();
    } catch (error) {
      if (!health.isTransient(error)) throw error;
      // While the database is away starts wait for it: those are counted.
      health.failed(error);
      this.waiting = 0;
    } finally {
      this.counting = undefined;
    }
    // What was written meanwhile may be missing in the count, or be counted twice: at most a transaction or two.
    this.admitted = this.underWay;
    this.hasAdmitted = false;
    this.countedAt = clock.monotonic();
    this.took = this.countedAt - begun;
  }
}
