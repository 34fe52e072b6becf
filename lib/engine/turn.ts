/**
 * One turn of an instance: takes what waits for it, runs an episode when there is reason to, and says in one checkpoint
 * what has changed (I1). Nothing here touches the database or has an effect outside: that comes after the commit (I3).
 */
import { insideEpisode } from './episode-guard.js';
import { isMeantFor, type InstanceSlot, type PendingInput, type Session } from './instance-slot.js';
import { newSession, type SessionContext } from './sessions.js';
import { isBacklog } from './backlog.js';
import { buildCheckpoint, emptyCheckpoint, message } from './checkpoint-builder.js';
import { unreadable } from './refusals.js';
import { answerRewoundParent, isOfThisCall, reasonToRewind } from './rewinding.js';
import { createdRow, replyInstanceInUse } from './instance-creation.js';
import type { EpisodeResult } from '../core/episode-result.js';
import type { ExecutionStarted, InputEvent } from '../core/history.js';
import { isFinished } from '../core/history.js';
import { START_TIMER, type Checkpoint, type InstanceGuard, type InstanceRow } from '../storage/store.js';

/** Inputs that one turn takes up at most. */
const MAX_INPUTS = 1_000;
/** An instance that sleeps for longer leaves memory at once, ms: many may, and those that others wait for are to stay. */
const LONG_SLEEP = 60_000;

export interface TurnContext extends SessionContext {
  now(): number;
  newExecutionId(): string;
  /** Whether a live worker of the hub, this process included, has the orchestrator. */
  isOrchestratorKnown(name: string, version?: string): boolean;
  /** Whether an activity written now is to be run by this process. */
  reserveActivity(name: string): { readonly claimToken: string; readonly claimedBy: string } | undefined;
}

/** A checkpoint that is to be written. */
export interface WrittenTurn {
  readonly kind: 'checkpoint';
  readonly checkpoint: Checkpoint;
  readonly taken: readonly PendingInput[];
  readonly row: InstanceRow | null;
  readonly session: Session | undefined;
  /** This process lacks the orchestrator: what was taken waits in the history [Y6]. */
  readonly isParked?: boolean;
  /** The checkpoint counts an attempt, the episode comes after it [Y8]. */
  readonly isCount?: boolean;
}

/** The outcome of a turn. */
export type Turn =
  | WrittenTurn
  /** Everything taken had become void; there is nothing to write. */
  | { readonly kind: 'nothing' }
  /** The row in memory may be out of date: load it again and come back. */
  | { readonly kind: 'reload' };

/** Whether an instance begins with the input. */
export function isBeginning(input: PendingInput): boolean {
  return isCreation(input) || isStart(input);
}

/** Runs one turn. The slot's row is known (`null`: there is no such instance). The array of the slot's queue is replaced, not changed. */
export function takeTurn(slot: InstanceSlot, context: TurnContext): Turn {
  dropVoidInputs(slot);
  const first = slot.queue[0];
  if (!first) return { kind: 'nothing' };
  const row = slot.row ?? null;
  if (row && !isFinished(row.status) && !slot.poison && endsOfUnreadable(slot)) return { kind: 'reload' };
  if (first.kind === 'eager' && row) return confirmStart(slot, row, first);
  if (row?.status === 'Failed' && isOfThisCall(row, first)) return rewind(slot, row, first, context);
  if (isCreation(first)) return (row && answerRewoundParent(slot, row, first, context)) ?? createOrRefuse(slot, row, first, context);
  if (!row || isFinished(row.status)) return consumeLate(slot, row, context);
  const taken = takeWhile(slot, (input) => !isCreation(input));
  return advance(slot, row, { kind: 'update', expected: row }, taken, context, rewindOf(slot, taken));
}

/** What cannot be read may be an answer or an event that the instance would wait for in vain: it ends. Whether that is so here. */
function endsOfUnreadable(slot: InstanceSlot): boolean {
  for (const input of slot.queue) {
    if (input.kind !== 'message' || input.message.body.type !== 'Unreadable') continue;
    const { key, sender, body } = input.message;
    slot.poison = unreadable(`Message ${key} of sender ${sender} for instance '${slot.instanceId}' in durable_inbox`, body.reason);
    return true;
  }
  return false;
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
  const state = row ? `it is ${row.status}` : 'there is no such instance';
  const ignored = (what: string) => log.debug?.(`${what} for instance '${slot.instanceId}' is ignored: ${state}.`);
  if (input.kind === 'activity') ignored(input.event.type);
  if (input.kind !== 'message') return;
  const { body } = input.message;
  if (body.type === 'Unreadable') log.error(`A message for instance '${slot.instanceId}' cannot be read, and was dropped: ${state}, and ${body.reason}.`);
  if (body.type === 'RewindInstance') log.debug?.(`The rewind of instance '${slot.instanceId}' is ignored: ${state}.`);
  if (body.type !== 'Deliver') return;
  const { event } = body;
  if (event.type === 'EventRaised') log.warn(`Event '${event.name}' for instance '${slot.instanceId}' was dropped: ${state}.`);
  else ignored(event.type);
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
  const start = create(slot, row, first, context);
  const { messages, cancelledTimers, abandonedActivities } = end.checkpoint;
  const checkpoint: Checkpoint = {
    ...start.checkpoint,
    messages: [...messages, ...start.checkpoint.messages],
    cancelledTimers: [...cancelledTimers, ...start.checkpoint.cancelledTimers],
    abandonedActivities: [...abandonedActivities, ...start.checkpoint.abandonedActivities],
  };
  return { ...start, checkpoint };
}

