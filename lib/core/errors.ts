/**
 * The public errors of orchestrators, activities and entities, and of values that anybody gives; those of calls of the client alone
 * are in client-errors.ts. Their names are stable: they stand in histories and statuses, and `isCausedBy` compares them.
 *
 * A name sits on the prototype, not on the object, so that a subclass of the application is recorded under its own name.
 */
import { isCausedBy, type ErrorType } from './causes.js';
import type { FailureDetails } from './failure.js';

/** An orchestrator broke one of the rules of orchestrator code [O1, O3, O14], or `ctx` was used outside its episode. */
export class OrchestratorError extends Error {
  static {
    this.prototype.name = 'OrchestratorError';
  }
}

/** On replay the code did something else than what the history holds [Y2]. */
export class NonDeterminismError extends Error {
  static {
    this.prototype.name = 'NonDeterminismError';
  }

  /**
   * @param taskId sequence number of the action in question
   * @param recorded what the history holds
   * @param actual what the code did
   */
  constructor(
    message: string,
    readonly taskId: number,
    readonly recorded: string,
    readonly actual: string,
  ) {
    super(message);
  }
}

/** An activity, a sub-orchestration or an operation of an entity failed; thrown where its task is yielded [A2, S2, N5]. */
export class TaskFailedError extends Error {
  static {
    this.prototype.name = 'TaskFailedError';
  }

  /**
   * @param taskName durable name of the activity or orchestrator that was called; of an operation `@name@key.operation`
   * @param taskId task id of the last attempt
   * @param failureDetails what was thrown there
   */
  constructor(
    readonly taskName: string,
    readonly taskId: number,
    readonly failureDetails: FailureDetails,
  ) {
    super(`'${taskName}' (task ${taskId}) failed: ${failureDetails.errorType}: ${failureDetails.errorMessage}`);
  }

  /** Whether the failure, or anything in its chain of causes, is of this class or has this name. */
  isCausedBy(type: ErrorType): boolean {
    return isCausedBy(this.failureDetails, type);
  }
}

/** What was waited for did not come in time [E3, K5]. */
export class TaskTimeoutError extends Error {
  static {
    this.prototype.name = 'TaskTimeoutError';
  }
}

/** A task that was cancelled has no result; thrown where it is yielded. */
export class TaskCanceledError extends Error {
  static {
    this.prototype.name = 'TaskCanceledError';
  }
}

/** Thrown by an activity or a sub-orchestration: another attempt would be of no use, the retries end [A6]. */
export class NonRetriableError extends Error {
  static {
    this.prototype.name = 'NonRetriableError';
  }

  readonly isNonRetriable = true;
}

/** An orchestrator did what it must not do while it has entities locked, or waits for their locks [L2]. Nothing was done. */
export class LockingRulesViolationError extends Error {
  static {
    this.prototype.name = 'LockingRulesViolationError';
  }

  /**
   * @param where the call that was refused, with orchestrator and instance
   * @param rule which rule it breaks, and what to do
   */
  constructor(where: string, rule: string) {
    super(`${where} was refused: ${rule}`);
  }
}

/** A value cannot cross as JSON: a function, a symbol, a BigInt, a cycle, or a `toJSON` that throws [O2, A5]. */
export class SerializationError extends Error {
  static {
    this.prototype.name = 'SerializationError';
  }
}

/** A value is larger, as UTF-8 JSON, than its limit (`maxPayloadBytes`; custom status: 16 KB [O13]). */
export class PayloadTooLargeError extends Error {
  static {
    this.prototype.name = 'PayloadTooLargeError';
  }

  /** @param what the value, in words: `the input of activity 'charge'` */
  constructor(
    what: string,
    readonly bytes: number,
    readonly maxBytes: number,
  ) {
    super(
      `${what} has ${bytes} bytes as JSON, the limit is ${maxBytes}. ` +
        'Store large data elsewhere and pass a reference to it, or raise the limit.',
    );
  }
}

