/** Deletes finished instances, in paced chunks. From any process of the hub: their rows are nobody's any more (I8). */
import { ModuleStoppedError } from '../core/client-errors.js';
import type { RuntimeStatus } from '../core/history.js';
import type { DurableStore, PurgeOutcome, PurgeQuery, PurgeRequest, PurgeScan, PurgeTarget } from '../storage/store.js';
import { Backoff } from './backoff.js';
import { ChunkPace } from './chunk-pace.js';
import type { Clock } from './clock.js';
import type { StoreHealth } from './store-health.js';

export interface PurgerPort {
  readonly store: Pick<DurableStore, 'newestCreation' | 'scanForPurge' | 'purgeInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  /** There are histories to be collected. */
  purged(): void;
}

export class Purger {
  private stopped = false;

  constructor(private readonly port: PurgerPort) {}

  /** Deletes those of these instances that are finished; answers what became of each. */
  async purge(targets: readonly PurgeTarget[]): Promise<PurgeOutcome[]> {
    const outcomes: PurgeOutcome[] = [];
    const pace = new ChunkPace(this.port.clock);
    while (outcomes.length < targets.length) {
      if (outcomes.length > 0) await pace.rest();
      const { length } = outcomes;
      outcomes.push(...(await pace.run((size) => this.delete(targets.slice(length, length + size)))));
    }
    return outcomes;
  }

  /** Deletes all instances that match now; answers how many. Those that are created meanwhile are left. */
  async purgeMatching(request: PurgeRequest): Promise<number> {
    const newest = await this.persist(() => this.port.store.newestCreation());
    if (newest === undefined) return 0;
    const createdTo = Math.min(request.createdTo ?? newest, newest);
    const pace = new ChunkPace(this.port.clock);
    let deleted = 0;
    for (let after: PurgeQuery['after']; ; await pace.rest()) {
      const { last, count } = await pace.run((size) => this.chunk({ ...request, createdTo, after }, size));
      deleted += count;
      if (!last) return deleted;
      after = last;
    }
  }

  stop(): void {
    this.stopped = true;
  }

  private async chunk(query: PurgeQuery, size: number): Promise<{ last: PurgeScan['last']; count: number }> {
    const { targets, last } = await this.persist(() => this.port.store.scanForPurge(query, size));
    // Another execution may have taken the place of one since, or it was rewound: the look under the lock counts.
    const outcomes = await this.delete(targets, query.statuses);
    return { last, count: outcomes.filter(({ deleted }) => deleted).length };
  }

  private async delete(targets: readonly PurgeTarget[], statuses?: readonly RuntimeStatus[]): Promise<PurgeOutcome[]> {
    if (targets.length === 0) return [];
    const outcomes = await this.persist(() => this.port.store.purgeInstances(targets, statuses));
    if (outcomes.some(({ deleted }) => deleted)) this.port.purged();
    return outcomes;
  }

  /** Tries again until the database has answered. What a chunk with a lost answer deleted is not counted. */
  private async persist<T>(attempt: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(this.port.clock, { first: 10, max: 1_000 });
    for (;;) {
      if (this.stopped) throw new ModuleStoppedError('the purge has not come to its end. Call it again to go on.');
      try {
        const result = await attempt();
        this.port.health.reached();
        return result;
      } catch (error) {
        if (!this.port.health.isTransient(error)) throw error;
        this.port.health.failed(error);
        await backoff.wait();
      }
    }
  }
}
