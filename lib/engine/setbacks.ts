/** How the dispatcher comes back to instances that could not be processed, or whose checkpoint was not written: after a pause, and in what state. */
import type { DurableLogger } from '../core/logger.js';
import { backoffOf } from './backoff.js';
import type { Clock } from './clock.js';
import type { DropReason } from './committer.js';
import type { InstanceSlot, PendingInput } from './instance-slot.js';
import type { Partition } from './partition.js';
import { Refusals } from './refusals.js';

export interface SetbacksPort {
  readonly clock: Clock;
  readonly log: DurableLogger;
  readonly maxDispatchCount: number;
  /** The slot is not worked on, and what memory holds of the instance cannot be relied on. */
  forget(slot: InstanceSlot): void;
  /** It may be long before the slot is taken up. */
  paused(slot: InstanceSlot): void;
  /** The pause is over. */
  resumed(slot: InstanceSlot): void;
  /** Inputs that this process will not take up. */
  orphaned(inputs: readonly PendingInput[]): void;
  /** Messages that were left in the inbox are to be read. */
  expectMessages(): void;
  /** Timers of the partition that had to wait may fire. */
  expectTimers(partition: Partition): void;
}

export class Setbacks {
  private readonly refusals: Refusals;

  constructor(private readonly port: SetbacksPort) {
    this.refusals = new Refusals('Instance', port);
  }

  /** A checkpoint was not written; the slot's queue has its inputs again. */
  dropped(slot: InstanceSlot, reason: DropReason, error: unknown): void {
    if (this.refusals.isRefused(slot, reason)) this.refused(slot, error);
    else this.wait(slot, this.refusals.stale(slot, error));
  }

  /** The instance could not be loaded, or its turn failed by a defect. */
  failed(slot: InstanceSlot, error: unknown): void {
    this.port.forget(slot);
    slot.mustLoad = true;
    this.refused(slot, error);
  }

  /** This version cannot read the instance: a newer worker goes on with it when it gets the partition. */
  left(slot: InstanceSlot, reason: string): void {
    const { partition, instanceId } = slot;
    if (!partition.blocked.has(instanceId)) {
      this.port.log.warn(`Instance '${instanceId}' waits, as its history cannot be read: ${reason}. Start a worker of that version.`);
    }
    partition.blocked.set(instanceId, reason);
    this.port.forget(slot);
    slot.mustLoad = true;
    slot.failures += 1;
    this.setAside(slot);
    this.wait(slot, backoffOf(slot.failures));
  }

  /** Nothing of it is under way any more that could fail, or a checkpoint of it was written. */
  over(slot: InstanceSlot): void {
    slot.endsBare = false;
    this.refusals.over(slot);
  }

  private refused(slot: InstanceSlot, error: unknown): void {
    // The client's own queue tells the caller what is wrong.
    if (this.giveUpEagerStarts(slot)) return this.wait(slot, backoffOf(1));
    const { delay, isBlocked, failure } = this.refusals.refused(slot, error);
    if (failure) {
      slot.poison ??= failure;
      slot.endsBare = true;
    }
    if (isBlocked) this.setAside(slot);
    this.wait(slot, delay);
  }

  /** Their callers wait. Answers whether there are any. */
  private giveUpEagerStarts(slot: InstanceSlot): boolean {
    const eager = slot.queue.filter(({ kind }) => kind === 'eager');
    if (eager.length === 0) return false;
    slot.queue = slot.queue.filter(({ kind }) => kind !== 'eager');
    this.port.orphaned(eager);
    return true;
  }

  /**
   * Its messages stay in the inbox until it is tried again. Results go there too: as many as memory may hold would keep all activities
   * from running; and so would its timers keep others from firing.
   */
  private setAside(slot: InstanceSlot): void {
    const messages = slot.queue.flatMap((input) => (input.kind === 'message' ? [input.message] : []));
    if (!slot.partition.setAside(slot.instanceId, messages)) return;
    for (const input of slot.queue) if (input.kind === 'timer') slot.partition.timers.setAside(input.timer);
    this.port.expectTimers(slot.partition);
    const results = slot.queue.filter(({ kind }) => kind === 'activity');
    slot.queue = slot.queue.filter(({ kind }) => kind !== 'message' && kind !== 'activity');
    this.port.orphaned(results);
  }

  private wait(slot: InstanceSlot, delay: number): void {
    slot.busy = true;
    this.port.paused(slot);
    slot.cancelWait = this.port.clock.after(delay, () => {
      slot.cancelWait = undefined;
      slot.busy = false;
      if (slot.partition.bringBack(slot.instanceId)) this.port.expectMessages();
      this.port.resumed(slot);
    });
  }
}
