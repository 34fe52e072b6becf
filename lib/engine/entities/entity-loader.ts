/** Brings entities into memory: rows and the beginnings of their queues of many in one query, and signals whose time has come. */
import type { DurableStore, QueuedMessage, QueueKey, TimerRow } from '../../storage/store.js';
import type { Clock } from '../clock.js';
import { LoadQueue } from '../load-queue.js';
import type { StoreHealth } from '../store-health.js';
import { queueKeyOf } from './entity-timers.js';
import type { EntitySlot } from './entity-slot.js';

/** Bytes of states and messages that one query may bring. */
const MAX_LOAD_BYTES = 16 * 1024 * 1024;
/** Messages of an entity's queue, and signals whose time has come, that are read at a time. */
const QUEUE_LIMIT = 100;

export interface EntityLoaderPort {
  readonly store: Pick<DurableStore, 'loadEntities' | 'readQueued'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  /** Called once for each slot that was added; with the timers of signals that are gone. */
  loaded(slot: EntitySlot, orphans: readonly TimerRow[]): void;
  failed(slot: EntitySlot, error: unknown): void;
}

export class EntityLoader {
  private readonly queue: LoadQueue<EntitySlot>;

  constructor(private readonly port: EntityLoaderPort) {
    const { clock, health } = port;
    this.queue = new LoadQueue({ clock, health, load: (slots) => this.load(slots), failed: (slot, error) => port.failed(slot, error) });
  }

  /** A row that is known stays: nobody but this process changes it. */
  add(slot: EntitySlot): void {
    this.queue.add(slot);
  }

  /** Loads what was added since, together. */
  start(): void {
    this.queue.start();
  }

  stop(): void {
    this.queue.stop();
  }

  private async load(slots: readonly EntitySlot[]): Promise<number> {
    const { store } = this.port;
    const timers = new Map(slots.map((slot) => [slot, slot.line.firedTimers(QUEUE_LIMIT)]));
    const keys = slots.map(({ partition, instanceId }) => ({ partition: partition.index, instanceId }));
    const { entities, looked } = await store.loadEntities(keys, { maxBytes: MAX_LOAD_BYTES, queueLimit: QUEUE_LIMIT });
    const due = await this.readDue(slots.slice(0, looked).flatMap((slot) => timers.get(slot)!));
    const byId = new Map(entities.map((entity) => [entity.instanceId, entity]));
    for (const slot of slots.slice(0, looked)) {
      const { row = null, queue, more } = byId.get(slot.instanceId)!;
      if (slot.row === undefined) slot.row = row;
      slot.isMarked ||= queue.length > 0;
      slot.line.load(queue, more);
      this.port.loaded(slot, slot.line.loadDue(timers.get(slot)!, due));
    }
    return looked;
  }

  private async readDue(timers: readonly TimerRow[]): Promise<ReadonlyMap<TimerRow, QueuedMessage>> {
    if (timers.length === 0) return new Map();
    const messages = await this.port.store.readQueued(timers.map(queueKeyOf));
    const nameOf = ({ instanceId, key, sender, dueAt }: QueueKey) => `${key}.${sender}.${dueAt} ${instanceId}`;
    const byKey = new Map(messages.map((message) => [nameOf(message), message]));
    return new Map(timers.flatMap((timer) => {
      const message = byKey.get(nameOf(queueKeyOf(timer)));
      return message ? [[timer, message] as const] : [];
    }));
  }
}
