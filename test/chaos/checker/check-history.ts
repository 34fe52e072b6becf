/** Whether the history of a finished instance is whole and well formed (see lib/core/history.ts) [Y4]. */
import type { HistoryEvent } from '../../../lib/core/history.js';
import type { StoredChunk } from './tables.js';

/** What is wrong with how the chunks of a history follow each other. */
export function checkSequence(chunks: readonly StoredChunk[], length: number): string[] {
  const problems: string[] = [];
  let next = 0;
  for (const { sequence, count, events } of chunks) {
    if (sequence !== next) problems.push(`events ${next} to ${sequence} are missing or written twice`);
    if (count !== events.length) problems.push(`the row of event ${sequence} says that it holds ${count} events, it holds ${events.length}`);
    next = sequence + count;
  }
  if (next !== length) problems.push(`the history has ${next} events, the instance says ${length}`);
  return problems;
}

/**
 * What is wrong with the events of a finished execution that was never rewound.
 * @param waits whether it waits for everything that it begins, if it completes
 */
export function checkFinishedHistory(events: readonly HistoryEvent[], waits = true): string[] {
  return [...checkEpisodes(events), ...checkTasks(events, waits), ...checkTimers(events), ...checkLocks(events), ...checkEnds(events)];
}

/** Which kinds of events may follow which within an episode. */
const PHASES = ['started', 'inputs', 'outputs', 'completion', 'completed'] as const;

function phaseOf({ type }: HistoryEvent): number {
  switch (type) {
    case 'OrchestratorStarted':
      return PHASES.indexOf('started');
    case 'TaskScheduled':
    case 'SubOrchestrationInstanceCreated':
    case 'TimerCreated':
    case 'EventSent':
    case 'EntityOperationCalled':
    case 'EntityOperationSignaled':
    case 'EntityLockRequested':
    case 'EntityUnlockSent':
      return PHASES.indexOf('outputs');
    case 'ExecutionCompleted':
    case 'ContinueAsNew':
      return PHASES.indexOf('completion');
    case 'OrchestratorCompleted':
      return PHASES.indexOf('completed');
    default:
      return PHASES.indexOf('inputs');
  }
}

function checkEpisodes(events: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  let phase = PHASES.indexOf('completed');
  let time = 0;
  events.forEach((event, index) => {
    const at = `event ${index} (${event.type})`;
    const next = phaseOf(event);
    if (event.type === 'OrchestratorStarted') {
      // An open episode holds inputs only, and goes on with an OrchestratorStarted of its own.
      if (phase !== PHASES.indexOf('completed') && phase !== PHASES.indexOf('inputs')) problems.push(`${at} begins within an episode`);
      if (event.timestamp < time) problems.push(`${at} is earlier than the episode before [O11]`);
      time = event.timestamp;
    } else if (phase === PHASES.indexOf('completed')) problems.push(`${at} stands outside of an episode`);
    else if (next < phase) problems.push(`${at} stands behind the ${PHASES[phase]} of its episode`);
    phase = next;
  });
  if (phase !== PHASES.indexOf('completed')) problems.push('the last episode is not complete');
  return problems;
}

function checkTasks(events: readonly HistoryEvent[], waits: boolean): string[] {
  const problems: string[] = [];
  const ids = events.flatMap((event) => (phaseOf(event) === PHASES.indexOf('outputs') && 'taskId' in event ? [event.taskId] : []));
  ids.forEach((id, index) => {
    if (id !== index) problems.push(`action ${index} has the task id ${id} [Y1]`);
  });
  const pairs = [
    ['TaskScheduled', ['TaskCompleted', 'TaskFailed']],
    ['SubOrchestrationInstanceCreated', ['SubOrchestrationInstanceCompleted', 'SubOrchestrationInstanceFailed']],
    ['EntityOperationCalled', ['EntityOperationCompleted', 'EntityOperationFailed']],
    ['EntityLockRequested', ['EntityLockGranted']],
  ] as const;
  const isCut = !waits || events.some((event) => event.type === 'ExecutionCompleted' && event.status !== 'Completed');
  for (const [opening, closings] of pairs) {
    const opened = new Map(events.flatMap((event, index) => (event.type === opening ? [[event.taskId, index] as const] : [])));
    const closed = new Map<number, number>();
    events.forEach((event, index) => {
      if (!('taskId' in event) || !(closings as readonly string[]).includes(event.type)) return;
      if (closed.has(event.taskId)) problems.push(`task ${event.taskId} is completed twice, by events ${closed.get(event.taskId)} and ${index}`);
      if ((opened.get(event.taskId) ?? index) >= index) problems.push(`event ${index} completes task ${event.taskId}, which no ${opening} before it began`);
      closed.set(event.taskId, index);
    });
    for (const [id, index] of opened) if (!closed.has(id) && !isCut) problems.push(`task ${id} (${opening}, event ${index}) was never completed`);
  }
  return problems;
}

