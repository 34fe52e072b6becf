/**
 * Brings instances that are not in memory back: rows and histories of many in one query, then their replay. An instance that
 * cannot be loaded does not keep the others from it.
 */
import { isFinished } from '../core/history.js';
import { hasFailed } from '../core/rewind.js';
import type { DurableStore, InstanceRow, LoadedInstance } from '../storage/store.js';
import type { Clock } from './clock.js';
import type { InstanceSlot, Session } from './instance-slot.js';
import { LoadQueue } from './load-queue.js';
import type { InstanceCounts } from './metrics.js';
import { mayRewind } from './rewinding.js';
import { unreadable } from './refusals.js';
import { brokenSession, replaySession, rewoundSession, type SessionContext } from './sessions.js';
import type { StoreHealth } from './store-health.js';

/** Bytes of history that one query may bring. */
const MAX_LOAD_BYTES = 16 * 1024 * 1024;

export type LoadOutcome =
  | { readonly kind: 'loaded'; readonly session: Session | undefined }
  /** Its code may be what its workers died of: it is to be loaded again when nothing else runs [Y8]. */
  | { readonly kind: 'suspect' }
  /** Its partition is no longer this process's. */
  | { readonly kind: 'gone' }
  /** Its history is of a newer version, and not for this one to judge. */
  | { readonly kind: 'newer'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface InstanceLoaderPort {
  readonly store: Pick<DurableStore, 'loadInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly context: SessionContext;
  readonly metrics: InstanceCounts;
  /** Whether the instance's code has to wait until nothing else runs [Y8]. */
  isToWait(slot: InstanceSlot, row: InstanceRow): boolean;
  /** Called once for each slot that was added. */
  loaded(slot: InstanceSlot, outcome: LoadOutcome): void;
}

export class InstanceLoader {
  private readonly queue: LoadQueue<InstanceSlot>;

  constructor(private readonly port: InstanceLoaderPort) {
    const { clock, health } = port;
    this.queue = new LoadQueue({
      clock, health,
      load: (slots) => this.load(slots),
      failed: (slot, error) => port.loaded(slot, { kind: 'failed', error }),
    });
  }

  /** The slot's row is set when `loaded` is called: to `null` when there is no such instance. */
  add(slot: InstanceSlot): void {
    this.queue.add(slot);
  }

  /** Loads what was added since, together. */
  start(): void {
    this.queue.start();
  }

  stop(): void {
    this.queue.stop();
  }

  private async load(slots: readonly InstanceSlot[]): Promise<number> {
    for (const slot of slots) slot.lastBeforeRead = slot.queue.at(-1);
    const { instances, looked } = await this.port.store.loadInstances(
      slots.map(({ partition, instanceId, queue }) => ({ partition: partition.index, instanceId, finishedHistory: queue.some(mayRewind) })),
      { maxBytes: MAX_LOAD_BYTES },
    );
    const byId = new Map(instances.map((instance) => [instance.row.instanceId, instance]));
    for (const slot of slots.slice(0, looked)) this.port.loaded(slot, await this.revive(slot, byId.get(slot.instanceId)));
    return looked;
  }

  private async revive(slot: InstanceSlot, loaded: LoadedInstance | undefined): Promise<LoadOutcome> {
    if (slot.partition.state !== 'owned') return { kind: 'gone' };
    if (loaded && this.port.isToWait(slot, loaded.row)) return { kind: 'suspect' };
    slot.row = loaded?.row ?? null;
    const problem = loaded && this.problemOf(slot, loaded);
    if (problem) return problem;
    if (!loaded || loaded.history.length === 0 || (isFinished(loaded.row.status) && loaded.row.status !== 'Failed')) return { kind: 'loaded', session: undefined };
    const { row, history } = loaded;
    const { context, metrics } = this.port;
    metrics.cacheMisses += 1;
    metrics.replayedEvents += history.length;
    try {
      const session = hasFailed(history) ? await rewoundSession(row, history, context, slot.poison) : await replaySession(row, history, context, slot.poison);
      return { kind: 'loaded', session };
    } catch (error) {
      return slot.poison ? { kind: 'loaded', session: brokenSession(row, slot.poison) } : { kind: 'failed', error };
    }
  }

  /** What is to become of an instance of which something cannot be read: it fails, and nothing of its code runs. */
  private problemOf(slot: InstanceSlot, { row, unreadable: history }: LoadedInstance): LoadOutcome | undefined {
    const isOver = isFinished(row.status) && !slot.queue.some(mayRewind);
    if (isOver || !(history || row.unreadable)) return undefined;
    if (history?.isNewer) return { kind: 'newer', reason: history.reason };
    slot.poison ??= history
      ? unreadable(`The history of instance '${row.instanceId}'`, history.reason)
      : unreadable(`The row of instance '${row.instanceId}' in durable_instances`, row.unreadable!);
    // Not over what may be left of it: it can be repaired.
    slot.row = { ...row, historyLength: Math.max(row.historyLength, history?.end ?? 0) };
    return { kind: 'loaded', session: brokenSession(row, slot.poison) };
  }
}
