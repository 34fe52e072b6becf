/** Compares what the code did on replay with what the history holds [Y1, Y2]. */
import { EntityId } from './entity-id.js';
import type { RecordedEpisode } from './episodes.js';
import { NonDeterminismError } from './errors.js';
import type { OutputEvent } from './history.js';

/** How an episode ended on replay. */
export type ReplayedEnd = 'waiting' | 'Completed' | 'Failed' | 'Terminated' | 'ContinueAsNew';

/**
 * The first disagreement of an episode, if there is one: number, kind and name (ignoring case) of each action, and the
 * version of sub-orchestrations. The name of what is done with an entity is the entity's, with the operation. Inputs, fire times and
 * the keys of entities are not compared [Y1].
 *
 * @param nextTaskId number of the first action of the episode
 * @param who orchestrator and instance, for the message
 */
export function findDisagreement(
  recorded: RecordedEpisode,
  actual: readonly OutputEvent[],
  end: ReplayedEnd,
  nextTaskId: number,
  who: string,
): NonDeterminismError | undefined {
  const length = Math.max(recorded.outputs.length, actual.length);
  for (let i = 0; i < length; i++) {
    const expected = recorded.outputs[i];
    const found = actual[i];
    if (expected && found && agree(expected, found)) continue;
    const taskId = expected?.taskId ?? found?.taskId ?? nextTaskId + i;
    return disagreement(who, taskId, expected ? describe(expected) : 'no such action', found ? describe(found) : missing(end));
  }
  return compareEnds(recorded, end, nextTaskId + length, who);
}

/** The code had ended, but the history goes on. */
export function historyGoesOn(taskId: number, end: ReplayedEnd, who: string): NonDeterminismError {
  return disagreement(who, taskId, 'further episodes', describeEnd(end));
}

function compareEnds(recorded: RecordedEpisode, end: ReplayedEnd, taskId: number, who: string): NonDeterminismError | undefined {
  const expected = recordedEnd(recorded);
  // A failure may have come from the engine and not from the code: there is nothing to compare it with.
  if (expected === end || expected === 'Failed' || expected === 'Terminated') return undefined;
  return disagreement(who, taskId, describeEnd(expected), describeEnd(end));
}

function recordedEnd({ completion }: RecordedEpisode): ReplayedEnd {
  if (!completion) return 'waiting';
  return completion.type === 'ContinueAsNew' ? 'ContinueAsNew' : completion.status;
}

function agree(a: OutputEvent, b: OutputEvent): boolean {
  if (a.type !== b.type || a.taskId !== b.taskId) return false;
  const [name, other] = [nameOf(a), nameOf(b)];
  if (name !== other && name.toLowerCase() !== other.toLowerCase()) return false;
  return a.type !== 'SubOrchestrationInstanceCreated' || a.version === (b as typeof a).version;
}

function nameOf(output: OutputEvent): string {
  switch (output.type) {
    case 'TimerCreated':
      return '';
    case 'EntityOperationCalled':
    case 'EntityOperationSignaled':
      return `${entityNameOf(output)}.${output.operation}`;
    case 'EntityLockRequested':
    case 'EntityUnlockSent':
      return entityNameOf(output);
    default:
      return output.name;
  }
}

function entityNameOf({ entityId }: { readonly entityId: string }): string {
  return EntityId.parse(entityId).name;
}

function describe(output: OutputEvent): string {
  switch (output.type) {
    case 'TaskScheduled':
      return `the call of activity '${output.name}'`;
    case 'SubOrchestrationInstanceCreated':
      return `the call of sub-orchestration '${output.name}'${output.version === undefined ? '' : ` version '${output.version}'`}`;
    case 'TimerCreated':
      return 'a timer';
    case 'EventSent':
      return `the sending of event '${output.name}'`;
    case 'EntityOperationCalled':
      return `the call of operation '${output.operation}' of an entity '${entityNameOf(output)}'`;
    case 'EntityOperationSignaled':
      return `the signal '${output.operation}' to an entity '${entityNameOf(output)}'`;
    case 'EntityLockRequested':
      return `the request for the lock of an entity '${entityNameOf(output)}'`;
    case 'EntityUnlockSent':
      return `the release of the lock of an entity '${entityNameOf(output)}'`;
  }
}

function missing(end: ReplayedEnd): string {
  return end === 'waiting' ? 'no such action' : `no such action: ${describeEnd(end)}`;
}

function describeEnd(end: ReplayedEnd): string {
  switch (end) {
    case 'waiting':
      return 'a wait for something to come';
    case 'ContinueAsNew':
      return 'continueAsNew';
    default:
      return `the end of the orchestrator (${end})`;
  }
}

function disagreement(who: string, taskId: number, recorded: string, actual: string): NonDeterminismError {
  return new NonDeterminismError(
    `${who} is not deterministic at action ${taskId}: its history holds ${recorded}, but on replay the code did ${actual}. ` +
      'Either the code was changed while instances were running (keep the old code under its version and give the new code ' +
      'a new one), or it depends on time, chance or other state outside of its context (use ctx.currentUtcDateTime, ' +
      'ctx.newGuid and activities).',
    taskId,
    recorded,
    actual,
  );
}
