import type { CancelledTimer } from './action-log.js';
import type { Continuation, ExecutionScope } from './execution-scope.js';
import type { FailureDetails } from './failure.js';
import { isFireAndForget, type ExecutionTerminated, type HistoryEvent, type InputEvent, type OutputEvent, type RuntimeStatus, type Serialized } from './history.js';

/** What an episode means for the history and for the outside. */
export interface EpisodeResult {
  /** To be appended to the history, in this order. */
  readonly events: readonly HistoryEvent[];
  /**
   * To be performed. Without what is obsolete at once: timers that the same episode cancelled, all timers and requests for locks
   * when the execution ended [O10], everything but what is sent and forgotten after continueAsNew and terminate [C2], everything
   * but the release of locks after a runaway loop [O14].
   */
  readonly outputs: readonly OutputEvent[];
  /**
   * The execution was rewound: actions of earlier episodes that nothing has answered, to be performed again [K8]. What was left
   * of them, and of others, is to be abandoned first.
   */
  readonly redone?: Redone;
  /** Actions of an earlier rewind's old path that the code has come to again, and that are to be dispatched again [K8]. */
  readonly repeated?: readonly OutputEvent[];
  /** Timers of earlier episodes that are no longer wanted: their rows are to be deleted. */
  readonly cancelledTimers: readonly CancelledTimer[];
  /** Status from now on; 'Running' after continueAsNew. */
  readonly status: RuntimeStatus;
  /** Custom status as of now, JSON text. */
  readonly customStatus: Serialized;
  /** Output of a completed instance, JSON text; of a terminated one the reason. */
  readonly result?: string;
  readonly failureDetails?: FailureDetails;
  /** Open sub-orchestrations that are to end with it: it was terminated recursively [K4]. */
  readonly terminatedChildren?: TerminatedChildren;
  /** The execution ended by continueAsNew: what the next generation begins with, after its ExecutionStarted. */
  readonly continueAsNew?: { readonly input?: string; readonly carryOver: readonly InputEvent[] };
}

export interface Redone {
  readonly outputs: readonly OutputEvent[];
  /** Why it was rewound. */
  readonly reason?: string;
}

export interface TerminatedChildren {
  readonly instanceIds: readonly string[];
  readonly reason?: string;
}

/** How an execution ended. */
export type Ending =
  | { readonly type: 'Completed'; readonly result: Serialized }
  | { readonly type: 'Terminated'; readonly result: Serialized; readonly by: ExecutionTerminated }
  | { readonly type: 'Failed'; readonly failureDetails: FailureDetails }
  | { readonly type: 'ContinueAsNew'; readonly continuation: Continuation };

/** @param inputs those that the history does not hold yet */
export function buildResult(
  scope: ExecutionScope,
  inputs: readonly InputEvent[],
  ending: Ending | undefined,
  status: RuntimeStatus,
  carryOver: () => InputEvent[],
  redone?: Redone,
): EpisodeResult {
  const { actions, customStatus } = scope;
  const events: HistoryEvent[] = [{ type: 'OrchestratorStarted', timestamp: scope.time }];
  for (const input of inputs) events.push(input);
  for (const output of actions.episodeOutputs) events.push(output);
  if (ending) events.push(endEvent(ending));
  events.push({ type: 'OrchestratorCompleted' });
  const base = { events, outputs: outputsToPerform(scope, ending), cancelledTimers: actions.cancelledTimers, customStatus };
  if (!ending) return { ...base, status, ...(redone ? { redone } : repeatedOf(scope)) };
  if (ending.type === 'ContinueAsNew') {
    return { ...base, status: 'Running', continueAsNew: { ...valueOf('input', ending.continuation.input), carryOver: carryOver() } };
  }
  if (ending.type === 'Failed') return { ...base, status: 'Failed', failureDetails: ending.failureDetails };
  const end = { ...base, status: ending.type, ...valueOf('result', ending.result) };
  if (ending.type !== 'Terminated' || !ending.by.recursive) return end;
  return { ...end, terminatedChildren: { instanceIds: actions.openChildren, ...valueOf('reason', ending.by.reason) } };
}

function outputsToPerform({ actions }: ExecutionScope, ending: Ending | undefined): OutputEvent[] {
  if (!ending) return actions.outputsToPerform();
  const endsWork = ending.type === 'ContinueAsNew' || ending.type === 'Terminated';
  return actions.episodeOutputs.filter((output) => (endsWork ? isFireAndForget(output) : output.type !== 'TimerCreated' && output.type !== 'EntityLockRequested'));
}

/** What a rewinding episode redoes includes what it has come to. */
function repeatedOf({ actions: { repeatedOutputs } }: ExecutionScope): Pick<EpisodeResult, 'repeated'> {
  return repeatedOutputs.length > 0 ? { repeated: repeatedOutputs } : {};
}

/** @param recorded the actions of the history, by number */
export function redoneOf({ actions }: ExecutionScope, recorded: ReadonlyMap<number, OutputEvent>, inputs: readonly InputEvent[]): Redone {
  const { reason } = inputs.find((event) => event.type === 'ExecutionRewound') ?? {};
  return { outputs: actions.openAmong(recorded), ...valueOf('reason', reason) };
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
