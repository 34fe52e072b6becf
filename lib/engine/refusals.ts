/**
 * What becomes of an instance or entity whose checkpoint the database does not take, or that cannot be loaded, try after try: after
 * `maxDispatchCount` tries the instance, or the operation, fails with the reason, by a checkpoint that holds as little as can be. Where
 * even that is not taken, or the reason lies with the server, it stays as it is and is tried on, less and less often: log and health name
 * it, and its messages stay in the inbox meanwhile. What passes by itself, as memory that was out of date, is only tried again; after
 * five times in a row it counts as refused, too.
 */
import { CheckpointRefusedError, UnreadableDataError } from '../core/errors.js';
import { failureDetailsOf } from '../core/failure-details.js';
import type { FailureDetails } from '../core/failure.js';
import type { DurableLogger } from '../core/logger.js';
import { isOfServer } from '../storage/errors.js';
import { backoffOf } from './backoff.js';
import type { DropReason } from './committer.js';
import type { Partition } from './partition.js';

/** From so many refusals in a row on an instance or entity counts as blocked. */
const BLOCKED_FROM = 3;
/** So many failures that pass by themselves are nothing to tell of. */
const QUIET_FAILURES = 3;
/** So many in a row do not pass by themselves: a row that is left over from a restored backup, say. */
const PASSING_FAILURES = 5;

export interface RefusalsPort {
  readonly log: DurableLogger;
  readonly maxDispatchCount: number;
}

/** An instance or an entity in memory. */
export interface Refusable {
  readonly partition: Partition;
  readonly instanceId: string;
  /** Tries in a row that led to nothing. */
  failures: number;
  /** Tries in a row that were refused for good. */
  refusals: number;
}

export interface Refused {
  /** Until the next try, ms. */
  readonly delay: number;
  /** That is long: what came for it is to stay in the inbox. */
  readonly isBlocked: boolean;
  /** The next try is to end it with this. */
  readonly failure?: FailureDetails;
}

export class Refusals {
  /** @param what whose they are, for messages */
  constructor(private readonly what: 'Instance' | 'Entity', private readonly port: RefusalsPort) {}

  /** A try was in vain: what memory held was not what the database has. @returns how long to wait until the next, ms */
  stale(slot: Refusable, error: unknown): number {
    const tries = (slot.failures += 1);
    if (tries > QUIET_FAILURES) this.tell(slot, tries, error);
    return backoffOf(tries);
  }

  /** Whether a try that was not written for this reason counts as refused: one that is stale does after some in a row. */
  isRefused({ failures }: Refusable, reason: DropReason): boolean {
    return reason === 'refused' || (reason === 'stale' && failures >= PASSING_FAILURES);
  }

  /** One more try was refused. */
  refused(slot: Refusable, error: unknown): Refused {
    const { maxDispatchCount } = this.port;
    const { partition, instanceId } = slot;
    const tries = (slot.refusals += 1);
    const reason = this.tell(slot, tries, error);
    const isBlocked = tries >= BLOCKED_FROM;
    if (isBlocked) partition.blocked.set(instanceId, reason);
    // It would end everything that has something to do while a right is missing, say.
    if (tries <= maxDispatchCount || isOfServer(error)) return { delay: backoffOf(tries), isBlocked };
    const failure = failureDetailsOf(new CheckpointRefusedError(`What ${this.what.toLowerCase()} '${instanceId}' led to`, tries, reason));
    return tries === maxDispatchCount + 1 ? { delay: 0, isBlocked: false, failure } : { delay: backoffOf(tries), isBlocked, failure };
  }

  /** Its checkpoint was written. */
  over(slot: Refusable): void {
    slot.failures = 0;
    slot.refusals = 0;
    slot.partition.blocked.delete(slot.instanceId);
  }

  /** @returns the reason */
  private tell({ instanceId }: Refusable, tries: number, error: unknown): string {
    const reason = error instanceof Error ? error.message : String(error);
    this.port.log.error(`${this.what} '${instanceId}' could not be processed (try ${tries}); it will be tried again. ${reason}`);
    return reason;
  }
}

/** How an instance ends of which something cannot be read. @param what the thing in words */
export function unreadable(what: string, reason: string): FailureDetails {
  return failureDetailsOf(new UnreadableDataError(what, reason));
}
