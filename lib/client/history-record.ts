import { deserialize, type FailureDetails, type HistoryEvent } from '../core/index.js';

/** An event of a history as the client shows it [Y4]: with parsed values and dates. */
export interface HistoryRecord {
  readonly eventType: HistoryEvent['type'];
  /** Time of the episode that recorded it. */
  readonly timestamp: Date;
  /** Of the activity, sub-orchestration, orchestrator or external event. */
  readonly name?: string;
  readonly version?: string;
  /** Which action of the orchestrator, counted from 0 [Y1]. */
  readonly taskId?: number;
  /** 1 for the first attempt of an activity. */
  readonly attempt?: number;
  /** To which instance: of sub-orchestrations and sent events; of operations, locks and their releases the entity, `@name@key`. */
  readonly instanceId?: string;
  /** Of EntityOperationCalled and EntityOperationSignaled. */
  readonly operation?: string;
  /** Of a signal that is not to arrive before. */
  readonly scheduledTime?: Date;
  /** Of EntityUnlockSent: which EntityLockRequested it takes back. */
  readonly lockTaskId?: number;
  /** When a timer is due. */
  readonly fireAt?: Date;
  /** Only with `showHistoryOutput`. */
  readonly input?: unknown;
  /** Only with `showHistoryOutput`. */
  readonly result?: unknown;
  readonly failureDetails?: FailureDetails;
  /** Why somebody suspended, resumed, terminated or rewound it. */
  readonly reason?: string;
  /** Of ExecutionRewound: the places in this history, from 0, of the failures that it takes back [K8]. */
  readonly dropped?: readonly number[];
  /** How an execution ended. */
  readonly orchestrationStatus?: string;
}

/** The fields of all kinds of events that a record shows. */
interface EventFields {
  readonly type: HistoryEvent['type'];
  readonly name?: string;
  readonly version?: string;
  readonly taskId?: number;
  readonly attempt?: number;
  readonly instanceId?: string;
  readonly entityId?: string;
  readonly operation?: string;
  readonly scheduledTime?: number;
  readonly lockTaskId?: number;
  readonly fireAt?: number;
  readonly input?: string;
  readonly result?: string;
  readonly failureDetails?: FailureDetails;
  readonly reason?: string;
  readonly dropped?: readonly number[];
  readonly status?: string;
}

export function toHistoryRecords(events: readonly HistoryEvent[], showOutput: boolean): HistoryRecord[] {
  let timestamp = 0;
  return events.map((event) => {
    if (event.type === 'OrchestratorStarted') timestamp = event.timestamp;
    return toRecord(event, timestamp, showOutput);
  });
}

function toRecord(event: EventFields, timestamp: number, showOutput: boolean): HistoryRecord {
  return withoutUndefined({
    eventType: event.type,
    timestamp: new Date(timestamp),
    name: event.name,
    version: event.version,
    taskId: event.taskId,
    attempt: event.attempt,
    instanceId: event.instanceId ?? event.entityId,
    operation: event.operation,
    scheduledTime: toDate(event.scheduledTime),
    lockTaskId: event.lockTaskId,
    fireAt: toDate(event.fireAt),
    input: showOutput ? deserialize(event.input, () => `the input in a ${event.type}`) : undefined,
    result: showOutput ? deserialize(event.result, () => `the result in a ${event.type}`) : undefined,
    failureDetails: event.failureDetails,
    reason: event.reason,
    dropped: event.dropped,
    orchestrationStatus: event.status,
  });
}

function toDate(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}

function withoutUndefined<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
