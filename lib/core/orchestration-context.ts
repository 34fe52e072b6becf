import type { SignalEntityOptions } from './entity-context.js';
import type { EntityId } from './entity-id.js';
import type { EntityLock, LockState } from './entity-lock.js';
import type { EntityReference, EntityStub } from './entity-stubs.js';
import type { DurableHttpRequest, DurableHttpResponse } from './http-call-messages.js';
import type { Jsonify } from './jsonify.js';
import type { DurableLogger } from './logger.js';
import type { RetryOptions } from './retry-options.js';
import type { ActivityStubs, HandlerClass, OrchestratorStubs } from './stubs.js';
import type { TaskEntity } from './task-entity.js';
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
   * Calls an operation of an entity and gives its result [N8]. Its failure is thrown at the yield as TaskFailedError. Case does not
   * matter in its name. There is no retry option: call it again.
   * @throws SerializationError, PayloadTooLargeError for the input; LockingRulesViolationError where a critical section forbids it [L2]
   */
  callEntity<T = unknown>(id: EntityId, operation: string, input?: unknown): DurableTask<Jsonify<T>>;
  /**
   * Sends an operation to an entity, and forgets it: its result and its failure stay there [N8].
   * @throws TypeError, RangeError for `scheduledTime`; else as callEntity
   */
  signalEntity(id: EntityId, operation: string, input?: unknown, options?: SignalEntityOptions): void;
  /**
   * An entity of a class, typed: `yield* ctx.entity(Counter, 'a').add(1)` calls it, `ctx.entity(Counter, 'a').signal.add(1)` signals it.
   * @throws TypeError for a class without `@Entity()`, InvalidInstanceIdError for the key [N1]
   */
  entity<T extends TaskEntity<any>>(type: HandlerClass<T>, key: string): EntityStub<T>;
  /**
   * Waits until entities, given as ids or stubs, are locked for this orchestration: until `release()` no one else's operations are
   * carried out, they queue [L1]. The order of the arguments does not matter. From this call on its rules hold [L2]: no second
   * lock, no sub-orchestration, no call of another entity, one call of an entity at a time, no signal to one that is locked.
   * @throws TypeError for no entity at all, or something else; LockingRulesViolationError for a second lock
   */
  lock(...entities: readonly EntityReference[]): DurableTask<EntityLock>;
  /** What this orchestration has locked; a lock that is only waited for does not count [L1]. */
  isLocked(): LockState;

  /**
   * Sends an HTTP request and gives the answer, whatever its status: one that is not 2xx is a result too [H1]. It needs no activity of
   * the application: every worker can send it. Like an activity it may be sent more than once [A4].
   *
   * A 202 with a `Location` is polled there by GET, after its `Retry-After` (seconds or a date; default: the setting
   * `maxTimerInterval`, 30 s) on a durable timer, until another status comes [H2]. Polls have the request's headers. To another origin,
   * polls and redirects go without credentials: without the headers whose names hold `auth`, `cookie`, `credential`, `jwt`, `key`,
   * `password`, `secret`, `session`, `signature` or `token` [H3].
   *
   * Network failures, time-outs and answers that are larger than `maxPayloadBytes` are thrown at the yield as TaskFailedError.
   * @throws TypeError, RangeError for what cannot be sent, and for `retry`; SerializationError, PayloadTooLargeError for the body
   */
  callHttp(request: DurableHttpRequest): DurableTask<DurableHttpResponse>;

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
