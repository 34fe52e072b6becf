/** Whether the activities ran as often as they may: at least once each, and not again once their result was committed [A4]. */
import type { Effect } from '../effects.js';
import { attemptName } from '../model.js';

/** A worker process that was stopped for a while (SIGSTOP). Times are those of effects. */
export interface Stop {
  readonly worker: string;
  readonly from: number;
  /** When it was seen that it had gone on. */
  readonly to: number;
}

/** What it takes a process that goes on to write down what it had begun, ms. */
const WRITING = 50;

/**
 * @param expected every attempt that must have run, see model.ts
 * @param committed tasks whose completion was seen in a committed history, with the time at which it was seen
 */
export function checkEffects(effects: readonly Effect[], expected: readonly string[], committed: ReadonlyMap<string, number>, stops: readonly Stop[] = []): string[] {
  return [...checkAttempts(effects, expected), ...checkRuns(effects), ...checkCommitted(effects, committed, stops)];
}

/** Activities that began more than once. */
export function runAgain(effects: readonly Effect[]): number {
  return [...tasks(effects).values()].filter((runs) => runs.filter(({ kind }) => kind === 'begin').length > 1).length;
}

/** Activities whose worker died in the middle. */
export function interrupted(effects: readonly Effect[]): number {
  const count = (kind: Effect['kind']) => effects.filter((effect) => effect.kind === kind).length;
  return count('begin') - count('end');
}

/** All that the plans ask for was scheduled, once, and ran to its end; nothing else did. */
function checkAttempts(effects: readonly Effect[], expected: readonly string[]): string[] {
  const problems: string[] = [];
  const scheduled = new Map<string, Set<string>>();
  const ended = new Set<string>();
  for (const { kind, input, attempt, task } of effects) {
    const name = attemptName(input.call, attempt);
    scheduled.set(name, (scheduled.get(name) ?? new Set()).add(task));
    if (kind === 'end') ended.add(name);
  }
  for (const name of expected) if (!ended.has(name)) problems.push(`activity ${name} never ran to its end`);
  const known = new Set(expected);
  for (const [name, tasksOfName] of scheduled) {
    if (!known.has(name)) problems.push(`activity ${name} ran, though no orchestrator calls it`);
    if (tasksOfName.size > 1) problems.push(`activity ${name} was scheduled as ${[...tasksOfName].join(' and ')}`);
  }
  return problems;
}

/** Each run of a task gets the same input and idempotency key [A1], [O11]. */
function checkRuns(effects: readonly Effect[]): string[] {
  const problems: string[] = [];
  const keys = new Map<string, string>();
  for (const [task, runs] of tasks(effects)) {
    const faces = new Set(runs.map(({ input, attempt, idempotencyKey }) => JSON.stringify({ input, attempt, idempotencyKey })));
    if (faces.size > 1) problems.push(`task ${task} ran with different inputs: ${[...faces].join(' and ')}`);
    const { idempotencyKey, input } = runs[0]!;
    const other = keys.get(idempotencyKey);
    if (other !== undefined && other !== input.call) problems.push(`calls ${other} and ${input.call} have the same idempotency key`);
    keys.set(idempotencyKey, input.call);
  }
  return problems;
}

function checkCommitted(effects: readonly Effect[], committed: ReadonlyMap<string, number>, stops: readonly Stop[]): string[] {
  // A process that is stopped between its last look at the clock and the first line of an activity begins that one when it goes on.
  const left = new Set(stops);
  const wasBegun = ({ worker, task, at }: Effect) => {
    const stop = [...left].find(({ from, to, ...of }) => of.worker === worker && committed.get(task)! > from && at > from && at < to + WRITING);
    return stop !== undefined && left.delete(stop);
  };
  return effects
    .filter((effect) => effect.kind === 'begin' && effect.at > (committed.get(effect.task) ?? Infinity) && !wasBegun(effect))
    .map(({ task, input, worker, at }) => `activity ${input.call} (${task}) began again on ${worker} ${Math.round(at - committed.get(task)!)} ms after its result was seen committed`);
}

function tasks(effects: readonly Effect[]): Map<string, Effect[]> {
  const byTask = new Map<string, Effect[]>();
  for (const effect of effects) {
    const runs = byTask.get(effect.task);
    if (runs) runs.push(effect);
    else byTask.set(effect.task, [effect]);
  }
  return byTask;
}
