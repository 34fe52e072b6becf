/**
 * Brings instances that are not in memory back: rows and histories of many in one query, then their replay. An instance that
 * cannot be loaded does not keep the others from it.
 */
import { isFinished } from '../core/history.js';
import { hasFailed } from '../core/rewind.js';
import type { DurableStore, InstanceRow, LoadedInstance } from '../storage/store.js';
import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import type { InstanceSlot, Session } from './instance-slot.js';
import { mayRewind } from './rewinding.js';
import { replaySession, rewoundSession, type SessionContext } from './sessions.js';
import type { StoreHealth } from './store-health.js';

/** Instances loaded by one query, and the bytes of history that it may bring. */
const MAX_LOAD = 200;
const MAX_LOAD_BYTES = 16 * 1024 * 1024;

export type LoadOutcome =
  | { readonly kind: 'loaded'; readonly session: Session | undefined }
  /** Its code may be what its workers died of: it is to be loaded again when nothing else runs [Y8]. */
  | { readonly kind: 'suspect' }
  /** Its partition is no longer this process's. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface InstanceLoaderPort {
  readonly store: Pick<DurableStore, 'loadInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly context: SessionContext;
  /** Whether the instance's code has to wait until nothing else runs [Y8]. */
  isToWait(slot: InstanceSlot, row: InstanceRow): boolean;
  /** Called once for each slot that was added. */
  loaded(slot: InstanceSlot, outcome: LoadOutcome): void;
}

export class InstanceLoader {
  private waiting: InstanceSlot[] = [];
  private loading = false;
  private stopped = false;

  constructor(private readonly port: InstanceLoaderPort) {}

  /** The slot's row is set when `loaded` is called: to `null` when there is no such instance. */
  add(slot: InstanceSlot): void {
    this.waiting.push(slot);
  }

  /** Loads what was added since, together. */
  start(): void {
    if (this.loading) return;
    this.loading = true;
    void this.run().finally(() => {
      this.loading = false;
    });
  }

  stop(): void {
    this.stopped = true;
  }

  private async run(): Promise<void> {
    const backoff = new Backoff(this.port.clock, { first: 10, max: 1_000 });
    while (this.waiting.length > 0 && !this.stopped) {
      const slots = this.waiting.splice(0, MAX_LOAD);
      try {
        await this.load(slots);
        backoff.reset();
      } catch (error) {
        if (this.port.health.isTransient(error)) {
          this.waiting.unshift(...slots);
          this.port.health.failed(error);
          await backoff.wait();
        } else await this.loadAlone(slots, error);
      }
    }
  }

  /** One of the slots fails: finds out which. */
  private async loadAlone(slots: readonly InstanceSlot[], error: unknown): Promise<void> {
    if (slots.length === 1) return this.port.loaded(slots[0]!, { kind: 'failed', error });
    for (const slot of slots) {
      try {
        await this.load([slot]);
      } catch (reason) {
        this.port.loaded(slot, { kind: 'failed', error: reason });
      }
    }
  }

  private async load(slots: InstanceSlot[]): Promise<void> {
    for (const slot of slots) slot.lastBeforeRead = slot.queue.at(-1);
    const { instances, looked } = await this.port.store.loadInstances(
      slots.map(({ partition, instanceId, queue }) => ({ partition: partition.index, instanceId, finishedHistory: queue.some(mayRewind) })),
      { maxBytes: MAX_LOAD_BYTES },
    );
    this.port.health.reached();
    this.waiting.unshift(...slots.slice(looked));
    const byId = new Map(instances.map((instance) => [instance.row.instanceId, instance]));
    for (const slot of slots.slice(0, looked)) this.port.loaded(slot, await this.revive(slot, byId.get(slot.instanceId)));
  }

  private async revive(slot: InstanceSlot, loaded: LoadedInstance | undefined): Promise<LoadOutcome> {
    if (slot.partition.state !== 'owned') return { kind: 'gone' };
    if (loaded && this.port.isToWait(slot, loaded.row)) return { kind: 'suspect' };
    slot.row = loaded?.row ?? null;
    if (!loaded || loaded.history.length === 0 || (isFinished(loaded.row.status) && loaded.row.status !== 'Failed')) return { kind: 'loaded', session: undefined };
    const { row, history } = loaded;
    const { context } = this.port;
    try {
      const session = hasFailed(history) ? await rewoundSession(row, history, context, slot.poison) : await replaySession(row, history, context, slot.poison);
      return { kind: 'loaded', session };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }
}
