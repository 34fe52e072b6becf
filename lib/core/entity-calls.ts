import type { ActionLog } from './action-log.js';
import { EntityCall } from './entity-call.js';
import type { SignalEntityOptions } from './entity-context.js';
import { EntityId } from './entity-id.js';
import type { EntityReference } from './entity-stubs.js';
import { createOperationStubs, ENTITY_ID } from './entity-stubs.js';
import type { LockState } from './entity-lock.js';
import type { ExecutionScope } from './execution-scope.js';
import type { Serialized } from './history.js';
import { IgnoredTask } from './ignored-task.js';
import { LockTask } from './lock-task.js';
import { serialize } from './serialization.js';
import type { HandlerClass } from './stubs.js';
import type { TaskBase } from './task-base.js';
import { dateToTime } from './times.js';
import { assertName, describeValue } from './values.js';

/** The part of an orchestrator's context that is about entities [N8, L1, L2]. */
export class EntityCalls {
  private readonly actions: ActionLog;

  constructor(private readonly scope: ExecutionScope) {
    this.actions = scope.actions;
  }

  call(id: EntityId, operation: string, input: unknown): TaskBase<any> {
    const { scope } = this;
    scope.assertRunningCode('ctx.callEntity');
    const where = scope.at('ctx.callEntity');
    const text = this.check(id, operation, input, where);
    if (scope.continuation) return new IgnoredTask(scope);
    scope.criticalSection.assertMayCall(id, where);
    scope.reserveAction();
    const call = new EntityCall(scope, id, operation, text);
    scope.criticalSection.noteCall(id, call);
    return call;
  }

  signal(id: EntityId, operation: string, input: unknown, { scheduledTime }: SignalEntityOptions = {}): void {
    const { scope, actions } = this;
    scope.assertRunningCode('ctx.signalEntity');
    const where = scope.at('ctx.signalEntity');
    const text = this.check(id, operation, input, where);
    const time = scheduledTime === undefined ? undefined : dateToTime(scheduledTime, `${where}: scheduledTime`);
    if (scope.continuation) return;
    scope.criticalSection.assertMaySignal(id, where);
    scope.reserveAction();
    actions.add({
      type: 'EntityOperationSignaled',
      taskId: actions.nextTaskId,
      entityId: id.toString(),
      operation,
      ...(text !== undefined && { input: text }),
      ...(time !== undefined && { scheduledTime: time }),
    });
  }

  stub(type: HandlerClass<unknown>, key: string): any {
    const entity = this.scope.options.classes.entityOf(type);
    const id = new EntityId(entity.name, key);
    const signal = createOperationStubs(type, entity, (operation, input, options) => this.signal(id, operation, input, options));
    return createOperationStubs(type, entity, (operation, input) => this.call(id, operation, input), { signal, [ENTITY_ID]: id });
  }

  lock(entities: readonly EntityReference[]): TaskBase<any> {
    const { scope } = this;
    scope.assertRunningCode('ctx.lock');
    const where = scope.at('ctx.lock');
    if (entities.length === 0) throw new TypeError(`${where} was given no entity: there is nothing to lock.`);
    const ids = inFixedOrder(entities.map((entity) => idOf(entity, where)));
    if (scope.continuation) return new IgnoredTask(scope);
    scope.criticalSection.assertMayLock(where);
    scope.reserveAction();
    return new LockTask(scope, ids).begin();
  }

  get lockState(): LockState {
    this.scope.assertRunningCode('ctx.isLocked');
    return this.scope.criticalSection.state;
  }

  /** @returns the input as JSON */
  private check(id: unknown, operation: string, input: unknown, where: string): Serialized {
    if (!(id instanceof EntityId)) throw new TypeError(`${where} takes an EntityId, new EntityId(name, key), not ${describeValue(id)}.`);
    assertName(operation, `${where}: the operation`);
    return serialize(input, () => `the input of operation '${operation}' of entity '${id.toString()}' in ${where}`, this.scope.options.maxPayloadBytes);
  }
}

function idOf(entity: unknown, where: string): EntityId {
  const id = entity instanceof EntityId ? entity : (entity as Partial<Record<typeof ENTITY_ID, unknown>> | null | undefined)?.[ENTITY_ID];
  if (id instanceof EntityId) return id;
  throw new TypeError(`${where} takes ids and stubs of entities, new EntityId(name, key) or ctx.entity(Type, key), not ${describeValue(entity)}.`);
}

/** Each once, and whoever locks several of them asks for them in the same order: no two wait for each other [L1]. */
function inFixedOrder(ids: readonly EntityId[]): EntityId[] {
  const distinct = new Map(ids.map((id) => [id.toString(), id]));
  return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, id]) => id);
}
