import type { DurableOrchestrationStatus, HistoryRecord } from 'nestjs-durable';

type Condition = (status: DurableOrchestrationStatus) => boolean;

/** For `until`: an event of this kind is in the history, `times` times. */
export function recorded(eventType: HistoryRecord['eventType'], times = 1): Condition {
  return ({ history = [] }) => history.filter((event) => event.eventType === eventType).length >= times;
}

/** For `until`: these tasks have ended, and the history says so. */
export function answered(...taskIds: readonly number[]): Condition {
  return ({ history = [] }) =>
    taskIds.every((taskId) => history.some((event) => event.taskId === taskId && /(Completed|Failed|Fired|Granted)$/.test(event.eventType)));
}
