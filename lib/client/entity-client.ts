import { createOperationStubs, EntityId, type EntityClass, type EntitySignalStubs, type HandlerClass } from '../core/index.js';
import type { SignalOptions } from './entity-signals.js';

/** An entity of a class, for clients, who cannot wait for its answers: {@link DurableClient.entity}. */
export interface EntityClient<T> {
  /** Its operations as functions that send them, and resolve when they are durable. They may be destructured. */
  readonly signal: EntitySignalStubs<T, SignalOptions, Promise<void>>;
}

/**
 * @param send sends an operation
 * @throws {InvalidInstanceIdError} for a bad key
 */
export function entityClient<T>(
  type: HandlerClass<T>,
  key: string,
  entity: EntityClass,
  send: (id: EntityId, operation: string, input: unknown, options?: SignalOptions) => Promise<void>,
): EntityClient<T> {
  const id = new EntityId(entity.name, key);
  return { signal: createOperationStubs(type, entity, (operation, input, options?: SignalOptions) => send(id, operation, input, options)) };
}
