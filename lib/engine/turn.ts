/**
 * One turn of an instance: takes what waits for it, runs an episode when there is reason to, and says in one checkpoint
 * what has changed (I1). Nothing here touches the database or has an effect outside: that comes after the commit (I3).
 */
import { insideEpisode } from './episode-guard.js';
import { isMeantFor, type InstanceSlot, type PendingInput, type Session } from './instance-slot.js';
import { newSession, type SessionContext } from './sessions.js';
import { buildCheckpoint, emptyCheckpoint } from './checkpoint-builder.js';
import { createdRow, replyInstanceInUse } from './instance-creation.js';
import type { ExecutionStarted, InputEvent } from '../core/history.js';
import { isFinished } from '../core/history.js';
import { START_TIMER, type Checkpoint, type InstanceGuard, type InstanceRow } from '../storage/store.js';

/** Inputs that one turn takes up at most. */
const MAX_INPUTS = 1_000;

export interface TurnContext extends SessionContext {
  now(): number;
  newExecutionId(): string;
  /** Whether a live worker of the hub, this process included, has the orchestrator. */
  isOrchestratorKnown(name: string, version?: string): boolean;
  /** Whether an activity written now is to be run by this process. */
  reserveActivity(name: string): { readonly claimToken: string; readonly claimedBy: string } | undefined;
}

/** The outcome of a turn. */
export type Turn =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint; readonly taken: readonly PendingInput[]; readonly row: InstanceRow | null; readonly session: Session | undefined }
  /** Everything taken had become void; there is nothing to write. */
  | { readonly kind: 'nothing' }
  /** The row in memory may be out of date: load it again and come back. */
  | { readonly kind: 'reload' }
  /** This process has no such orchestrator; everything taken waits. */
  | { readonly kind: 'unknown-handler'; readonly name: string; readonly version?: string };

/** Runs one turn. The slot's row is known (`null`: there is no such instance). The array of the slot's queue is replaced, not changed. */
export function takeTurn(slot: InstanceSlot, context: TurnContext): Turn {
  dropVoidInputs(slot);
  const first = slot.queue[0];
  if (!first) return { kind: 'nothing' };
  const row = slot.row ?? null;
  if (first.kind === 'eager' && row) return confirmStart(slot, row, first);
  if (isCreation(first)) return createOrRefuse(slot, row, first, context);
  if (!row || isFinished(row.status)) return consumeLate(slot, row, context);
  return advance(slot, row, { kind: 'update', expected: row }, takeWhile(slot, (input) => !isCreation(input)), context);
}

function isCreation(input: PendingInput): boolean {
  return input.kind === 'eager' || (input.kind === 'message' && input.message.body.type === 'CreateInstance');
}

/** Timers that were cancelled and activities that were abandoned after they were queued no longer have a row to consume. */
function dropVoidInputs(slot: InstanceSlot): void {
  const { timers, claims } = slot.partition;
  slot.queue = slot.queue.filter((input) =>
    input.kind === 'timer' ? timers.has(input.timer) : input.kind === 'activity' ? claims.has(input.activity.claimToken) : true,
  );
}

function takeWhile(slot: InstanceSlot, accept: (input: PendingInput) => boolean): PendingInput[] {
  const end = slot.queue.findIndex((input, index) => index >= MAX_INPUTS || !accept(input));
  return slot.queue.splice(0, end === -1 ? slot.queue.length : end);
}

/** Messages for an instance that is missing or finished are consumed without effect. */
function consumeLate(slot: InstanceSlot, row: InstanceRow | null, context: TurnContext): Turn {
  // A client may have put a new instance in this place since the row was read: what came after the read may be for that one.
  const last = slot.lastBeforeRead ? slot.queue.indexOf(slot.lastBeforeRead) : -1;
  if (last === -1) return { kind: 'reload' };
  const late = new Set(slot.queue.slice(0, last + 1));
  const taken = takeWhile(slot, (input) => late.has(input) && !isCreation(input));
  for (const input of taken) logDropped(slot, row, input, context);
  return { kind: 'checkpoint', checkpoint: emptyCheckpoint(slot, taken), taken, row, session: undefined };
}

function logDropped(slot: InstanceSlot, row: InstanceRow | null, input: PendingInput, { log }: TurnContext): void {
  if (input.kind !== 'message' || input.message.body.type !== 'Deliver') return;
  const { event } = input.message.body;
  const state = row ? `it is ${row.status}` : 'there is no such instance';
  if (event.type === 'EventRaised') log.warn(`Event '${event.name}' for instance '${slot.instanceId}' was dropped: ${state}.`);
  else log.debug?.(`${event.type} for instance '${slot.instanceId}' is ignored: ${state}.`);
}

function isStart(input: PendingInput): boolean {
  return input.kind === 'message' && input.message.body.type === 'StartInstance';
}

/** An eager start whose commit was written although its answer was lost: its id is nobody else's. */
function confirmStart(slot: InstanceSlot, row: InstanceRow, first: PendingInput): Turn {
  slot.queue.shift();
  return { kind: 'checkpoint', checkpoint: emptyCheckpoint(slot, [first]), taken: [first], row, session: slot.session };
}

/** An instance may stand where another is to be created [K1, S3]. */
function createOrRefuse(slot: InstanceSlot, row: InstanceRow | null, first: PendingInput, context: TurnContext): Turn {
  if (!row) return create(slot, row, first, context);
  const onConflict = first.kind === 'message' && first.message.body.type === 'CreateInstance' ? first.message.body.onConflict : 'reject';
  if (onConflict === 'terminateAndReplace' && !isFinished(row.status)) return replaceLiveInstance(slot, row, first, context);
  if (isFinished(row.status) && (onConflict === 'terminateAndReplace' || onConflict === 'replaceFinished')) return create(slot, row, first, context);
  slot.queue.shift();
  const checkpoint = { ...emptyCheckpoint(slot, [first]), messages: replyInstanceInUse(slot, row, first, context) };
  return { kind: 'checkpoint', checkpoint, taken: [first], row, session: slot.session };
}

