import { NonDeterminismError } from '../core/errors.js';
import type { EpisodeResult } from '../core/episode-result.js';
import {
  isFinished, type EntityLockRequested, type EntityOperationCalled, type EntityOperationSignaled, type EntityUnlockSent, type HistoryEvent, type OutputEvent,
} from '../core/history.js';
import { partitionOf } from '../core/ids.js';
import {
  PARK_TIMER, PARKED_SINCE, START_TIMER, type ActivityWork, type Checkpoint, type CreateInstance, type EntityMessageBody, type InboxMessage, type InstanceGuard, type InstanceRow, type MessageBody, type RunningActivity,
  type TimerKey, type TimerRow,
} from '../storage/store.js';
import type { InstanceSlot, PendingInput, Session } from './instance-slot.js';
import { continuedSession, firstEvents } from './sessions.js';
import type { TurnContext } from './turn.js';

export interface EpisodeStep {
  readonly slot: InstanceSlot;
  readonly row: InstanceRow;
  readonly write: { readonly kind: 'insert' } | { readonly kind: 'replace' | 'update'; readonly expected: InstanceGuard };
  readonly taken: readonly PendingInput[];
  readonly result: EpisodeResult;
  readonly now: number;
  readonly context: TurnContext;
  /** Wakes an instance that is not to begin yet. */
  readonly startTimer?: TimerRow;
  /** No code ran: the instance waits for a worker with its orchestrator [Y6]. */
  readonly isParked?: boolean;
}

/** A checkpoint that consumes inputs and changes nothing. */
export function emptyCheckpoint(slot: Pick<InstanceSlot, 'partition' | 'instanceId'>, taken: readonly PendingInput[]): Checkpoint {
  return {
    partition: slot.partition.index,
    instanceId: slot.instanceId,
    write: { kind: 'none' },
    history: [],
    consumedMessages: taken.flatMap((input) => (input.kind === 'message' ? [input.message] : [])),
    consumedActivities: taken.flatMap((input) => (input.kind === 'activity' ? [input.activity] : [])),
    deletedTimers: taken.flatMap((input) => (input.kind === 'timer' ? [input.timer] : [])),
    cancelledTimers: [],
    messages: [],
    timers: [],
    readyActivities: [],
    runningActivities: [],
    garbage: [],
    abandonedActivities: [],
  };
}

/** What an episode's result means for the database. `continued` is the session of the next generation, if there is one. */
export function buildCheckpoint(step: EpisodeStep): { checkpoint: Checkpoint; row: InstanceRow; continued?: Session } {
  const { slot, row, result, taken, context } = step;
  const empty = emptyCheckpoint(slot, taken);
  const parkTimers = step.isParked ? [parkTimer(row)] : [];
  // What is parked already is parked anew: its timer is deleted and written again.
  const cancelledTimers = [...result.cancelledTimers.map((timer) => ({ ...timer, executionId: row.executionId })), ...unusedStartTimer(step), ...parkTimers];
  const outputs = perform(step);
  const next = nextRow(step);
  const replaced = step.write.kind === 'replace' ? [step.write.expected.executionId] : [];
  const base = { ...empty, ...outputs, cancelledTimers, timers: [...outputs.timers, ...wantedStartTimer(step), ...parkTimers] };
  if (!result.continueAsNew) {
    const checkpoint: Checkpoint = {
      ...base,
      write: { ...step.write, row: next },
      history: [{ executionId: row.executionId, sequence: row.historyLength, events: result.events }],
      messages: [...outputs.messages, ...(isFinished(next.status) ? messageToParent(slot, next, context) : []), ...terminateChildren(step)],
      garbage: replaced,
      abandonedActivities: result.status === 'Terminated' || result.redone ? [row.executionId] : [],
    };
    return { checkpoint, row: next };
  }
  // The old generation's history is garbage from here on, so its last events are not written.
  const started = firstEvents(row, result.continueAsNew, result.customStatus, step.now);
  const generation: InstanceRow = {
    ...next,
    executionId: context.newExecutionId(),
    status: 'Running',
    input: result.continueAsNew.input,
    startAt: undefined,
    historyLength: started.length,
  };
  const checkpoint: Checkpoint = {
    ...base,
    write: { ...step.write, row: generation },
    history: [{ executionId: generation.executionId, sequence: 0, events: started }],
    messages: [...outputs.messages, message(slot, generation.instanceId, { type: 'StartInstance' }, context)],
    garbage: [...replaced, row.executionId],
    abandonedActivities: [row.executionId],
  };
  return { checkpoint, row: generation, continued: continuedSession(generation, started, context) };
}

function parkTimer({ partition, instanceId, executionId }: InstanceRow): TimerRow {
  return { partition, instanceId, executionId, taskId: PARK_TIMER, fireAt: PARKED_SINCE };
}

function wantedStartTimer({ startTimer, result }: EpisodeStep): TimerRow[] {
  return startTimer && !isFinished(result.status) ? [startTimer] : [];
}

/** The timer of an instance that ends before it was to begin. */
function unusedStartTimer({ row, result, now }: EpisodeStep): TimerKey[] {
  if (row.startAt === undefined || row.startAt <= now || !isFinished(result.status)) return [];
  return [{ executionId: row.executionId, taskId: START_TIMER, fireAt: row.startAt }];
}

