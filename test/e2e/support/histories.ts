/** What scenarios leave in the database: its checks, and the comparison of a warm run with a cold one. */
import { isFinished } from '../../../lib/core/index.js';
import { InstanceNotRunningError, type DurableClient, type DurableOrchestrationStatus, type EntityMetadata, type HistoryRecord } from 'nestjs-durable';
import { expectWellFormed } from './well-formed.js';

/** The instances of one run that have finished by themselves, by names that are the same in every run, and the states of entities by their ids. */
export type RunRecord = Readonly<Record<string, unknown>>;

type Recorded = DurableOrchestrationStatus & { readonly history: readonly HistoryRecord[] };

/**
 * Reads the instances and entities that are not `known` yet, checks the histories, and makes all comparable. What has not
 * finished is ended and left out: how far it came is chance.
 */
export async function recordRun(client: DurableClient, known: Set<string>): Promise<RunRecord> {
  const instances: Recorded[] = [];
  for await (const { instanceId, runtimeStatus } of client.getStatusAll()) {
    if (known.has(instanceId)) continue;
    known.add(instanceId);
    if (isFinished(runtimeStatus)) instances.push(await read(client, instanceId));
    else await end(client, instanceId);
  }
  const entities = await readEntities(client, known);
  for (const { instanceId, history } of instances) expectWellFormed(instanceId, history);
  return comparable(instances, entities);
}

export function compareRuns(warm: RunRecord, cold: RunRecord): void {
  expect(cold).toEqual(warm);
}

async function read(client: DurableClient, instanceId: string): Promise<Recorded> {
  const status = await client.getStatus(instanceId, { showHistory: true, showHistoryOutput: true });
  if (!status?.history) throw new Error(`Instance '${instanceId}' has gone.`);
  return { ...status, history: status.history };
}

async function readEntities(client: DurableClient, known: Set<string>): Promise<EntityMetadata[]> {
  const entities: EntityMetadata[] = [];
  for await (const entity of client.listEntitiesAll({ fetchState: true })) {
    const id = entity.entityId.toString();
    if (!known.has(id)) entities.push(entity);
    known.add(id);
  }
  return entities;
}

async function end(client: DurableClient, instanceId: string): Promise<void> {
  try {
    await client.terminate(instanceId, 'left over by its scenario');
  } catch (error) {
    if (!(error instanceof InstanceNotRunningError)) throw error;
  }
  await client.waitForCompletion(instanceId);
}

function comparable(instances: readonly Recorded[], entities: readonly EntityMetadata[]): RunRecord {
  const names = nameInstances(instances);
  const ids = new Map<string, string>();
  const sorted = instances.toSorted((a, b) => (names.get(a.instanceId)! < names.get(b.instanceId)! ? -1 : 1));
  return Object.fromEntries([
    ...sorted.map((instance) => [names.get(instance.instanceId), normalize(instance, names, ids)]),
    ...entities.map(({ entityId, state }) => [entityId.toString(), withoutChance(state, names, ids)]),
  ]);
}

const GENERATED_ID = /^[0-9a-f]{32}$/;
const CHILD_ID = /^[0-9a-f-]{36}:(\d+)(?:\.\d+)?$/;

/** Names that do not change from run to run, in place of generated ids. */
function nameInstances(instances: readonly Recorded[]): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, number>();
  const byId = new Map(instances.map((instance) => [instance.instanceId, instance]));
  const nameOf = (instanceId: string): string => {
    const known = names.get(instanceId);
    if (known !== undefined) return known;
    const instance = byId.get(instanceId);
    const taskId = CHILD_ID.exec(instanceId)?.[1];
    let name = instanceId;
    if (taskId !== undefined) name = `${nameOf(instance?.parentInstanceId ?? 'unknown')}/${taskId}`;
    else if (GENERATED_ID.test(instanceId)) name = `a ${instance?.name ?? 'missing instance'}`;
    // Alike in name are the children of several generations, and instances of one orchestrator: first come, first named.
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    if (count > 1) name += ` (${count})`;
    names.set(instanceId, name);
    return name;
  };
  for (const { instanceId } of instances) nameOf(instanceId);
  return names;
}

function normalize(instance: Recorded, names: ReadonlyMap<string, string>, ids: Map<string, string>): object {
  return withoutChance({ ...instance, history: eventsInComparableOrder(instance.history) }, names, ids) as object;
}

const ANSWERS = new Set([
  'TaskCompleted', 'TaskFailed', 'SubOrchestrationInstanceCompleted', 'SubOrchestrationInstanceFailed', 'TimerFired',
  'EntityOperationCompleted', 'EntityOperationFailed', 'EntityLockGranted',
]);
const BRACKETS = new Set(['OrchestratorStarted', 'OrchestratorCompleted']);

/**
 * How inputs are batched into episodes and which of several parallel tasks ends first is chance, also within one mode.
 * So answers are compared by task, and all else in its order. What depends on the order shows in the actions and the output.
 */
function eventsInComparableOrder(history: readonly HistoryRecord[]): object {
  const events = history.filter(({ eventType }) => !BRACKETS.has(eventType)).map((event) => withoutPlaces(event, history));
  const answers = events.filter(({ eventType }) => ANSWERS.has(eventType)).toSorted((a, b) => a.taskId! - b.taskId!);
  const actions = events.filter(({ eventType, taskId }) => !ANSWERS.has(eventType) && taskId !== undefined);
  const others = events.filter(({ eventType, taskId }) => !ANSWERS.has(eventType) && taskId === undefined);
  return { actions, answers, others };
}

/** Places in a history depend on the number of episodes: what stands there is compared instead. */
function withoutPlaces(event: HistoryRecord, history: readonly HistoryRecord[]): HistoryRecord {
  return event.dropped ? { ...event, dropped: event.dropped.map((place) => history[place]!.taskId!).toSorted((a, b) => a - b) } : event;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const ISO_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** Times are blanked; ids get numbers in the order in which they first appear, so that equal ones stay equal. */
function withoutChance(value: unknown, names: ReadonlyMap<string, string>, ids: Map<string, string>): unknown {
  if (value instanceof Date) return '<time>';
  if (typeof value === 'string') return textWithoutChance(value, names, ids);
  if (Array.isArray(value)) return value.map((element) => withoutChance(element, names, ids));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // Where an error was thrown differs between a first run and a replay.
      .filter(([key]) => key !== 'stackTrace' && key !== 'timestamp')
      .map(([key, part]) => [key, withoutChance(part, names, ids)]),
  );
}

function textWithoutChance(text: string, names: ReadonlyMap<string, string>, ids: Map<string, string>): string {
  let result = text;
  for (const [id, name] of names) if (id !== name) result = result.replaceAll(id, `<${name}>`);
  return result.replaceAll(ISO_TIME, '<time>').replaceAll(UUID, (id) => {
    if (!ids.has(id)) ids.set(id, `<id ${ids.size + 1}>`);
    return ids.get(id)!;
  });
}
