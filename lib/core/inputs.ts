import type { AnswerEvent, InputEvent } from './history.js';

export function isAnswer(event: InputEvent): event is AnswerEvent {
  return 'taskId' in event;
}

/** Time of an episode with these inputs: timers are never taken up before they are due, whatever the clock says. */
export function latestOf(time: number, inputs: readonly InputEvent[]): number {
  let latest = time;
  for (const event of inputs) if (event.type === 'TimerFired' && event.fireAt > latest) latest = event.fireAt;
  return latest;
}

const FOR_ANY_GENERATION: ReadonlySet<InputEvent['type']> = new Set(['EventRaised', 'ExecutionSuspended', 'ExecutionResumed', 'ExecutionTerminated']);

/** Whether continueAsNew hands it to the next generation, when nobody took it [C1]. */
export function goesOver({ type }: InputEvent): boolean {
  return FOR_ANY_GENERATION.has(type);
}