function nextRow({ row, result, now, isParked }: EpisodeStep): InstanceRow {
  // Code that went another way than the history has no say in the status that clients saw.
  const diverged = result.failureDetails?.errorType === NonDeterminismError.name;
  return {
    ...row,
    status: result.status,
    output: result.result,
    failureDetails: result.failureDetails,
    customStatus: diverged ? row.customStatus : result.customStatus,
    updatedAt: now,
    historyLength: row.historyLength + result.events.length,
    rowVersion: row.rowVersion + 1,
    attempts: isParked ? row.attempts : undefined,
  };
}

type EntityAction = EntityOperationCalled | EntityOperationSignaled | EntityLockRequested | EntityUnlockSent;

interface Outputs {
  readonly messages: InboxMessage[];
  readonly timers: TimerRow[];
  readonly readyActivities: ActivityWork[];
  readonly runningActivities: RunningActivity[];
}

function perform({ slot, row, result, context }: EpisodeStep): Outputs {
  const outputs: Outputs = { messages: [], timers: [], readyActivities: [], runningActivities: [] };
  for (const event of result.outputs) performOne(event, outputs, slot, row, context);
  for (const event of result.redone?.outputs ?? []) performOne(event, outputs, slot, row, context, { reason: result.redone?.reason });
  for (const event of result.repeated ?? []) performOne(event, outputs, slot, row, context, {});
  return outputs;
}

function performOne(event: OutputEvent, outputs: Outputs, slot: InstanceSlot, row: InstanceRow, context: TurnContext, rewind?: CreateInstance['rewind']): void {
  const { instanceId, executionId, partition } = row;
  switch (event.type) {
    case 'TaskScheduled': {
      const { taskId, name, input, callId, attempt } = event;
      const work: ActivityWork = { partition, instanceId, executionId, taskId, name, input, callId, attempt };
      const claim = context.reserveActivity(name);
      if (claim) outputs.runningActivities.push({ ...work, ...claim });
      else outputs.readyActivities.push(work);
      return;
    }
    case 'TimerCreated':
      outputs.timers.push({ partition, instanceId, executionId, taskId: event.taskId, fireAt: event.fireAt });
      return;
    case 'SubOrchestrationInstanceCreated': {
      const { name, version, input, taskId, defaultId } = event;
      const parent = { name: row.name, instanceId, executionId, taskId };
      const body: MessageBody = {
        type: 'CreateInstance', executionId: context.newExecutionId(), name, version, input, parent, onConflict: 'replaceFinished',
        isNewId: defaultId && !rewind, rewind,
      };
      outputs.messages.push(message(slot, event.instanceId, body, context));
      return;
    }
    case 'EventSent': {
      const { name, input } = event;
      outputs.messages.push(message(slot, event.instanceId, { type: 'Deliver', event: { type: 'EventRaised', name, input } }, context));
      return;
    }
    default:
      outputs.messages.push(message(slot, event.entityId, entityMessage(event, row), context));
  }
}

/** What an entity gets. Its answers go to the task of the action; an unlock names the request that it takes back. */
function entityMessage(event: EntityAction, { instanceId, executionId }: InstanceRow): EntityMessageBody {
  const caller = { instanceId, executionId, taskId: event.taskId };
  switch (event.type) {
    case 'EntityOperationCalled':
      return { type: 'EntityOperation', operation: event.operation, input: event.input, caller };
    case 'EntityOperationSignaled':
      return { type: 'EntityOperation', operation: event.operation, input: event.input, dueAt: event.scheduledTime };
    case 'EntityLockRequested':
      return { type: 'LockEntity', holder: caller };
    case 'EntityUnlockSent':
      return { type: 'UnlockEntity', holder: { ...caller, taskId: event.lockTaskId } };
  }
}

/** Behind the messages that create them, so that none is created afterwards [K4]. */
function terminateChildren({ slot, row, result, context }: EpisodeStep): InboxMessage[] {
  const { instanceIds = [], reason } = result.terminatedChildren ?? {};
  const event: HistoryEvent = { type: 'ExecutionTerminated', reason, recursive: true };
  return instanceIds.map((instanceId) => message(slot, instanceId, { type: 'Deliver', parentExecutionId: row.executionId, event }, context));
}

/** Hands the end of a sub-orchestration to its caller [S2]. */
export function messageToParent(slot: InstanceSlot, row: InstanceRow, context: TurnContext): InboxMessage[] {
  if (!row.parent) return [];
  const { taskId, instanceId, executionId } = row.parent;
  const event: HistoryEvent =
    row.status === 'Completed'
      ? { type: 'SubOrchestrationInstanceCompleted', taskId, result: row.output }
      : {
          type: 'SubOrchestrationInstanceFailed',
          taskId,
          failureDetails: row.failureDetails ?? {
            errorType: 'OrchestrationTerminatedError',
            errorMessage: `Sub-orchestration '${row.name}' (instance '${row.instanceId}') was terminated${row.output === undefined ? '' : `: ${row.output}`}.`,
            isNonRetriable: true,
          },
        };
  return [message(slot, instanceId, { type: 'Deliver', executionId, event }, context)];
}

export function message(slot: InstanceSlot, instanceId: string, body: MessageBody, context: TurnContext): InboxMessage {
  return {
    partition: partitionOf(instanceId, context.partitionCount()),
    key: slot.partition.keys.next(),
    sender: slot.partition.index,
    instanceId,
    body,
  };
}
