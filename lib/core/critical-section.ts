import type { EntityId } from './entity-id.js';
import type { LockState } from './entity-lock.js';
import { LockingRulesViolationError } from './errors.js';
import type { DurableTask } from './task.js';

/**
 * The critical section of an execution, of which there is one at most, and what the code must not do in it [L2]. It begins with the
 * call of `ctx.lock`, not with the grant: two orchestrations could wait for each other meanwhile, too.
 *
 * All checks throw LockingRulesViolationError; `where` is the call, with orchestrator and instance.
 */
export class CriticalSection {
  /** Requested or held, by their text. */
  private readonly ids = new Map<string, EntityId>();
  private isHeld = false;
  /** The last call of each entity in this section. */
  private readonly calls = new Map<string, DurableTask<unknown>>();

  get state(): LockState {
    return { isLocked: this.isHeld, ownedLocks: this.isHeld ? [...this.ids.values()] : [] };
  }

  request(ids: readonly EntityId[]): void {
    for (const id of ids) this.ids.set(id.toString(), id);
  }

  begin(): void {
    this.isHeld = true;
  }

  end(): void {
    this.isHeld = false;
    this.ids.clear();
    this.calls.clear();
  }

  noteCall(id: EntityId, call: DurableTask<unknown>): void {
    if (this.isHeld) this.calls.set(id.toString(), call);
  }

  assertMayLock(where: string): void {
    if (this.ids.size === 0) return;
    throw new LockingRulesViolationError(
      where,
      `this orchestration ${this.has} already, and a second lock beside the first could block both sides for ever. ` +
        'Lock all entities by one call, ctx.lock(a, b), or release the first lock before.',
    );
  }

  assertMayCallSubOrchestrator(where: string): void {
    if (this.ids.size === 0) return;
    throw new LockingRulesViolationError(
      where,
      `this orchestration ${this.has}, and a sub-orchestration could wait for the same entities. ` +
        'Call it before ctx.lock, or after lock.release().',
    );
  }

  assertMayCall(id: EntityId, where: string): void {
    if (this.ids.size === 0) return;
    if (!this.isHeld) {
      throw new LockingRulesViolationError(where, `this orchestration ${this.has}, and no entity may be called before it has the lock. Yield the task of ctx.lock first.`);
    }
    if (!this.ids.has(id.toString())) {
      throw new LockingRulesViolationError(
        where,
        `entity '${id.toString()}' is not among those that this orchestration has locked (${this.list}), and may wait for one of them. ` +
          'Lock it by the same ctx.lock, or call it outside of the critical section.',
      );
    }
    if (this.calls.get(id.toString())?.isCompleted === false) {
      throw new LockingRulesViolationError(where, `an earlier call of the locked entity '${id.toString()}' has no answer yet, and two must not run in parallel. Yield the first one before.`);
    }
  }

  assertMaySignal(id: EntityId, where: string): void {
    if (!this.ids.has(id.toString())) return;
    throw new LockingRulesViolationError(
      where,
      `this orchestration ${this.has}, and a signal would reach a locked entity only after the lock. ` +
        'Call it with ctx.callEntity, or signal it outside of the critical section.',
    );
  }

  private get has(): string {
    return `${this.isHeld ? 'holds the lock of' : 'waits for the lock of'} ${this.list}`;
  }

  private get list(): string {
    return [...this.ids.keys()].map((id) => `'${id}'`).join(', ');
  }
}
