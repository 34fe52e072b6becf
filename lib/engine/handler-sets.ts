/** Which orchestrators and entities the workers of a hub have, by name and version, and how these sets compare [Y6]. */
import type { HandlerList, WorkerRow } from '../storage/store.js';

/** A handler that the owner of a partition needs for what lies there. Activities run on any worker. */
export interface HandlerRef {
  readonly kind: 'orchestrator' | 'entity';
  /** Of an entity: in lower case [N1]. */
  readonly name: string;
  /** Of an orchestrator that has one [Y5]. */
  readonly version?: string;
}

/** What a worker lacks of what others have. */
export interface Lack {
  readonly workerId: number;
  readonly handlers: readonly HandlerRef[];
}

/** One text for each kind, name and version. */
export function refKey({ kind, name, version }: HandlerRef): string {
  return JSON.stringify([kind, name, version]);
}

/** For messages. */
export function describeRef({ kind, name, version }: HandlerRef): string {
  return version === undefined ? `${kind} '${name}'` : `${kind} '${name}' version '${version}'`;
}

export function hasHandler({ orchestrators, entities }: HandlerList, { kind, name, version }: HandlerRef): boolean {
  return kind === 'entity' ? entities.includes(name) : orchestrators.some((each) => each.name === name && each.version === version);
}

/**
 * The live workers that own partitions, by their ids: those of whose orchestrators and entities no other one has all and more.
 * So during a deployment the newer workers own them, while the older ones go on with their activities.
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
  const all = new Map(owners.flatMap(({ handlers }) => refsOf(handlers).map((ref) => [refKey(ref), ref] as const)));
  return owners
    .map(({ workerId, handlers }) => ({ workerId, handlers: [...all.values()].filter((ref) => !hasHandler(handlers, ref)) }))
    .filter(({ handlers }) => handlers.length > 0);
}

function refsOf({ orchestrators, entities }: HandlerList): HandlerRef[] {
  return [
    ...orchestrators.map((ref): HandlerRef => ({ kind: 'orchestrator', ...ref })),
    ...entities.map((name): HandlerRef => ({ kind: 'entity', name })),
  ];
}

function keysOf(handlers: HandlerList): Set<string> {
  return new Set(refsOf(handlers).map(refKey));
}

function setKey(handlers: HandlerList): string {
  return [...keysOf(handlers)].toSorted().join();
}
