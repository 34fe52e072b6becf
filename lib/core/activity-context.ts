import type { DurableLogger } from './logger.js';

/** The second argument of an activity [A1]. */
export interface ActivityContext {
  /** Instance whose orchestrator called. */
  readonly instanceId: string;
  readonly executionId: string;
  /** Task id of this attempt. */
  readonly taskId: number;
  /** Attempt of the retry policy, 1 for the first. */
  readonly attempt: number;
  /** Aborted when the result is no longer wanted: the instance was terminated, or the worker shuts down. */
  readonly signal: AbortSignal;
  readonly log: DurableLogger;
  /**
   * The same whenever this call runs again (redelivery, retry, rewind), different for every other call: what other
   * services need to recognise a repetition.
   */
  readonly idempotencyKey: string;
}

/** @param callId task id of the first attempt of the call */
export function idempotencyKey(executionId: string, callId: number): string {
  return `${executionId}:${callId}`;
}