function checkTimers(events: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  const open = new Map<number, number>();
  let time = 0;
  events.forEach((event, index) => {
    if (event.type === 'OrchestratorStarted') time = event.timestamp;
    else if (event.type === 'TimerCreated') open.set(event.taskId, event.fireAt);
    else if (event.type === 'TimerFired') {
      const fireAt = open.get(event.taskId);
      if (fireAt === undefined) problems.push(`event ${index} fires timer ${event.taskId}, which is not open or has fired before`);
      else if (time < fireAt) problems.push(`timer ${event.taskId} fired ${fireAt - time} ms early [T1]`);
      open.delete(event.taskId);
    }
  });
  return problems;
}

/** Each lock is given back once, also one that was asked for in vain; while some are held no others may be used [L1], [L2]. */
function checkLocks(events: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  const requested = new Map<number, string>();
  const held = new Set<string>();
  events.forEach((event, index) => {
    const at = `event ${index} (${event.type})`;
    if (event.type === 'EntityLockRequested') requested.set(event.taskId, event.entityId);
    else if (event.type === 'EntityLockGranted') held.add(requested.get(event.taskId) ?? '');
    else if (event.type === 'EntityUnlockSent') {
      if (requested.get(event.lockTaskId) !== event.entityId) problems.push(`${at} gives back lock ${event.lockTaskId} of '${event.entityId}', which was not asked for or is given back already`);
      requested.delete(event.lockTaskId);
      held.delete(event.entityId);
    } else if (event.type === 'EntityOperationCalled' && held.size > 0 && !held.has(event.entityId)) problems.push(`${at} calls '${event.entityId}', which is not locked [L2]`);
    else if (event.type === 'EntityOperationSignaled' && held.has(event.entityId)) problems.push(`${at} signals '${event.entityId}', which is locked [L2]`);
  });
  for (const [taskId, entityId] of requested) {
    // A request of the last episode is never sent: nobody is there to get the lock.
    if (!isOfLastEpisode(events, taskId)) problems.push(`lock ${taskId} of '${entityId}' was never given back [L1]`);
  }
  return problems;
}

/** Whether an operation was called: what the code calls in the episode in which it is terminated is not. */
export function isPerformed(events: readonly HistoryEvent[], taskId: number): boolean {
  return !isOfLastEpisode(events, taskId) || !events.some((event) => event.type === 'ExecutionCompleted' && event.status === 'Terminated');
}

function isOfLastEpisode(events: readonly HistoryEvent[], taskId: number): boolean {
  const begin = events.findLastIndex((event) => event.type === 'OrchestratorStarted');
  return events.slice(begin).some((event) => phaseOf(event) === PHASES.indexOf('outputs') && 'taskId' in event && event.taskId === taskId);
}

function checkEnds(events: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  const count = (type: HistoryEvent['type']) => events.filter((event) => event.type === type).length;
  if (count('ExecutionStarted') !== 1) problems.push(`it has ${count('ExecutionStarted')} ExecutionStarted`);
  if (events[1]?.type !== 'ExecutionStarted') problems.push(`its first input is ${events[1]?.type}, not ExecutionStarted`);
  if (count('ExecutionCompleted') !== 1) problems.push(`it has ${count('ExecutionCompleted')} ExecutionCompleted`);
  if (events.at(-2)?.type !== 'ExecutionCompleted') problems.push('ExecutionCompleted is not its last event');
  return problems;
}
