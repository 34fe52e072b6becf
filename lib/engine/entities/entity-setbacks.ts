/** How the runner comes back to entities that could not be processed, or whose step was not written: after a pause, and in what state. */
import type { DurableLogger } from '../../core/logger.js';
import type { InboxMessage } from '../../storage/store.js';
import type { Clock } from '../clock.js';
import type { Partition } from '../partition.js';
import { Refusals } from '../refusals.js';
import type { EntitySlot } from './entity-slot.js';

export interface EntitySetbacksPort {
  readonly clock: Clock;
  readonly log: DurableLogger;
  readonly maxDispatchCount: number;
  /** Nothing is begun any more. */
  isStopping(): boolean;
  /** It may be long before the slot is taken up. */
  paused(slot: EntitySlot): void;
  /** The pause is over. */
  resumed(slot: EntitySlot): void;
  /** Messages that memory no longer holds are to be read again. */
  reread(partition: Partition, messages: readonly InboxMessage[]): void;
}

export class EntitySetbacks {
  private readonly refusals: Refusals;

  constructor(private readonly port: EntitySetbacksPort) {
    this.refusals = new Refusals('Entity', port);
  }

  /** Comes back to an entity that could not be processed or whose step was not written. */
  retry(slot: EntitySlot, error: unknown): void {
    const { partition } = slot;
    const reason = slot.dropped?.reason ?? 'refused';
    const isRefused = this.refusals.isRefused(slot, reason);
    slot.dropped = undefined;
    if (partition.state === 'lost' || reason === 'partition-lost' || this.port.isStopping()) return;
    // The one that the database does not take is found by running them one by one.
    if (isRefused) slot.oneByOne = Math.max(slot.oneByOne, slot.inHand.size);
    const inbox = slot.line.reset(slot.inHand);
    slot.inHand.clear();
    slot.forget();
    if (isRefused) return this.refused(slot, inbox, error);
    this.port.reread(partition, inbox);
    this.wait(slot, this.refusals.stale(slot, error));
  }

  /** A step of it was written. */
  over(slot: EntitySlot): void {
    this.refusals.over(slot);
  }

  /** @param delay ms */
  wait(slot: EntitySlot, delay: number): void {
    if (this.port.isStopping()) return;
    slot.busy = true;
    slot.isHeldUp = true;
    this.port.paused(slot);
    slot.cancelWait = this.port.clock.after(delay, () => {
      slot.cancelWait = undefined;
      slot.busy = false;
      slot.isHeldUp = false;
      if (slot.partition.bringBack(slot.instanceId)) this.port.reread(slot.partition, []);
      this.port.resumed(slot);
    });
  }

  private refused(slot: EntitySlot, inbox: readonly InboxMessage[], error: unknown): void {
    const { delay, isBlocked, failure } = this.refusals.refused(slot, error);
    // The operation that comes first fails with that, in a step of its own.
    if (failure) {
      slot.admission = failure;
      slot.oneByOne = Math.max(slot.oneByOne, 1);
    }
    const isAside = isBlocked && slot.partition.setAside(slot.instanceId, inbox);
    if (!isAside) this.port.reread(slot.partition, inbox);
    this.wait(slot, delay);
  }
}
