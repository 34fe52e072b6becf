/** What is sent to instances of orchestrations [K4], each in the statuses that allow for it [K6]. */
import type { EntityManager } from 'typeorm';
import { serialize, type InputEvent } from '../core/index.js';
import { checkedId } from './arguments.js';
import type { ClientHost } from './host.js';
import { ALLOWED_STATUSES, assertDone, type Transition } from './transitions.js';

export interface RaiseEventOptions {
  /** Of an open transaction that the event is to be a part of, on MySQL and MariaDB; its database is the task hub's. */
  readonly entityManager?: EntityManager;
}

export interface TerminateOptions {
  /** Whether to terminate the open sub-orchestrations too, at all depths, for the same reason. Default false: they go on. */
  readonly recursive?: boolean;
}

/** @throws {TypeError} {InvalidInstanceIdError} {SerializationError} {PayloadTooLargeError}, and as {@link deliver} or {@link ClientHost.sendJoined} */
export async function raiseEvent(host: ClientHost, instanceId: string, name: string, data: unknown, { entityManager }: RaiseEventOptions): Promise<void> {
  const call = 'raiseEvent';
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`${call}('${instanceId}'): the event's name must be a non-empty string, but got ${String(name)}.`);
  }
  const input = serialize(data, `the data of event '${name}'`, host.maxPayloadBytes);
  const event: InputEvent = { type: 'EventRaised', name, input };
  if (entityManager === undefined) return deliver(host, call, instanceId, event);
  await host.sendJoined(checkedId(call, instanceId), { type: 'Deliver', event }, entityManager);
}

/** @throws {TypeError} {InvalidInstanceIdError} {InstanceNotFoundError} {InvalidInstanceStateError} {InstanceNotRunningError} */
export async function deliver(host: ClientHost, call: Transition, instanceId: string, event: InputEvent): Promise<void> {
  assertDone(call, instanceId, await host.send(checkedId(call, instanceId), { type: 'Deliver', event }, ALLOWED_STATUSES[call]));
}

/** @throws {TypeError} {InvalidInstanceIdError} {InstanceNotFoundError} {InvalidInstanceStateError} */
export async function rewindInstance(host: ClientHost, instanceId: string, reason: string | undefined): Promise<void> {
  assertDone('rewind', instanceId, await host.rewind(checkedId('rewind', instanceId), reason));
}
