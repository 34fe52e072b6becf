import type { HistoryRecord } from 'nestjs-durable';

const ANSWERED_BY: Readonly<Record<string, readonly string[]>> = {
  TaskScheduled: ['TaskCompleted', 'TaskFailed'],
  SubOrchestrationInstanceCreated: ['SubOrchestrationInstanceCompleted', 'SubOrchestrationInstanceFailed'],
  TimerCreated: ['TimerFired'],
  EventSent: [],
  EntityOperationCalled: ['EntityOperationCompleted', 'EntityOperationFailed'],
  EntityOperationSignaled: [],
  EntityLockRequested: ['EntityLockGranted'],
  EntityUnlockSent: [],
};

const OF_CODE: ReadonlySet<string> = new Set([...Object.keys(ANSWERED_BY), 'ExecutionCompleted', 'ContinueAsNew']);

/** What holds for the history of every finished instance [Y1, Y4]. */
export function expectWellFormed(instanceId: string, history: readonly HistoryRecord[]): void {
  try {
    expectEpisodes(history);
    expectOneExecution(history);
    expectActions(history);
  } catch (error) {
    const lines = history.map(({ eventType, taskId, name }) => [eventType, taskId, name].filter((part) => part !== undefined).join(' '));
    throw new Error(`The history of '${instanceId}' is broken: ${(error as Error).message}\n${lines.join('\n')}`, { cause: error });
  }
}

/** OrchestratorStarted and OrchestratorCompleted pair up; only inputs without anything that the code did may be gone on with. */
function expectEpisodes(history: readonly HistoryRecord[]): void {
  let open = false;
  let lastTime = 0;
  history.forEach(({ eventType, timestamp }, index) => {
    expect(timestamp.getTime()).toBeGreaterThanOrEqual(lastTime);
    lastTime = timestamp.getTime();
    if (eventType === 'OrchestratorStarted') {
      const begun = history.slice(history.findLastIndex((event, before) => before < index && event.eventType === 'OrchestratorStarted'), index);
      if (open) expect(begun.filter((event) => OF_CODE.has(event.eventType))).toEqual([]);
      open = true;
    } else {
      expect(open).toBe(true);
      if (eventType === 'OrchestratorCompleted') open = false;
    }
  });
  expect(open).toBe(false);
}

function expectOneExecution(history: readonly HistoryRecord[]): void {
  const types: readonly string[] = history.map(({ eventType }) => eventType);
  expect(types.filter((type) => type === 'ExecutionStarted')).toHaveLength(1);
  expect(types.slice(0, 2)).toEqual(['OrchestratorStarted', 'ExecutionStarted']);
  // Each rewind takes one end back [K8].
  expect(types.filter((type) => type === 'ExecutionCompleted')).toHaveLength(1 + types.filter((type) => type === 'ExecutionRewound').length);
  expect(types.slice(-2)).toEqual(['ExecutionCompleted', 'OrchestratorCompleted']);
}

/** Actions are numbered in their order without a gap; each has at most one answer, of its kind, behind it, that was not taken back. */
function expectActions(history: readonly HistoryRecord[]): void {
  const open = new Map<number, readonly string[]>();
  let next = 0;
  for (const { eventType, taskId, dropped = [] } of history) {
    for (const place of dropped) {
      const answer = history[place]!;
      expect(answer.eventType).toMatch(/Failed$|^EntityLockGranted$/);
      open.set(answer.taskId!, Object.values(ANSWERED_BY).find((answers) => answers.includes(answer.eventType))!);
    }
    if (taskId === undefined) continue;
    const answers = ANSWERED_BY[eventType];
    if (answers) {
      expect(taskId).toBe(next++);
      open.set(taskId, answers);
    } else {
      expect(open.get(taskId)).toContain(eventType);
      open.delete(taskId);
    }
  }
}
