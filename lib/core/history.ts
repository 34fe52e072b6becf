/**
 * The events of an orchestration's history [Y4], the format that is stored.
 *
 * A history is a list of episodes. An episode is written by one checkpoint:
 *
 *   OrchestratorStarted, inputs…, outputs…, (ExecutionCompleted | ContinueAsNew)?, OrchestratorCompleted
 *
 * Inputs came to the instance from outside, outputs are what its code then did. A history may end in an *open*
 * episode, one without OrchestratorCompleted: the inputs that a continueAsNew handed to the next generation. Another
 * OrchestratorStarted goes on with an open episode, at its own time.
 *
 * Values (inputs, results, event data) are JSON text; an absent text is `undefined`, "no value" [O4].
 */
import type { FailureDetails } from './failure.js';

/** The number of the format below; every stored chunk of history carries it. */
export const HISTORY_FORMAT = 1;

/** A value as JSON text; `undefined` stands for "no value". */
export type Serialized = string | undefined;

/** The orchestration that called a sub-orchestration. */
export interface ParentInstance {
  readonly name: string;
  readonly instanceId: string;
  readonly executionId: string;
  /** Task id of the call in the parent. */
  readonly taskId: number;
}

/** A call or a request of an orchestration: where its answer goes. */
export interface Caller {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
}

export interface ExecutionStarted {
  readonly type: 'ExecutionStarted';
  readonly name: string;
  readonly version?: string;
  readonly input?: string;
  readonly parent?: ParentInstance;
  readonly tags?: Readonly<Record<string, string>>;
  /** Not to begin before this time (epoch ms). */
  readonly startAt?: number;
  /** Custom status carried over by continueAsNew [O13]. */
  readonly customStatus?: string;
}

export interface TaskCompleted {
  readonly type: 'TaskCompleted';
  readonly taskId: number;
  readonly result?: string;
}

export interface TaskFailed {
  readonly type: 'TaskFailed';
  readonly taskId: number;
  readonly failureDetails: FailureDetails;
}

export interface SubOrchestrationInstanceCompleted {
  readonly type: 'SubOrchestrationInstanceCompleted';
  readonly taskId: number;
  readonly result?: string;
}

export interface SubOrchestrationInstanceFailed {
  readonly type: 'SubOrchestrationInstanceFailed';
  readonly taskId: number;
  readonly failureDetails: FailureDetails;
}

export interface TimerFired {
  readonly type: 'TimerFired';
  readonly taskId: number;
  readonly fireAt: number;
}

export interface EntityOperationCompleted {
  readonly type: 'EntityOperationCompleted';
  readonly taskId: number;
  readonly result?: string;
}

export interface EntityOperationFailed {
  readonly type: 'EntityOperationFailed';
  readonly taskId: number;
  readonly failureDetails: FailureDetails;
}

/** The entity of an EntityLockRequested is locked for this execution [L1]. */
export interface EntityLockGranted {
  readonly type: 'EntityLockGranted';
  readonly taskId: number;
}

export interface EventRaised {
  readonly type: 'EventRaised';
  readonly name: string;
  readonly input?: string;
}

export interface ExecutionSuspended {
  readonly type: 'ExecutionSuspended';
  readonly reason?: string;
}

export interface ExecutionResumed {
  readonly type: 'ExecutionResumed';
  readonly reason?: string;
}

export interface ExecutionTerminated {
  readonly type: 'ExecutionTerminated';
  readonly reason?: string;
  /** Whether its open sub-orchestrations end with it [K4]. */
  readonly recursive?: boolean;
}

/** A failed execution goes on [K8]. The history before it stays as it is; replay leaves out what this event names. */
export interface ExecutionRewound {
  readonly type: 'ExecutionRewound';
  readonly reason?: string;
  /** The failures that it takes back: their places in this history, the first event having 0. Its last end is taken back too. */
  readonly dropped: readonly number[];
}

/** The answer to an action, by its task id. */
export type AnswerEvent =
  | TaskCompleted
  | TaskFailed
  | SubOrchestrationInstanceCompleted
  | SubOrchestrationInstanceFailed
  | EntityOperationCompleted
  | EntityOperationFailed
  | EntityLockGranted
  | TimerFired;

/** What reaches an instance from outside, in the order in which history records it. */
export type InputEvent =
  | ExecutionStarted
  | AnswerEvent
  | EventRaised
  | ExecutionSuspended
  | ExecutionResumed
  | ExecutionTerminated
  | ExecutionRewound;

