import { InstanceNotRunningError, InvalidInstanceStateError, isFinished, type RuntimeStatus } from '../core/index.js';

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
