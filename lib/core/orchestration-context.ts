import type { Jsonify } from './jsonify.js';
import type { DurableLogger } from './logger.js';
import type { RetryOptions } from './retry-options.js';
import type { ActivityStubs, HandlerClass, OrchestratorStubs } from './stubs.js';
import type { DurableTask, EventTask, SettledResults, TaskResults, TimerTask } from './task.js';

export interface ActivityOptions {
  /** Attempts after failures; default: none [R1]. */
  readonly retry?: RetryOptions;
}

export interface SubOrchestrationOptions {
  /** Id of the new instance; default: derived from this execution [S1]. */
  readonly instanceId?: string;
  /** Version to start; default: the default version [Y5]. */
  readonly version?: string;
  /** Attempts after failures; default: none [R1]. */
  readonly retry?: RetryOptions;
}

export interface WaitForEventOptions<T> {
  /** Longest wait, ms; default: none. 0 takes only an event that is there already, or comes before the timer. */
  readonly timeout?: number;
  /** Given back after a time-out in place of the TaskTimeoutError [E3]. */
  readonly default?: Jsonify<T>;
}

export interface ContinueAsNewOptions {
  /** Whether events that nobody waited for yet go to the next generation; default true [C1]. */
  readonly preserveUnprocessedEvents?: boolean;
}

/**
 * The first argument of an orchestrator: everything it may do, and all it may know of time and chance. To be used while
 * the orchestrator runs; in callbacks and timers of Node every call throws OrchestratorError.
 */
export interface OrchestrationContext {
  readonly instanceId: string;
  /** Only in sub-orchestrations. */
  readonly parentInstanceId: string | undefined;
  /** Durable name of the orchestrator. */
  readonly name: string;
  readonly version: string | undefined;
  /** The input, the same as the second argument. */
  getInput<T = unknown>(): T;

  /** Time of this episode, UTC: the same on every replay [O11]. A new Date at each call. */
  readonly currentUtcDateTime: Date;
  /** True while history is being run through again [O12]. Do not let decisions depend on it. */
  readonly isReplaying: boolean;
  /** Writes each line once, with instance id and orchestrator name [O12]. */
  readonly log: Required<DurableLogger>;
  /** A UUID, the same on every replay [O11]. */
  newGuid(): string;

  /**
   * Starts an activity. Its failure is thrown at the yield as TaskFailedError [A2].
   * @throws SerializationError, PayloadTooLargeError for the input; RangeError for `retry`
   */
  callActivity<T = unknown>(name: string, input?: unknown, options?: ActivityOptions): DurableTask<Jsonify<T>>;
  /** The activities of a class, typed: `yield* ctx.activities(Payments).charge(order)`. */
  activities<T>(type: HandlerClass<T>): ActivityStubs<T>;

  /**
   * Starts another orchestration and gives its output. Its failure is thrown at the yield as TaskFailedError [S2].
   * @throws InvalidInstanceIdError for an id that breaks the rules or is this instance's or its parent's [S1]
   */
  callSubOrchestrator<T = unknown>(name: string, input?: unknown, options?: SubOrchestrationOptions): DurableTask<Jsonify<T>>;
  /** The orchestrators of a class, typed: `yield* ctx.orchestrators(Shipping).ship(order)`. */
  orchestrators<T>(type: HandlerClass<T>): OrchestratorStubs<T>;

  /**
   * A timer that fires at a time, or so many ms from `currentUtcDateTime` [T1]. A time in the past fires at once.
   * @throws RangeError for NaN, infinite values and invalid dates
   */
  createTimer(fireAt: Date | number): TimerTask;

  /**
   * Waits for an event [E1–E3]. An event that is there already is taken at once; of several waiters the newest gets it.
   * @throws TaskTimeoutError at the yield, after `timeout` ms and without `default`
   */
  waitForExternalEvent<T = unknown>(name: string, options?: WaitForEventOptions<T>): EventTask<Jsonify<T>>;
  /** Sends an event to another instance, and forgets it: an instance that is missing or finished drops it [E5]. */
  sendEvent(instanceId: string, name: string, data?: unknown): void;

  /** All results, in order; fails with the first error [O5]. */
  all<const T extends readonly DurableTask<any>[]>(tasks: T): DurableTask<TaskResults<T>>;
  /** The first task that is complete, however it ended: the task itself, not its result [O6]. */
  any<const T extends readonly DurableTask<any>[]>(tasks: T): DurableTask<T[number]>;
  /** How each task ended, in order; never fails [O5]. */
  allSettled<const T extends readonly DurableTask<any>[]>(tasks: T): DurableTask<SettledResults<T>>;

  /**
   * What clients see as `customStatus` after this episode: JSON, at most 16 KB; `null` clears it [O13].
   * @throws SerializationError, PayloadTooLargeError
   */
  setCustomStatus(status: unknown): void;

  /**
   * Starts this instance again with a new input and an empty history, when the orchestrator next yields or returns [C1].
   * Open activities and timers are dropped, what is called afterwards is ignored [C2].
   */
  continueAsNew(input?: unknown, options?: ContinueAsNewOptions): void;
}
