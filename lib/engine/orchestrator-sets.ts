/** Which orchestrators the workers of a hub have, by name and version, and how these sets compare [Y6]. */
import type { HandlerList, WorkerRow } from '../storage/store.js';

export type OrchestratorRef = HandlerList['orchestrators'][number];

/** What a worker lacks of what others have. */
export interface Lack {
  readonly workerId: number;
  readonly orchestrators: readonly OrchestratorRef[];
}

/** One text for each name and version. */
export function refKey({ name, version }: OrchestratorRef): string {
  return JSON.stringify([name, version]);
}

/** For messages. */
export function describeRef({ name, version }: OrchestratorRef): string {
  return version === undefined ? `'${name}'` : `'${name}' version '${version}'`;
}

export function hasOrchestrator({ orchestrators }: HandlerList, { name, version }: OrchestratorRef): boolean {
  return orchestrators.some((each) => each.name === name && each.version === version);
}

/**
 * The live workers that own partitions, by their ids: those of whose orchestrators no other one has all and more. So during
 * a deployment the newer workers own them, while the older ones go on with their activities.
 */
export function ownersAmong(workers: readonly WorkerRow[]): WorkerRow[] {
  const live = workers.filter((row) => row.live && row.worker).toSorted((a, b) => a.workerId - b.workerId);
  // Workers of one deployment have the same set: each set is compared once.
  const sets = new Map(live.map(({ handlers }) => [setKey(handlers), keysOf(handlers)]));
  const isMaximal = (set: ReadonlySet<string>) => ![...sets.values()].some((other) => other.size > set.size && [...set].every((key) => other.has(key)));
  const maximal = new Set([...sets].filter(([, set]) => isMaximal(set)).map(([key]) => key));
  return live.filter(({ handlers }) => maximal.has(setKey(handlers)));
}

/** What each of these workers lacks of what the others have: nothing, when all have the same. */
export function lacksAmong(owners: readonly WorkerRow[]): Lack[] {
  const all = new Map(owners.flatMap(({ handlers }) => handlers.orchestrators.map((ref) => [refKey(ref), ref] as const)));
  return owners
    .map(({ workerId, handlers }) => ({ workerId, orchestrators: [...all.values()].filter((ref) => !hasOrchestrator(handlers, ref)) }))
    .filter(({ orchestrators }) => orchestrators.length > 0);
}

function keysOf({ orchestrators }: HandlerList): Set<string> {
  return new Set(orchestrators.map(refKey));
}

function setKey(handlers: HandlerList): string {
  return [...keysOf(handlers)].toSorted().join();
}
