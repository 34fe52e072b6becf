import type { TaskCompleted, TaskFailed } from '../core/history.js';
import type { InboxMessage, InstanceRow } from '../storage/store.js';

/** Of a message without a payload, bytes. */
const FRAME = 300;

/** Bytes that a result takes up in memory, about. */
export function resultWeightOf(event: TaskCompleted | TaskFailed): number {
  return FRAME + (event.type === 'TaskCompleted' ? (event.result?.length ?? 0) : JSON.stringify(event.failureDetails).length);
}

/** Bytes that a message takes up in memory, about, with the row that it has brought along. */
export function weightOf({ body }: InboxMessage, row?: InstanceRow): number {
  const carrier = body.type === 'Deliver' ? body.event : body;
  const payload = 'input' in carrier ? carrier.input : 'result' in carrier ? carrier.result : undefined;
  return FRAME + (payload?.length ?? 0) + (row ? FRAME + (row.input?.length ?? 0) : 0);
}
