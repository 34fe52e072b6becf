/** Checks of arguments that several calls have. */
import { EntityId, InvalidInstanceIdError, isEntityId } from '../core/index.js';

/** @throws {TypeError} */
export function assertDuration(call: string, instanceId: string, what: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0) return;
  throw new TypeError(`${call}('${instanceId}'): ${what} must be milliseconds, 0 or more, but got ${String(value)}.`);
}

/**
 * The id of an orchestration's instance.
 * @throws {TypeError}
 * @throws {InvalidInstanceIdError} for the id of an entity [N1]
 */
export function checkedId(call: string, instanceId: string): string {
  if (typeof instanceId !== 'string' || instanceId === '') {
    throw new TypeError(`${call}: the instance id must be a non-empty string, but got ${String(instanceId)}.`);
  }
  if (isEntityId(instanceId)) {
    throw new InvalidInstanceIdError(instanceId, `ids that begin with '@' belong to entities, and ${call} is for orchestrations: use signalEntity, readEntityState or listEntities`);
  }
  return instanceId;
}

/** @throws {TypeError} for what is no EntityId */
export function checkedEntityId(call: string, id: EntityId): EntityId {
  if (id instanceof EntityId) return id;
  throw new TypeError(`${call}: the entity must be an EntityId, but got ${String(id)}. Write new EntityId(name, key), or EntityId.parse('@name@key').`);
}

/** @throws {TypeError} for what is no valid Date */
export function epochMs(call: string, what: string, time: Date | undefined): number | undefined {
  if (time === undefined) return undefined;
  if (!(time instanceof Date) || Number.isNaN(time.getTime())) {
    throw new TypeError(`${call}: ${what} must be a valid Date, but got ${String(time)}.`);
  }
  return time.getTime();
}
