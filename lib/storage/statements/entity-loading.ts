import type { Session } from '../session.js';
import type { InboxMessage, InstanceKey, LoadedEntities } from '../store.js';
import { findEntities } from './entities.js';
import { NOT_SCHEDULED, readQueued, readWaiting } from './entity-queue.js';
import { countUntil } from './instances.js';

const KEY = ['hub', 'partition_no', 'instance_id'] as const;

export interface EntityLoadOptions {
  readonly maxBytes: number;
  readonly queueLimit: number;
}

/** Entities with the first of what waits for them: sizes at first, then as much as memory may hold. For most of them nothing waits. */
export async function loadEntities(session: Session, hub: number, keys: readonly InstanceKey[], { maxBytes, queueLimit }: EntityLoadOptions): Promise<LoadedEntities> {
  const sizes = await readSizes(session, hub, keys);
  const waiting = await readWaiting(session, hub, keys.filter(({ instanceId }) => sizes.get(instanceId)!.waits), queueLimit + 1);
  const plans = keys.map((key) => {
    const heads = waiting.get(key.instanceId) ?? [];
    const first = heads.slice(0, countUntil(heads.slice(0, queueLimit).map(({ bytes }) => bytes), maxBytes));
    const bytes = first.reduce((sum, head) => sum + head.bytes, sizes.get(key.instanceId)!.state);
    return { key, first, more: first.length < heads.length, bytes };
  });
  const looked = plans.slice(0, countUntil(plans.map(({ bytes }) => bytes), maxBytes));
  const rows = new Map((await findEntities(session, hub, looked.map(({ key }) => key))).map((row) => [row.instanceId, row]));
  const queues = new Map<string, InboxMessage[]>(looked.map(({ key }) => [key.instanceId, []]));
  for (const message of await readQueued(session, hub, looked.flatMap(({ first }) => first))) queues.get(message.instanceId)!.push(message);
  const entities = looked.map(({ key: { partition, instanceId }, more }) => ({
    partition, instanceId, row: rows.get(instanceId), queue: queues.get(instanceId)!, more,
  }));
  return { entities, looked: looked.length };
}

interface SizeRow {
  instance_id: string;
  state_bytes: number | string | null;
  waits: number | string | null;
}

interface Sizes {
  /** Bytes of the state. */
  readonly state: number;
  /** Whether anything waits for its turn. */
  readonly waits: boolean;
}

async function readSizes(session: Session, hub: number, keys: readonly InstanceKey[]): Promise<Map<string, Sizes>> {
  const isOf = (table: string) => KEY.map((column) => `${table}.${column} = v.${column}`).join(' AND ');
  const state = `SELECT LENGTH(e.state) FROM durable_entities AS e WHERE ${isOf('e')}`;
  // As an expression: a condition might be turned into a join, which begins with the whole table.
  const waits = `SELECT 1 FROM durable_entity_queue AS q WHERE ${isOf('q')} AND q.due_at = ${NOT_SCHEDULED} LIMIT 1`;
  const sizes = new Map<string, Sizes>();
  for (const chunk of session.chunks(keys.map(({ partition, instanceId }) => [hub, partition, instanceId]))) {
    const rows = await session.rows<SizeRow>(
      `SELECT v.instance_id, (${state}) AS state_bytes, (${waits}) AS waits FROM ${session.dialect.valuesTable(KEY, chunk.length)}`, chunk.flat(),
    );
    for (const row of rows) sizes.set(row.instance_id, { state: Number(row.state_bytes), waits: row.waits !== null });
  }
  return sizes;
}
