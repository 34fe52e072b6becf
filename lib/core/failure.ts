/** How an error is recorded: plain data that survives JSON [A2]. */
export interface FailureDetails {
  /** The error's class name, `Error.name`; `'Error'` when something else than an Error was thrown. */
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace?: string;
  /** True when the error ends retries at once [A6]. */
  readonly isNonRetriable: boolean;
  /** The `cause` of the error, recursively. */
  readonly innerFailure?: FailureDetails;
  /** The error's own enumerable properties that JSON can hold. */
  readonly properties?: Readonly<Record<string, unknown>>;
}
