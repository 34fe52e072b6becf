import { HttpException } from '@nestjs/common';

/** Statuses of client errors that speak of the moment, not of the request: Request Timeout, Too Early, Too Many Requests. */
const TEMPORARY: readonly number[] = [408, 425, 429];

/**
 * What a guard or a pipe threw. An HttpException of a client error (a guard's Forbidden, a pipe's Bad Request) is a verdict
 * on an input that every attempt gets again: the retries end [A6]. Another error, such as a database that is away, is
 * retried as if the activity had thrown it.
 */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof HttpException)) return error;
  const status = error.getStatus();
  if (status >= 400 && status < 500 && !TEMPORARY.includes(status)) markNonRetriable(error);
  addReasons(error);
  return error;
}

/**
 * What is thrown after an exception filter has thrown `thrown` in place of `original`: the latter stays visible as the
 * cause, so that a filter made for HTTP, which fails here for want of a response, hides nothing, and what was not to be
 * retried still is not, unless the filter's error says otherwise (`isNonRetriable: false`).
 */
export function afterFilter(thrown: unknown, original: unknown): unknown {
  if (thrown === original || !isObject(thrown)) return thrown;
  if (thrown instanceof Error && thrown.cause === undefined) define(thrown, 'cause', original);
  if (isObject(original) && (original as { isNonRetriable?: unknown }).isNonRetriable === true) markNonRetriable(thrown);
  return thrown;
}

/** Nest's ValidationPipe lists its reasons in the response alone; a failure shows the message. */
function addReasons(error: HttpException): void {
  const response = error.getResponse();
  const reasons: unknown = isObject(response) ? (response as { message?: unknown }).message : undefined;
  if (Array.isArray(reasons)) define(error, 'message', `${error.message}: ${reasons.join('; ')}`);
}

function markNonRetriable(error: object): void {
  if (!('isNonRetriable' in error)) define(error, 'isNonRetriable', true);
}

/** On a frozen error it has no effect. */
function define(error: object, key: string, value: unknown): void {
  Reflect.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
