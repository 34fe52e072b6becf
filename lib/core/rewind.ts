/**
 * What a rewind takes back [K8]: the failures of every call that has not ended well. A call with retries is one call,
 * however many attempts it took: where one of them succeeded, the failures of the others stay.
 */
import { splitEpisodes, type OpenEpisode, type RecordedEpisode } from './episodes.js';
import type { ExecutionRewound, HistoryEvent } from './history.js';

/** A failed execution that is to go on. */
export interface Rewind {
  /** The first input of the episode that is to be run. */
  readonly event: ExecutionRewound;
  /** To be replayed. */
  readonly episodes: readonly RecordedEpisode[];
  /** To be given to the run: what is taken back and done again, as far as it still stands. */
  readonly open: OpenEpisode;
}

/** @param history of an execution that has failed */
export function planRewind(history: readonly HistoryEvent[]): Rewind {
  const event: ExecutionRewound = { type: 'ExecutionRewound', dropped: failuresToDrop(history) };
  const { episodes, open } = splitEpisodes(history, event);
  return { event, episodes, open: open! };
}

/** Whether an execution has failed, and nothing has come since. */
export function hasFailed(history: readonly HistoryEvent[]): boolean {
  const end = history.at(-2);
  return end?.type === 'ExecutionCompleted' && end.status === 'Failed';
}

/** Places of failures in the history, ascending. Failures that an earlier rewind has dropped are not among them. */
export function failuresToDrop(history: readonly HistoryEvent[]): number[] {
  const gone = new Set(history.flatMap((event) => (event.type === 'ExecutionRewound' ? event.dropped : [])));
  const callOf = new Map<number, number>();
  const answered = new Set<number>();
  const endedWell = new Set<number>();
  const failures: { readonly place: number; readonly call: number }[] = [];
  for (const [place, event] of history.entries()) {
    if (gone.has(place)) continue;
    switch (event.type) {
      case 'TaskScheduled':
      case 'SubOrchestrationInstanceCreated':
        callOf.set(event.taskId, event.callId ?? event.taskId);
        break;
      case 'TaskCompleted':
      case 'SubOrchestrationInstanceCompleted':
      case 'EntityOperationCompleted':
        // A second answer counts for nothing [Y3]: a child that was rewound alone has two ends.
        if (!answered.has(event.taskId)) endedWell.add(callOf.get(event.taskId) ?? event.taskId);
        answered.add(event.taskId);
        break;
      case 'TaskFailed':
      case 'SubOrchestrationInstanceFailed':
      case 'EntityOperationFailed':
        failures.push({ place, call: callOf.get(event.taskId) ?? event.taskId });
        answered.add(event.taskId);
        break;
      default:
    }
  }
  return failures.filter(({ call }) => !endedWell.has(call)).map(({ place }) => place);
}