/** A sub-orchestration that failed goes on, because its parent was rewound [K8]. */
function rewind(slot: InstanceSlot, row: InstanceRow, first: PendingInput, context: TurnContext): Turn {
  // It was loaded for another reason, without its history.
  if (!slot.session?.rewind) return { kind: 'reload' };
  slot.queue.shift();
  const taken = [first, ...takeWhile(slot, (input) => !isCreation(input))];
  return advance(slot, row, { kind: 'update', expected: row }, taken, context, rewindOf(slot, taken));
}

/** What an instance that failed goes on with; what is dropped of its history was found out when it was loaded. */
function rewindOf({ session }: InstanceSlot, taken: readonly PendingInput[]): InputEvent[] {
  if (!session?.rewind) return [];
  const reason = taken.map(reasonToRewind).find((wish) => wish !== undefined)?.reason;
  return [{ ...session.rewind, reason }];
}

function create(slot: InstanceSlot, old: InstanceRow | null, first: PendingInput, context: TurnContext): WrittenTurn {
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
  slot.session = undefined;
  if (isBacklog(slot.partition, first) && !slot.poison) return createCounted(slot, row, write, first, context);
  const taken = [first, ...takeWhile(slot, (input) => !isCreation(input))];
  return advance(slot, row, write, taken, context);
}

/** A worker may have died of this instance's first episode: the row comes first, to count that [Y8]. */
function createCounted(slot: InstanceSlot, row: InstanceRow, write: Write, first: PendingInput, context: TurnContext): WrittenTurn {
  const counted = { ...row, attempts: 1 };
  const checkpoint: Checkpoint = {
    ...emptyCheckpoint(slot, [first]),
    write: { ...write, row: counted },
    messages: [message(slot, row.instanceId, { type: 'StartInstance' }, context)],
    garbage: write.kind === 'replace' ? [write.expected.executionId] : [],
  };
  return { kind: 'checkpoint', checkpoint, taken: [first], row: counted, session: undefined, isCount: true };
}

type Write = { readonly kind: 'insert' } | { readonly kind: 'replace' | 'update'; readonly expected: InstanceGuard };

/** Runs an episode of a live instance with what was taken, if any of it asks for one. */
function advance(slot: InstanceSlot, row: InstanceRow, write: Write, taken: PendingInput[], context: TurnContext, forced: InputEvent[] = []): WrittenTurn {
  const { events, wakes, notBefore } = translate(row, taken, context);
  events.unshift(...forced);
  const now = Math.max(context.now(), row.updatedAt, notBefore);
  const begins = row.historyLength === 0;
  const startsLater = row.startAt !== undefined && row.startAt > now;
  const timer = startsLater && taken.some(isStart) ? startTimer(row, row.startAt) : undefined;
  const runs = slot.poison !== undefined || events.length > 0 || (wakes && !startsLater && (begins || slot.session?.open !== undefined || row.status === 'Pending'));
  if (!runs && write.kind === 'update') {
    const checkpoint = { ...emptyCheckpoint(slot, taken), timers: timer ? [timer] : [] };
    return { kind: 'checkpoint', checkpoint, taken, row, session: slot.session };
  }
  const session = slot.session ?? newSession(row, context, slot.poison);
  const inputs = begins ? [executionStarted(row), ...events] : events;
  const result = slot.endsBare ? endBare(session, now, begins) : insideEpisode(row, () => session.execution.run(now, inputs, session.open));
  const isParked = session.isHandlerless && !isFinished(result.status);
  const built = buildCheckpoint({ slot, row, write, taken, result, now, context, startTimer: timer, isParked });
  const { execution, isHandlerless } = session;
  const isToLeave = isFinished(result.status) || (execution.sleepsUntil ?? now) > now + LONG_SLEEP;
  const kept = isToLeave ? undefined : { execution, isHandlerless };
  return { kind: 'checkpoint', taken, checkpoint: built.checkpoint, row: built.row, session: result.continueAsNew ? built.continued : kept, isParked };
}

/** The end of an instance whose checkpoints are refused. One that never began has no history: as it is, it may begin when it is rewound. */
function endBare({ execution }: Session, now: number, begins: boolean): EpisodeResult {
  const result = execution.run(now, []);
  return begins ? { ...result, events: [] } : result;
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
  const ignore = (type: string) => log.debug?.(`${type} for instance '${row.instanceId}' is ignored: it is for another execution.`);
  for (const input of taken) {
    if (input.kind === 'eager') wakes = true;
    else if (input.kind === 'activity') {
      if (input.activity.executionId === row.executionId) events.push(input.event);
      else ignore(input.event.type);
    } else if (input.kind === 'timer') {
      const { executionId, taskId, fireAt } = input.timer;
      if (executionId !== row.executionId) {
        ignore('TimerFired');
        continue;
      }
      notBefore = Math.max(notBefore, fireAt);
      if (taskId === START_TIMER) wakes = true;
      else events.push({ type: 'TimerFired', taskId, fireAt });
    } else if (input.message.body.type === 'Deliver') {
      const { event } = input.message.body;
      if (isMeantFor(row, input.message.body)) events.push(event);
      else ignore(event.type);
    } else wakes = true;
  }
  return { events, wakes, notBefore };
}
