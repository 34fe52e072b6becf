/** Errors of the storage port. The engine acts on their class, so they stay few. */

/** The partition's or worker's row is no longer as this process left it: somebody else owns it. Nothing was written. */
export class FenceLostError extends Error {
  override readonly name = 'FenceLostError';
  constructor(message: string, readonly partitions: readonly number[] = []) {
    super(message);
  }
}

/** A member of the batch consumed or changed rows that were not as expected. Nothing was written. */
export class StaleMemberError extends Error {
  override readonly name = 'StaleMemberError';
}

/** The database refused or could not be reached, and nothing was written: the same batch may be tried again. */
export class TransientStoreError extends Error {
  override readonly name = 'TransientStoreError';
}

/** The answer to COMMIT was lost, or leaves it open: the batch may or may not be written. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError';
  /** @param result what the transaction would have answered, had the answer to COMMIT come. */
  constructor(message: string, readonly result?: unknown, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Whether this layer made the error, so that it needs no further mapping. */
export function isStoreError(error: unknown): boolean {
  return [FenceLostError, StaleMemberError, TransientStoreError, OutcomeUnknownError].some((type) => error instanceof type);
}

interface DriverError {
  readonly code?: unknown;
  readonly errno?: unknown;
}

/** What MySQL and MariaDB say of a value or a row that they do not take: absent, twice, too long, too large, out of range, of a wrong form. */
const OF_DATA = new Set([1048, 1062, 1118, 1153, 1162, 1264, 1265, 1292, 1300, 1301, 1364, 1366, 1406, 1411, 1451, 1452, 1644, 1690, 1713, 3140, 3819, 4025]);
const OF_DATA_SQLITE = /^SQLITE_(TOOBIG|CONSTRAINT|MISMATCH|RANGE)/;

/**
 * Whether a database failed for a reason of its own, for which what was to be written is not to blame: a right that was taken away, a
 * table that is gone, no memory, no place for temporary files. It may pass, or be mended, as long as it lasts.
 */
export function isOfServer(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || isStoreError(error)) return false;
  const { code, errno } = ((error as { driverError?: unknown }).driverError ?? error) as DriverError;
  if (typeof code === 'string' && code.startsWith('SQLITE_')) return !OF_DATA_SQLITE.test(code);
  // Those of the operating system are negative.
  return typeof errno === 'number' && errno > 0 && !OF_DATA.has(errno);
}