export interface TaskScheduled {
  readonly type: 'TaskScheduled';
  readonly taskId: number;
  readonly name: string;
  readonly input?: string;
  /** Task id of the first attempt of this call: part of the idempotency key [A1]. */
  readonly callId: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

export interface SubOrchestrationInstanceCreated {
  readonly type: 'SubOrchestrationInstanceCreated';
  readonly taskId: number;
  readonly name: string;
  readonly version?: string;
  readonly instanceId: string;
  readonly input?: string;
  /** True when the id was derived from the parent's, not given by the code [S1]. */
  readonly defaultId: boolean;
  /** Task id of the first attempt of this call; absent in the first attempt itself. */
  readonly callId?: number;
  /** Absent in the first attempt. */
  readonly attempt?: number;
}

export interface TimerCreated {
  readonly type: 'TimerCreated';
  readonly taskId: number;
  readonly fireAt: number;
}

export interface EventSent {
  readonly type: 'EventSent';
  readonly taskId: number;
  readonly instanceId: string;
  readonly name: string;
  readonly input?: string;
}

export interface EntityOperationCalled {
  readonly type: 'EntityOperationCalled';
  readonly taskId: number;
  /** As `@name@key`. */
  readonly entityId: string;
  readonly operation: string;
  readonly input?: string;
}

export interface EntityOperationSignaled {
  readonly type: 'EntityOperationSignaled';
  readonly taskId: number;
  readonly entityId: string;
  readonly operation: string;
  readonly input?: string;
  /** Not to arrive before this time (epoch ms) [N7]. */
  readonly scheduledTime?: number;
}

/** One entity of a critical section; entities are requested one after the other [L1]. */
export interface EntityLockRequested {
  readonly type: 'EntityLockRequested';
  readonly taskId: number;
  readonly entityId: string;
}

export interface EntityUnlockSent {
  readonly type: 'EntityUnlockSent';
  readonly taskId: number;
  readonly entityId: string;
  /** Task id of the EntityLockRequested that it takes back. */
  readonly lockTaskId: number;
}

/** What the code of an orchestrator did, each with the next task id [Y1]. */
export type OutputEvent =
  | TaskScheduled
  | SubOrchestrationInstanceCreated
  | TimerCreated
  | EventSent
  | EntityOperationCalled
  | EntityOperationSignaled
  | EntityLockRequested
  | EntityUnlockSent;

export interface OrchestratorStarted {
  readonly type: 'OrchestratorStarted';
  /** The episode's time, epoch ms [O11]. */
  readonly timestamp: number;
}

export interface OrchestratorCompleted {
  readonly type: 'OrchestratorCompleted';
}

export type CompletionStatus = 'Completed' | 'Failed' | 'Terminated';

export interface ExecutionCompleted {
  readonly type: 'ExecutionCompleted';
  readonly status: CompletionStatus;
  readonly result?: string;
  readonly failureDetails?: FailureDetails;
}

export interface ContinueAsNew {
  readonly type: 'ContinueAsNew';
  readonly input?: string;
}

export type HistoryEvent =
  | OrchestratorStarted
  | InputEvent
  | OutputEvent
  | ExecutionCompleted
  | ContinueAsNew
  | OrchestratorCompleted;

const INPUT_TYPES = [
  'ExecutionStarted', 'TaskCompleted', 'TaskFailed', 'SubOrchestrationInstanceCompleted', 'SubOrchestrationInstanceFailed', 'TimerFired',
  'EntityOperationCompleted', 'EntityOperationFailed', 'EntityLockGranted', 'EventRaised', 'ExecutionSuspended', 'ExecutionResumed',
  'ExecutionTerminated', 'ExecutionRewound',
] as const satisfies readonly InputEvent['type'][];

const EVENT_TYPES = [
  ...INPUT_TYPES, 'TaskScheduled', 'SubOrchestrationInstanceCreated', 'TimerCreated', 'EventSent', 'EntityOperationCalled',
  'EntityOperationSignaled', 'EntityLockRequested', 'EntityUnlockSent', 'OrchestratorStarted', 'OrchestratorCompleted', 'ExecutionCompleted',
  'ContinueAsNew',
] as const satisfies readonly HistoryEvent['type'][];

/** Types of the events that reach an instance from outside. */
export const INPUT_EVENT_TYPES: ReadonlySet<string> = new Set(INPUT_TYPES);
/** Types of all events of this format. */
export const HISTORY_EVENT_TYPES: ReadonlySet<string> = new Set(EVENT_TYPES);

/** Status of an instance. ContinuedAsNew and Canceled exist as names only; no instance is left in them. */
export const RUNTIME_STATUSES = [
  'Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated', 'ContinuedAsNew', 'Canceled',
] as const;
export type RuntimeStatus = (typeof RUNTIME_STATUSES)[number];

/** Whether an instance in this status has ended for good. */
export function isFinished(status: RuntimeStatus): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Terminated';
}

/** Whether an action is over once it is sent: nothing answers it. */
export function isFireAndForget({ type }: OutputEvent): boolean {
  return type === 'EventSent' || type === 'EntityOperationSignaled' || type === 'EntityUnlockSent';
}
