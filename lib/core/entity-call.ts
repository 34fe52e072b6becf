import type { OpenCall } from './action-log.js';
import type { EntityId } from './entity-id.js';
import { TaskFailedError } from './errors.js';
import type { ExecutionScope } from './execution-scope.js';
import type { FailureDetails } from './failure.js';
import type { Serialized } from './history.js';
import { TaskBase } from './task-base.js';

/** The call of an operation of an entity [N8]. */
export class EntityCall extends TaskBase<unknown> implements OpenCall {
  readonly kind = 'entity call';
  private readonly taskId: number;
  private readonly name: string;

  constructor(
    private readonly scope: ExecutionScope,
    id: EntityId,
    operation: string,
    input: Serialized,
  ) {
    const name = `${id.toString()}.${operation}`;
    super(scope, `call of '${name}'`);
    this.name = name;
    const { actions } = this.scope;
    const entityId = id.toString();
    this.taskId = actions.add({ type: 'EntityOperationCalled', taskId: actions.nextTaskId, entityId, operation, ...(input !== undefined && { input }) }, this);
  }

  complete(result: Serialized): void {
    this.succeedWith(result);
  }

  attemptFailed(details: FailureDetails): void {
    this.fail(new TaskFailedError(this.name, this.taskId, details));
  }
}
