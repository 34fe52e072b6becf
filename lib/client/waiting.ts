import { InstanceNotFoundError, isFinished, TaskTimeoutError } from '../core/index.js';
import { assertDuration, checkedId } from './arguments.js';
import { acceptedResponse, finishedResponse, type CheckStatusResponse } from './check-status-response.js';
import type { ClientHost } from './host.js';
import type { ManagementLinks } from './management-payload.js';
import { toStatus, type DurableOrchestrationStatus } from './orchestration-status.js';

export interface WaitForCompletionOptions {
  /** Longest wait, ms. Default: none. */
  readonly timeout?: number;
}

/** Options of {@link DurableClient.waitForCompletionOrCreateCheckStatusResponse}. */
export interface WaitOrCheckOptions {
  /** Longest wait, ms. Default 10 000. */
  readonly timeout?: number;
  /** Longest time between two looks at the database, ms; the end is signalled besides. Default: as the engine polls. */
  readonly interval?: number;
}

/** @throws {TaskTimeoutError} {InstanceNotFoundError} {TypeError} */
export async function waitForCompletion(host: ClientHost, instanceId: string, { timeout }: WaitForCompletionOptions): Promise<DurableOrchestrationStatus> {
  const call = 'waitForCompletion';
  if (timeout !== undefined) assertDuration(call, instanceId, 'timeout', timeout);
  const limit = timeout === Infinity ? undefined : timeout;
  const row = await host.waitUntilFinished(checkedId(call, instanceId), limit);
  if (row === undefined) throw new InstanceNotFoundError(instanceId);
  if (!isFinished(row.status)) {
    throw new TaskTimeoutError(`Instance '${instanceId}' is ${row.status}: it did not finish within ${timeout} ms.`);
  }
  return toStatus(row, true);
}

/** @throws {InstanceNotFoundError} {TypeError} */
export async function waitOrCheckStatus(
  host: ClientHost, linksOf: () => ManagementLinks, instanceId: string, { timeout = 10_000, interval = Infinity }: WaitOrCheckOptions,
): Promise<CheckStatusResponse> {
  const call = 'waitForCompletionOrCreateCheckStatusResponse';
  const accepted = acceptedResponse(linksOf()(checkedId(call, instanceId)));
  assertDuration(call, instanceId, 'timeout', timeout);
  assertDuration(call, instanceId, 'interval', interval);
  const step = Math.max(interval, 1);
  // A look takes time as well: many of them would otherwise make the wait longer than it may be.
  const end = host.now() + timeout;
  for (let left = timeout; ; left = Math.max(Math.min(left - step, end - host.now()), 0)) {
    const row = await host.waitUntilFinished(instanceId, Math.min(left, step));
    if (row === undefined) throw new InstanceNotFoundError(instanceId);
    if (isFinished(row.status)) return finishedResponse(toStatus(row, true));
    if (left <= step) return accepted;
  }
}
