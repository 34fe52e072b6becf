import type { CancelledTimer } from './action-log.js';
import type { Continuation, ExecutionScope } from './execution-scope.js';
import type { FailureDetails } from './failure.js';
import type { HistoryEvent, InputEvent, OutputEvent, RuntimeStatus, Serialized } from './history.js';

/** What an episode means for the history and for the outside. */
export interface EpisodeResult {
  /** To be appended to the history, in this order. */
  readonly events: readonly HistoryEvent[];
  /**
   * To be performed. Without what is obsolete at once: timers that the same episode cancelled, all timers when the
   * execution ended [O10], everything but sent events after continueAsNew and terminate [C2], everything after a runaway
   * loop [O14].
   */
  readonly outputs: readonly OutputEvent[];
  /** Timers of earlier episodes that are no longer wanted: their rows are to be deleted. */
  readonly cancelledTimers: readonly CancelledTimer[];
  /** Status from now on; 'Running' after continueAsNew. */
  readonly status: RuntimeStatus;
  /** Custom status as of now, JSON text. */
  readonly customStatus: Serialized;
  /** Output of a completed instance, JSON text; of a terminated one the reason. */
  readonly result?: string;
  readonly failureDetails?: FailureDetails;
  /** The execution ended by continueAsNew: what the next generation begins with, after its ExecutionStarted. */
  readonly continueAsNew?: { readonly input?: string; readonly carryOver: readonly InputEvent[] };
}

/** How an execution ended. */
export type Ending =
  | { readonly type: 'Completed'; readonly result: Serialized }
  | { readonly type: 'Terminated'; readonly result: Serialized }
  | { readonly type: 'Failed'; readonly failureDetails: FailureDetails }
  | { readonly type: 'ContinueAsNew'; readonly continuation: Continuation };

/** @param inputs those that the history does not hold yet */
export function buildResult(
  scope: ExecutionScope,
  inputs: readonly InputEvent[],
  ending: Ending | undefined,
  status: RuntimeStatus,
  carryOver: () => InputEvent[],
): EpisodeResult {
  const { actions, customStatus } = scope;
  const events: HistoryEvent[] = [{ type: 'OrchestratorStarted', timestamp: scope.time }];
  for (const input of inputs) events.push(input);
  for (const output of actions.episodeOutputs) events.push(output);
  if (ending) events.push(endEvent(ending));
  events.push({ type: 'OrchestratorCompleted' });
  const base = { events, outputs: outputsToPerform(scope, ending), cancelledTimers: actions.cancelledTimers, customStatus };
  if (!ending) return { ...base, status };
  if (ending.type === 'ContinueAsNew') {
    return { ...base, status: 'Running', continueAsNew: { ...valueOf('input', ending.continuation.input), carryOver: carryOver() } };
  }
  if (ending.type === 'Failed') return { ...base, status: 'Failed', failureDetails: ending.failureDetails };
  return { ...base, status: ending.type, ...valueOf('result', ending.result) };
}

function outputsToPerform({ actions }: ExecutionScope, ending: Ending | undefined): OutputEvent[] {
  if (!ending) return actions.outputsToPerform();
  const endsWork = ending.type === 'ContinueAsNew' || ending.type === 'Terminated';
  return actions.episodeOutputs.filter(({ type }) => (endsWork ? type === 'EventSent' : type !== 'TimerCreated'));
}

function endEvent(ending: Ending): HistoryEvent {
  switch (ending.type) {
    case 'ContinueAsNew':
      return { type: 'ContinueAsNew', ...valueOf('input', ending.continuation.input) };
    case 'Failed':
      return { type: 'ExecutionCompleted', status: 'Failed', failureDetails: ending.failureDetails };
    default:
      return { type: 'ExecutionCompleted', status: ending.type, ...valueOf('result', ending.result) };
  }
}

/** Leaves "no value" out: history is compared and stored without undefined properties. */
function valueOf<K extends string>(key: K, text: Serialized): { [P in K]?: string } {
  return (text === undefined ? {} : { [key]: text }) as { [P in K]?: string };
}
