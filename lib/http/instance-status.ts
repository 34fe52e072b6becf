import { inSeconds, toHttpStatus, type DurableOrchestrationStatus, type HistoryRecord } from '../client/index.js';

/** A status as the API writes it. Azure has the history in `historyEvents`; Microsoft's client for JavaScript reads `history`. */
export function instanceStatus(status: DurableOrchestrationStatus): object {
  const history = status.history?.map(withTimesInSeconds) ?? null;
  return { ...toHttpStatus(status), historyEvents: history, history };
}

function withTimesInSeconds(record: HistoryRecord): object {
  return Object.fromEntries(Object.entries(record).map(([key, value]: [string, unknown]) => [key, value instanceof Date ? inSeconds(value) : value]));
}
