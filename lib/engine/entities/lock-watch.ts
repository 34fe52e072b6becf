import { isFinished, type Caller } from '../../core/history.js';
import { partitionOf } from '../../core/ids.js';
import type { DurableStore, InstanceKey } from '../../storage/store.js';
import { Backoff } from '../backoff.js';
import type { Clock } from '../clock.js';
import { LoadQueue } from '../load-queue.js';
import type { StoreHealth } from '../store-health.js';
import { isSameRequest } from './entity-line.js';
import type { EntitySlot } from './entity-slot.js';

export interface LockWatchPort {
  readonly store: Pick<DurableStore, 'getInstanceHeads'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  partitionCount(): number;
  /** The holder's lock is to be taken from it: it has ended, or is gone. */
  orphaned(slot: EntitySlot, holder: Caller): void;
}

/** How long the holder of a lock is left alone while others wait, ms: it gives the lock back itself when it ends. */
const PATIENCE = { first: 5_000, max: 60_000 };

/** Looks whether the holders of locks that others wait for are still there [L1]. */
export class LockWatch {
  private readonly queue: LoadQueue<EntitySlot>;
  private stopped = false;

  constructor(private readonly port: LockWatchPort) {
    const { clock, health } = port;
    this.queue = new LoadQueue({ clock, health, load: (slots) => this.look(slots), failed: (slot) => this.again(slot) });
  }

  /** Something waits for the entity, which is locked. */
  watch(slot: EntitySlot): void {
    if (slot.cancelLook || this.stopped) return;
    // A lock that another worker has granted may be one that was never given back: it is looked at right away.
    const delay = slot.patience ? slot.patience.next() : 0;
    slot.patience ??= new Backoff(this.port.clock, PATIENCE);
    slot.cancelLook = this.port.clock.after(delay, () => {
      this.queue.add(slot);
      this.queue.start();
    });
  }

  /** Another one has the lock now, which was granted here, or nobody. */
  changed(slot: EntitySlot): void {
    this.forget(slot);
    if (slot.row?.lock) slot.patience = new Backoff(this.port.clock, PATIENCE);
  }

  forget(slot: EntitySlot): void {
    slot.cancelLook?.();
    slot.cancelLook = undefined;
    slot.patience = undefined;
  }

  stop(): void {
    this.stopped = true;
    this.queue.stop();
  }

  private async look(slots: readonly EntitySlot[]): Promise<number> {
    const locked = slots.flatMap((slot) => (slot.row?.lock ? [{ slot, holder: slot.row.lock }] : []));
    const heads = await this.port.store.getInstanceHeads(locked.map(({ holder }) => this.keyOf(holder)));
    const byId = new Map(heads.map((head) => [head.instanceId, head]));
    for (const { slot, holder } of locked) {
      const head = byId.get(holder.instanceId);
      const isGone = !head || head.executionId !== holder.executionId || isFinished(head.status);
      if (isGone && slot.row?.lock && isSameRequest(slot.row.lock, holder)) this.port.orphaned(slot, holder);
    }
    for (const slot of slots) this.again(slot);
    return slots.length;
  }

  private again(slot: EntitySlot): void {
    slot.cancelLook = undefined;
    if (slot.partition.state === 'owned' && slot.row?.lock && !slot.orphan && !slot.line.isEmpty) this.watch(slot);
  }

  private keyOf({ instanceId }: Caller): InstanceKey {
    return { partition: partitionOf(instanceId, this.port.partitionCount()), instanceId };
  }
}
