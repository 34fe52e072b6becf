import { HttpException, Logger } from '@nestjs/common';
import { TransientStoreError } from '../client/index.js';
import {
  HubOverloadedError, InstanceAlreadyExistsError, InstanceNotFoundError, InstanceNotRunningError, InvalidInstanceIdError, InvalidInstanceStateError,
  ModuleStoppedError, OutdatedVersionError, PayloadTooLargeError, SerializationError, UnknownHandlerError, UnreadableDataError, UnresolvedCallError,
} from '../core/index.js';
import type { ApiAnswer } from './answer.js';

type ErrorClass = new (...args: any[]) => Error;

/** The status of each of the client's errors; a class stands before those that it extends. */
const STATUSES: readonly [type: ErrorClass, status: number][] = [
  [InstanceNotFoundError, 404],
  [InstanceNotRunningError, 410],
  [InvalidInstanceStateError, 409],
  [InstanceAlreadyExistsError, 409],
  [PayloadTooLargeError, 413],
  [HubOverloadedError, 503],
  [ModuleStoppedError, 503],
  [OutdatedVersionError, 503],
  [TransientStoreError, 503],
  [UnknownHandlerError, 400],
  [InvalidInstanceIdError, 400],
  [SerializationError, 400],
  [UnreadableDataError, 500],
  [UnresolvedCallError, 500],
  [TypeError, 400],
  [RangeError, 400],
];

const log = new Logger('DurableFunctions');

/** After how many seconds a start that was refused may be tried again. */
const RETRY_AFTER = 10;

/** The answer to a request that the client, or the API itself, refused. */
export function refusal(error: unknown): ApiAnswer {
  const known = STATUSES.find(([type]) => error instanceof type);
  if (!known) return failure(error);
  const headers = error instanceof HubOverloadedError ? { headers: { 'Retry-After': String(RETRY_AFTER) } } : {};
  return { status: known[1], ...headers, body: { message: (error as Error).message } };
}

/** The answer to what a guard threw, or to what nobody foresaw: the log alone tells what that was. */
export function failure(error: unknown): ApiAnswer {
  if (error instanceof HttpException) return { status: error.getStatus(), body: { message: error.message } };
  log.error('The HTTP management API failed', error instanceof Error ? error.stack : String(error));
  return { status: 500, body: { message: 'Internal server error' } };
}