/** An instance id breaks the rule for ids of users [N1], or is the caller's own or its parent's [S1]. */
export class InvalidInstanceIdError extends Error {
  static {
    this.prototype.name = 'InvalidInstanceIdError';
  }

  /** @param reason which rule it breaks: `it begins with '@'` */
  constructor(
    readonly instanceId: string,
    reason: string,
  ) {
    super(`Instance id ${JSON.stringify(instanceId)} cannot be used: ${reason}.`);
  }
}

/** No live worker has an orchestrator (in this version), activity or entity of this name [K1, A3, N7, Y5]. */
export class UnknownHandlerError extends Error {
  static {
    this.prototype.name = 'UnknownHandlerError';
  }

  /** Retries are of no use: the name will not appear by itself [A3]. */
  readonly isNonRetriable = true;

  /** @param known the names that exist; listed in the message */
  constructor(
    readonly kind: 'orchestrator' | 'activity' | 'entity',
    readonly handlerName: string,
    known: readonly string[],
    readonly version?: string,
  ) {
    const which = version === undefined ? `'${handlerName}'` : `'${handlerName}' version '${version}'`;
    const names = known.length > 0 ? known.map((name) => `'${name}'`).join(', ') : 'none';
    super(
      `There is no ${kind} ${which}. Known: ${names}. ` +
        (kind === 'entity'
          ? 'Is its class a provider of an imported module, and decorated with @Entity() of nestjs-durable, or its method? Names ignore case.'
          : 'Is its class a provider of an imported module, and its method decorated? Names are case-sensitive.'),
    );
  }
}

const REPAIR =
  'Repair it in the database, or restore it from a backup; then rewind the instance or call again. What is not needed any more can be terminated and purged.';

/**
 * Something that is stored cannot be read: it was damaged, or changed by hand. It is in the failure details of the instance, activity
 * or operation that it belongs to, and thrown by calls of the client that ask for it.
 */
export class UnreadableDataError extends Error {
  static {
    this.prototype.name = 'UnreadableDataError';
  }

  /** A retry would read the same. */
  readonly isNonRetriable = true;

  /**
   * @param what the thing, in words: `The history of instance 'order-1'`
   * @param reason what is wrong with it
   * @param advice what to do
   */
  constructor(what: string, reason: string, advice: string = REPAIR) {
    super(`${what} cannot be read: ${reason}. ${advice}`);
  }
}

/**
 * What an instance or an operation led to was not taken by the database, try after try: a row is larger than the server allows, or it
 * gave another reason that does not pass. It is in the failure details of that instance or operation, with the database's reason.
 */
export class CheckpointRefusedError extends Error {
  static {
    this.prototype.name = 'CheckpointRefusedError';
  }

  /** A retry would most likely lead to the same. */
  readonly isNonRetriable = true;

  /**
   * @param what whose checkpoint it is: `The checkpoint of instance 'order-1'`
   * @param reason the database's
   */
  constructor(what: string, readonly tries: number, reason: string) {
    super(
      `${what} was refused ${tries} times, and is not tried any more: ${reason} ` +
        'Lower what is written at a time (inputs, results, events, states), or raise the limit that the reason names; then rewind the instance, or call again.',
    );
  }
}

/**
 * A work item was taken up again and again, and each time its worker died before it was done: an endless loop, memory without
 * bounds, a crash of native code or process.exit() [Y8]. It is in the failure details of the instance, or of the activity.
 */
export class PoisonMessageError extends Error {
  static {
    this.prototype.name = 'PoisonMessageError';
  }

  /** A retry would end further workers. */
  readonly isNonRetriable = true;

  /**
   * @param what the work item: `Orchestrator 'fulfil' of instance 'order-1'`
   * @param dispatchCount how often its worker died
   */
  constructor(
    what: string,
    readonly dispatchCount: number,
    maxDispatchCount: number,
  ) {
    super(
      `${what} was not run again: its worker died ${dispatchCount} times while it was at work, and maxDispatchCount is ${maxDispatchCount}. ` +
        'Look for an endless loop, memory without bounds, a crash of native code or process.exit() in it; then rewind the instance, or start it anew.',
    );
  }
}
