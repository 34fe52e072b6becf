/** Runs the operations of one loaded entity. No I/O, no clock, no randomness: ids come in with the options. */
import type { EntityId } from './entity-id.js';
import { failureDetailsOf } from './failure-details.js';
import type { FailureDetails } from './failure.js';
import type { EntityFunction } from './handlers.js';
import type { Serialized } from './history.js';
import { prefixedLogger, type DurableLogger } from './logger.js';
import { OperationContext } from './operation-context.js';

/** What an execution needs to know from outside. */
export interface EntityExecutionOptions {
  readonly entityId: EntityId;
  readonly handler: EntityFunction;
  /** For messages: the class, or class and method of the function form. */
  readonly source: string;
  /** As last committed; absent: the entity does not exist. */
  readonly state: Serialized;
  /** Limit of each state, input and result, bytes of UTF-8 JSON. */
  readonly maxPayloadBytes: number;
  /** Signals and starts that one operation may send. */
  readonly maxActions: number;
  /** Takes the lines of `ctx.log`. */
  readonly log: DurableLogger;
  /** The id of an orchestration that is started without one. */
  newInstanceId(): string;
}

/** An operation as its message has it. */
export interface RequestedOperation {
  readonly operation: string;
  readonly input?: string;
}

/** What an operation sends, in the order of its calls. Times are epoch ms, inputs JSON. */
export type EntityAction =
  | {
      readonly type: 'signal';
      /** As `@name@key`. */
      readonly entityId: string;
      readonly operation: string;
      readonly input?: string;
      readonly scheduledTime?: number;
    }
  | {
      readonly type: 'start';
      readonly instanceId: string;
      /** The id was made for this start: there can be no other instance with it. */
      readonly isNewId: boolean;
      readonly name: string;
      readonly version?: string;
      readonly input?: string;
      readonly tags?: Readonly<Record<string, string>>;
      readonly startAt?: number;
    };

export type OperationOutcome =
  | { readonly kind: 'completed'; readonly result: Serialized; readonly actions: readonly EntityAction[] }
  | { readonly kind: 'failed'; readonly failureDetails: FailureDetails };

/** To be asked for one operation at a time [N4]. */
export class EntityExecution {
  private current: Serialized;
  private readonly log: Required<DurableLogger>;

  constructor(private readonly options: EntityExecutionOptions) {
    this.current = options.state;
    this.log = prefixedLogger(options.log, () => `[${options.entityId.toString()}]`, () => true);
  }

  /** The state that the operations so far have left, JSON; absent: the entity does not exist. */
  get state(): Serialized {
    return this.current;
  }

  /**
   * Carries one operation out. One that fails leaves the state as before it, and nothing of what it sent [N5]. Never rejects.
   *
   * @param signal its abort fails the operation, with the signal's reason; a handler that goes on regardless goes on in vain
   */
  async run(operation: RequestedOperation, signal: AbortSignal): Promise<OperationOutcome> {
    const ctx = new OperationContext(this.options, this.log, operation, this.current, signal);
    try {
      await unlessAborted(() => this.options.handler(ctx), signal);
      const { state, result, actions } = ctx.close();
      this.current = state;
      return { kind: 'completed', result, actions };
    } catch (error) {
      ctx.close();
      return { kind: 'failed', failureDetails: failureDetailsOf(error) };
    }
  }
}

/** What the call answers. @throws the signal's reason, as soon as it is aborted */
export async function unlessAborted<T>(call: () => T | Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let abort!: () => void;
  const aborted = new Promise<never>((_resolve, reject) => (abort = () => reject(signal.reason)));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([call(), aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
