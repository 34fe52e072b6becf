import type { EntityId } from './entity-id.js';

/**
 * A critical section: the entities of one `ctx.lock` are this orchestration's alone until it is released [L1]. It ends with the
 * orchestration in any case. With `using lock = yield* ctx.lock(id)` it ends with the block.
 */
export interface EntityLock extends Disposable {
  /** Gives the entities back; does nothing when that was done before. */
  release(): void;
}

/** What an orchestration has locked. */
export interface LockState {
  readonly isLocked: boolean;
  /** In the order in which they were locked; empty while a lock is only waited for. */
  readonly ownedLocks: readonly EntityId[];
}
