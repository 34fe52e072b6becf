import { deserialize, type EntityId, type Jsonify } from '../core/index.js';
import { checkedEntityId } from './arguments.js';
import type { ClientHost } from './host.js';

/** What {@link DurableClient.readEntityState} answers. */
export interface EntityStateResponse<T> {
  /** Whether the entity has a state. */
  readonly entityExists: boolean;
  /** As last committed; absent when the entity does not exist. */
  readonly entityState?: Jsonify<T>;
}

/** @throws {TypeError} for what is no EntityId; {UnreadableDataError} */
export async function readEntityState<T>(host: ClientHost, id: EntityId): Promise<EntityStateResponse<T>> {
  const row = await host.getEntity(checkedEntityId('readEntityState', id).toString());
  if (row?.state === undefined) return { entityExists: false };
  return { entityExists: true, entityState: deserialize(row.state, () => `the state of entity '${id.toString()}' in durable_entities`) as Jsonify<T> };
}
