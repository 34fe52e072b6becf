import type { InstanceSlot, Session } from './instance-slot.js';

/**
 * The generators in memory, least recently used first. An evicted one is dropped as it is: return() would run the user's
 * `finally` blocks [Y7].
 */
export class SessionCache {
  private readonly slots = new Set<InstanceSlot>();

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.slots.size;
  }

  set(slot: InstanceSlot, session: Session | undefined): void {
    this.slots.delete(slot);
    slot.session = session;
    if (!session) return;
    this.slots.add(slot);
    for (const oldest of this.slots) {
      if (this.slots.size <= this.limit) return;
      if (oldest.busy) continue;
      this.delete(oldest);
      oldest.forget();
      if (oldest.queue.length === 0) oldest.partition.removeSlot(oldest);
    }
  }

  delete(slot: InstanceSlot): void {
    this.slots.delete(slot);
    slot.session = undefined;
  }
}
