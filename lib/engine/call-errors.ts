/** Why a client's call, a start, an event, a signal, a change of an instance, was not answered. */

/** The module stops, or has stopped. The call was not carried out. */
export class ModuleStoppedError extends Error {
  override readonly name = 'ModuleStoppedError';

  /** @param cause why it was not carried out before: the database's last answer */
  constructor(text: string, cause?: unknown) {
    super(`The durable module has stopped: ${text}${cause instanceof Error ? ` ${cause.message}` : ''}`, { cause });
  }
}

/** It cannot be found out any more whether a call was carried out; it is never repeated. */
export class UnresolvedCallError extends Error {
  override readonly name = 'UnresolvedCallError';

  /** @param what has happened, in words, while it was written */
  constructor(what: string, cause: Error) {
    super(
      `It is not known whether this call was carried out: the database was away while it was written, and ${what}. ` +
        `Look at the instance's status before calling again. ${cause.message}`,
      { cause },
    );
  }
}
