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
