import type { OpenLock } from './action-log.js';
import type { EntityId } from './entity-id.js';
import type { EntityLock } from './entity-lock.js';
import type { ExecutionScope } from './execution-scope.js';
import { TaskBase } from './task-base.js';

interface RequestedLock {
  readonly taskId: number;
  readonly entityId: string;
}

/** The wait for the locks of entities, which are requested one after the other [L1]. */
export class LockTask extends TaskBase<EntityLock> implements OpenLock {
  readonly kind = 'lock';
  private readonly requests: RequestedLock[] = [];

  /** @param ids distinct, in an order that is the same in all orchestrations: so none waits for another in a circle */
  constructor(
    private readonly scope: ExecutionScope,
    private readonly ids: readonly EntityId[],
  ) {
    super(scope, `lock of ${ids.map((id) => `'${id.toString()}'`).join(', ')}`);
  }

  begin(): this {
    this.scope.criticalSection.request(this.ids);
    this.requestNext();
    return this;
  }

  granted(): void {
    if (this.requests.length < this.ids.length) {
      this.requestNext();
      return;
    }
    this.scope.criticalSection.begin();
    this.succeed(new HeldLock(this.scope, this.requests));
  }

  private requestNext(): void {
    const { actions } = this.scope;
    const entityId = String(this.ids[this.requests.length]);
    const taskId = actions.add({ type: 'EntityLockRequested', taskId: actions.nextTaskId, entityId }, this);
    this.requests.push({ taskId, entityId });
  }
}

class HeldLock implements EntityLock {
  private isReleased = false;

  constructor(
    private readonly scope: ExecutionScope,
    private readonly requests: readonly RequestedLock[],
  ) {}

  release(): void {
    this.scope.assertRunningCode('lock.release()');
    if (this.isReleased || this.scope.continuation) return;
    this.isReleased = true;
    this.scope.criticalSection.end();
    const { actions } = this.scope;
    for (const { taskId, entityId } of this.requests) {
      this.scope.reserveAction();
      actions.add({ type: 'EntityUnlockSent', taskId: actions.nextTaskId, entityId, lockTaskId: taskId });
    }
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
