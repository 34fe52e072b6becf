/** The public errors of calls of the client. As in errors.ts, a name is stable, and sits on the prototype. */
import type { RuntimeStatus } from './history.js';

/** There is no instance with this id [E4]. */
export class InstanceNotFoundError extends Error {
  static {
    this.prototype.name = 'InstanceNotFoundError';
  }

  constructor(readonly instanceId: string) {
    super(`There is no instance '${instanceId}' in this task hub. It was never started, or was purged.`);
  }
}

/** The instance is in a status that does not allow this [K6]. Nothing was changed. */
export class InvalidInstanceStateError extends Error {
  static {
    this.prototype.name = 'InvalidInstanceStateError';
  }

  /**
   * @param call what was asked for: `suspend`
   * @param allowed the statuses in which it is possible
   */
  constructor(
    readonly instanceId: string,
    readonly status: RuntimeStatus,
    call: string,
    allowed: readonly RuntimeStatus[],
  ) {
    const statuses = allowed.join(', ').replace(/, (\w+)$/, ' or $1');
    super(`${call} is not possible: instance '${instanceId}' is ${status}. It is possible while an instance is ${statuses}.`);
  }
}

/** The instance is finished, so that it takes no more events and commands [E4, K6]. */
export class InstanceNotRunningError extends InvalidInstanceStateError {
  static {
    this.prototype.name = 'InstanceNotRunningError';
  }
}

/** The id is in use by an instance that may not be replaced [K1, S3]. */
export class InstanceAlreadyExistsError extends Error {
  static {
    this.prototype.name = 'InstanceAlreadyExistsError';
  }

  constructor(
    readonly instanceId: string,
    readonly status: RuntimeStatus,
  ) {
    super(
      `Instance '${instanceId}' exists already and is ${status}. ` +
        "Use another id, or choose with `onConflict` what is to happen ('useExisting' for an idempotent start).",
    );
  }
}

/**
 * A newer version of this package has opened the task hub, and versions as old as this one may not write to it any more. At the
 * start it is thrown; a process that runs stands aside: calls that write fail with it.
 */
export class OutdatedVersionError extends Error {
  static {
    this.prototype.name = 'OutdatedVersionError';
  }

  /**
   * @param stored schema version of the tables
   * @param oldest the oldest that may write
   * @param own schema version of this process
   */
  constructor(
    readonly taskHub: string,
    stored: number,
    oldest: number,
    own: number,
  ) {
    super(
      `Task hub '${taskHub}' was opened by a newer version of nestjs-durable: its tables have version ${stored}, and only versions from ` +
        `${oldest} may write to it. This process has version ${own}: upgrade nestjs-durable here.`,
    );
  }
}

/**
 * The start of an instance was refused: as much waits in the task hub already as `maxBacklog` allows. Nothing was started; what runs
 * goes on, and events, terminations and the like are taken as ever. The same call may succeed later.
 */
export class HubOverloadedError extends Error {
  static {
    this.prototype.name = 'HubOverloadedError';
  }

  /**
   * @param backlog messages and activities that wait, at least: counting ends soon after the limit
   * @param limit the setting `maxBacklog`
   */
  constructor(
    readonly taskHub: string,
    readonly backlog: number,
    readonly limit: number,
  ) {
    super(
      `Task hub '${taskHub}' is overloaded: ${backlog} messages and activities wait there, and maxBacklog is ${limit}. The start was refused. ` +
        'Try again later; if it goes on like this, add workers, or raise maxBacklog.',
    );
  }
}

/** The module stops, or has stopped. The call of its client was not carried out, unless it says otherwise. */
export class ModuleStoppedError extends Error {
  static {
    this.prototype.name = 'ModuleStoppedError';
  }

  /**
   * @param text what has become of the call
   * @param options cause: the database's last answer, if that kept it from being carried out before
   */
  constructor(text: string, options: { readonly cause?: unknown } = {}) {
    super(`The durable module has stopped: ${text}${options.cause instanceof Error ? ` ${options.cause.message}` : ''}`, options);
  }
}

/**
 * It cannot be found out any more whether a call of the client was carried out: a start, an event, a signal, a command. It is never
 * repeated by the module. Look at the instance's status before calling again.
 */
export class UnresolvedCallError extends Error {
  static {
    this.prototype.name = 'UnresolvedCallError';
  }

  /** @param what has happened, in words, while it was written */
  constructor(what: string, options: { readonly cause: Error }) {
    super(
      `It is not known whether this call was carried out: the database was away while it was written, and ${what}. ` +
        `Look at the instance's status before calling again. ${options.cause.message}`,
      options,
    );
  }
}

/** The EntityManager of a call has no transaction that the call could be a part of [K1, K4]. Nothing was written. */
export class InvalidEntityManagerError extends Error {
  static {
    this.prototype.name = 'InvalidEntityManagerError';
  }

  /** @param reason what is wrong with it, and what to do */
  constructor(
    readonly instanceId: string,
    reason: string,
  ) {
    super(`The call with { entityManager } for instance '${instanceId}' was refused: ${reason}`);
  }
}
