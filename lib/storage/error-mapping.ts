import { QueryFailedError } from 'typeorm';
import { isStoreError, TransientStoreError } from './errors.js';

/** Codes after which the same transaction may succeed: conflicts, lost connections, a failover under way. */
const TRANSIENT_CODES = new Set([
  'ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD', 'ER_UNKNOWN_COM_ERROR', 'ER_ERROR_DURING_COMMIT',
  'ER_TRANSACTION_ROLLBACK_DURING_COMMIT', 'ER_OPTION_PREVENTS_STATEMENT', 'ER_READ_ONLY_MODE', 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'ER_SERVER_SHUTDOWN', 'ER_CON_COUNT_ERROR', 'ER_TOO_MANY_USER_CONNECTIONS', 'ER_QUERY_INTERRUPTED', 'ER_CONNECTION_KILLED',
  'ER_DISK_FULL', 'ER_RECORD_FILE_FULL', 'ER_CLIENT_INTERACTION_TIMEOUT', 'ER_SERVER_OFFLINE_MODE', 'ER_RUN_HOOK_ERROR',
]);
const TRANSIENT_NUMBERS = new Set([1020, 1040, 1047, 1053, 1180, 1203, 1205, 1213, 1290, 1317, 1792, 1836, 1927, 3101, 1021, 1114, 4031, 3032, 3100, 1461]);
/** Deadlock, lock wait, record changed, and a conflict found by group replication. */
const ROLLED_BACK = new Set([1213, 1205, 1020, 3101]);
/** SQLite's codes have subcodes: SQLITE_BUSY_SNAPSHOT, SQLITE_IOERR_WRITE. */
const TRANSIENT_SQLITE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN)/;
/** Codes of a connection that is not there or has broken. */
const CONNECTION_CODES = new Set([
  'PROTOCOL_CONNECTION_LOST', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT',
  'ER_CONNECTION_KILLED', 'ER_SERVER_SHUTDOWN', 'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR', 'PROTOCOL_ENQUEUE_AFTER_QUIT',
]);

interface DriverError {
  readonly code?: string;
  readonly errno?: number;
  readonly message?: string;
}

/** The driver's own error behind TypeORM's. */
export function driverError(error: unknown): DriverError {
  return (error instanceof QueryFailedError ? error.driverError : error) as DriverError;
}

/** Makes an error that may pass a TransientStoreError; leaves others as they are. */
export function mapError(error: unknown): unknown {
  // Not by `instanceof Error`: inside jest and other sandboxes the errors of Node belong to another realm.
  if (typeof error !== 'object' || error === null || isStoreError(error)) return error;
  const { code = '', errno = 0, message = '' } = driverError(error);
  if (TRANSIENT_SQLITE.test(code) || TRANSIENT_CODES.has(code) || TRANSIENT_NUMBERS.has(errno) || isConnectionError(error)) {
    // An attempt at several addresses fails with a list of errors and no message of its own.
    return new TransientStoreError(message || code, { cause: error });
  }
  return error;
}

/** Whether the server says that it rolled a transaction back at COMMIT. After any other error there it may be written. */
export function isRolledBack(error: unknown): boolean {
  return ROLLED_BACK.has(driverError(error).errno ?? 0);
}

function isConnectionError(error: unknown): boolean {
  const { code = '', message = '' } = driverError(error);
  return CONNECTION_CODES.has(code) || message.includes('closed state') || message === 'Pool is closed.';
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(driverError(error).code ?? '');
}

/** Whether a row with the same key was there already. */
export function isDuplicateKey(error: unknown): boolean {
  const { code = '' } = driverError(error);
  return code === 'ER_DUP_ENTRY' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === 'SQLITE_CONSTRAINT_UNIQUE';
}
