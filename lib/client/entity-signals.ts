import type { EntityManager } from 'typeorm';
import { serialize, type EntityId, type SignalEntityOptions } from '../core/index.js';
import type { EntityOperation } from '../storage/store.js';
import { checkedEntityId, epochMs } from './arguments.js';
import type { ClientHost } from './host.js';

/** Options of {@link DurableClient.signalEntity}. */
export interface SignalOptions extends SignalEntityOptions {
  /** Of an open transaction that the signal is to be a part of, on MySQL and MariaDB; its database is the task hub's. */
  readonly entityManager?: EntityManager;
}

/** @throws {TypeError} {SerializationError} {PayloadTooLargeError} {InvalidEntityManagerError} */
export async function signalEntity(host: ClientHost, id: EntityId, operation: string, input: unknown, options: SignalOptions): Promise<void> {
  const call = 'signalEntity';
  const entityId = checkedEntityId(call, id).toString();
  if (typeof operation !== 'string' || operation === '') {
    throw new TypeError(`${call}('${entityId}'): the operation must be a non-empty string, but got ${String(operation)}.`);
  }
  const dueAt = epochMs(`${call}('${entityId}')`, 'scheduledTime', options.scheduledTime);
  const text = serialize(input, `the input of operation '${operation}' of '${entityId}'`, host.maxPayloadBytes);
  const body: EntityOperation = { type: 'EntityOperation', operation, ...(text !== undefined && { input: text }), ...(dueAt !== undefined && { dueAt }) };
  if (options.entityManager === undefined) return host.signal(entityId, body);
  await host.sendJoined(entityId, body, options.entityManager);
}