/** Ends the live instance and creates the new one in one step: clients that want the new one never meet the end of the old one. */
function replaceLiveInstance(slot: InstanceSlot, row: InstanceRow, first: PendingInput, context: TurnContext): Turn {
  const reason = 'Replaced by a new instance with the same id.';
  const end = advance(slot, row, { kind: 'update', expected: row }, [], context, [{ type: 'ExecutionTerminated', reason }]);
  if (end.kind !== 'checkpoint') return end;
  const start = create(slot, row, first, context);
  // Without a handler for the new one, the old one ends all the same; the creation waits in the queue.
  if (start.kind !== 'checkpoint') return end;
  const { messages, cancelledTimers, abandonedActivities } = end.checkpoint;
  const checkpoint: Checkpoint = {
    ...start.checkpoint,
    messages: [...messages, ...start.checkpoint.messages],
    cancelledTimers: [...cancelledTimers, ...start.checkpoint.cancelledTimers],
    abandonedActivities: [...abandonedActivities, ...start.checkpoint.abandonedActivities],
  };
  return { ...start, checkpoint };
}

function create(slot: InstanceSlot, old: InstanceRow | null, first: PendingInput, context: TurnContext): Turn {
  const row = createdRow(slot, old, first, context);
  slot.queue.shift();
  const write: Write = old ? { kind: 'replace', expected: old } : { kind: 'insert' };
  if (row.startAt !== undefined && row.startAt > context.now()) {
    const checkpoint: Checkpoint = {
      ...emptyCheckpoint(slot, [first]),
      write: { ...write, row },
      timers: [startTimer(row, row.startAt)],
      garbage: old ? [old.executionId] : [],
    };
    return { kind: 'checkpoint', checkpoint, taken: [first], row, session: undefined };
  }
  const taken = [first, ...takeWhile(slot, (input) => !isCreation(input))];
  slot.session = undefined;
  return advance(slot, row, write, taken, context);
}

type Write = { readonly kind: 'insert' } | { readonly kind: 'replace' | 'update'; readonly expected: InstanceGuard };

/** Runs an episode of a live instance with what was taken, if any of it asks for one. */
function advance(slot: InstanceSlot, row: InstanceRow, write: Write, taken: PendingInput[], context: TurnContext, forced: InputEvent[] = []): Turn {
  const { events, wakes, notBefore } = translate(row, taken, context);
  events.unshift(...forced);
  const now = Math.max(context.now(), row.updatedAt, notBefore);
  const begins = row.historyLength === 0;
  const startsLater = row.startAt !== undefined && row.startAt > now;
  const timer = startsLater && taken.some(isStart) ? startTimer(row, row.startAt) : undefined;
  const runs = events.length > 0 || (wakes && !startsLater && (begins || slot.session?.open !== undefined || row.status === 'Pending'));
  if (!runs && write.kind === 'update') {
    const checkpoint = { ...emptyCheckpoint(slot, taken), timers: timer ? [timer] : [] };
    return { kind: 'checkpoint', checkpoint, taken, row, session: slot.session };
  }
  const session = slot.session ?? newSession(row, context, events);
  if (!session) {
    slot.queue.unshift(...taken);
    return { kind: 'unknown-handler', name: row.name, version: row.version };
  }
  const inputs = begins ? [executionStarted(row), ...events] : events;
  const result = insideEpisode(() => session.execution.run(now, inputs, session.open));
  const built = buildCheckpoint({ slot, row, write, taken, result, now, context, startTimer: timer });
  const kept = isFinished(result.status) ? undefined : { execution: session.execution };
  return { kind: 'checkpoint', taken, checkpoint: built.checkpoint, row: built.row, session: result.continueAsNew ? built.continued : kept };
}

function startTimer(row: InstanceRow, fireAt: number) {
  return { partition: row.partition, instanceId: row.instanceId, executionId: row.executionId, taskId: START_TIMER, fireAt };
}

function executionStarted(row: InstanceRow): ExecutionStarted {
  const { name, version, input, parent, tags, startAt } = row;
  return { type: 'ExecutionStarted', name, version, input, parent, tags, startAt };
}

/** The events among the inputs that are for this execution [Y3]. */
function translate(row: InstanceRow, taken: readonly PendingInput[], { log }: TurnContext) {
  const events: InputEvent[] = [];
  let wakes = false;
  let notBefore = 0;
  for (const input of taken) {
    if (input.kind === 'eager') wakes = true;
    else if (input.kind === 'activity') {
      if (input.activity.executionId === row.executionId) events.push(input.event);
    } else if (input.kind === 'timer') {
      const { executionId, taskId, fireAt } = input.timer;
      if (executionId !== row.executionId) continue;
      notBefore = Math.max(notBefore, fireAt);
      if (taskId === START_TIMER) wakes = true;
      else events.push({ type: 'TimerFired', taskId, fireAt });
    } else if (input.message.body.type === 'Deliver') {
      const { event } = input.message.body;
      if (isMeantFor(row, input.message.body)) events.push(event);
      else log.debug?.(`${event.type} for instance '${row.instanceId}' is ignored: it is for another execution.`);
    } else wakes = true;
  }
  return { events, wakes, notBefore };
}
