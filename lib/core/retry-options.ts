import type { FailureDetails } from './failure.js';
import type { OrchestrationContext } from './orchestration-context.js';

/**
 * How an activity or a sub-orchestration is tried again [R1]. Intervals are milliseconds of orchestration time; every
 * attempt and every delay is part of the history [R2].
 */
export interface RetryOptions {
  /** Delay before the second attempt. */
  readonly firstRetryInterval: number;
  /** Attempts in all, the first call included. */
  readonly maxNumberOfAttempts: number;
  /** Factor from one delay to the next; default 1. */
  readonly backoffCoefficient?: number;
  /** Longest delay; default none. */
  readonly maxRetryInterval?: number;
  /** No attempt begins later than this after the first call; default none. */
  readonly retryTimeout?: number;
  /**
   * Decides about each failure [R3]: `true` waits for the policy's delay, a positive number waits that many ms, all else
   * ends the retries. What it throws becomes the error of the task. It is orchestrator code: it must be deterministic.
   *
   * @param failure what the attempt threw
   * @param attempt number of the attempt that failed, 1 for the first
   */
  handle?(failure: FailureDetails, ctx: OrchestrationContext, attempt: number): boolean | number | null | undefined;
}

/**
 * Checks options at the call [R1].
 * @throws RangeError naming the option, when a number is not finite and positive
 * @throws TypeError when `handle` is no function
 */
export function validateRetryOptions(options: RetryOptions, where: string): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${where}: retry must be an object of RetryOptions.`);
  positive('firstRetryInterval', options.firstRetryInterval, where);
  positive('maxNumberOfAttempts', options.maxNumberOfAttempts, where);
  if (!Number.isInteger(options.maxNumberOfAttempts)) {
    throw new RangeError(`${where}: retry.maxNumberOfAttempts must be a whole number, not ${options.maxNumberOfAttempts}.`);
  }
  if (options.backoffCoefficient !== undefined) positive('backoffCoefficient', options.backoffCoefficient, where);
  if (options.maxRetryInterval !== undefined) positive('maxRetryInterval', options.maxRetryInterval, where);
  if (options.retryTimeout !== undefined) positive('retryTimeout', options.retryTimeout, where);
  if (options.handle !== undefined && typeof options.handle !== 'function') {
    throw new TypeError(`${where}: retry.handle must be a function.`);
  }
}

/** The policy's delay after a failed attempt, ms: min(first × backoff^n, max) [R2]. */
export function retryDelay(options: RetryOptions, failedAttempt: number): number {
  const delay = options.firstRetryInterval * (options.backoffCoefficient ?? 1) ** (failedAttempt - 1);
  return Math.min(delay, options.maxRetryInterval ?? Infinity);
}

function positive(option: string, value: unknown, where: string): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    throw new RangeError(`${where}: retry.${option} must be a positive, finite number, not ${String(value)}.`);
  }
}
