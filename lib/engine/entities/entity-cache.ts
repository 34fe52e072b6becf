import type { EntitySlot } from './entity-slot.js';

/** Bytes of states that stay in memory at most. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The entities in memory that have nothing to do, least recently used first. */
export class EntityCache {
  private readonly weights = new Map<EntitySlot, number>();
  private bytes = 0;

  /** @param limit entities kept at most */
  constructor(private readonly limit: number, private readonly maxBytes = MAX_BYTES) {}

  /** Keeps the entity, and lets go of those that were not used for longest. */
  keep(slot: EntitySlot): void {
    this.delete(slot);
    this.weights.set(slot, slot.weight);
    this.bytes += slot.weight;
    for (const oldest of this.weights.keys()) {
      if (this.weights.size <= this.limit && this.bytes <= this.maxBytes) return;
      this.delete(oldest);
      oldest.forget();
      oldest.partition.removeEntity(oldest);
    }
  }

  /** The entity has something to do, or is gone. */
  delete(slot: EntitySlot): void {
    this.bytes -= this.weights.get(slot) ?? 0;
    this.weights.delete(slot);
  }
}
