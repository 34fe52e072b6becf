import { InstanceNotFoundError, InstanceNotRunningError, InvalidInstanceStateError, isFinished, type RuntimeStatus } from '../core/index.js';
import type { ClientResult } from '../storage/store.js';

export const UNFINISHED: readonly RuntimeStatus[] = ['Pending', 'Running', 'Suspended'];
export const FINISHED: readonly RuntimeStatus[] = ['Completed', 'Failed', 'Terminated'];

/** In which statuses of an instance each call is possible [K6]. A restart: with the same instance id. */
export const ALLOWED_STATUSES = {
  raiseEvent: UNFINISHED,
  terminate: UNFINISHED,
  suspend: ['Pending', 'Running'],
  resume: ['Suspended'],
  rewind: ['Failed'],
  restart: FINISHED,
  purgeInstanceHistory: FINISHED,
} as const satisfies Readonly<Record<string, readonly RuntimeStatus[]>>;

export type Transition = keyof typeof ALLOWED_STATUSES;

/** The error of a call that the instance's status does not allow. */
export function wrongState(call: Transition, instanceId: string, status: RuntimeStatus): InvalidInstanceStateError {
  const allowed = ALLOWED_STATUSES[call];
  const mustRun = isFinished(status) && !allowed.some(isFinished);
  return new (mustRun ? InstanceNotRunningError : InvalidInstanceStateError)(instanceId, status, call, allowed);
}

/** @throws {InstanceNotFoundError} {InvalidInstanceStateError} when the store refused the call */
export function assertDone(call: Transition, instanceId: string, result: ClientResult): void {
  if (result.kind === 'missing') throw new InstanceNotFoundError(instanceId);
  if (result.kind === 'status') throw wrongState(call, instanceId, result.status);
}
