/** The tables as they lie in the database, read without the engine. */
import { DataSource } from 'typeorm';
import type { HistoryEvent } from '../../../lib/core/history.js';
import type { StorageOptions } from '../../../lib/storage/index.js';

export interface StoredInstance {
  readonly instanceId: string;
  readonly executionId: string;
  readonly name: string;
  readonly status: string;
  readonly historyLength: number;
}

export interface StoredEntity {
  /** As `@name@key`. */
  readonly entityId: string;
  /** Absent: it has none. */
  readonly state?: unknown;
  /** Who has it locked; absent: nobody. */
  readonly lock?: unknown;
}

/** A row of history: the events of one checkpoint, or a part of them. */
export interface StoredChunk {
  readonly sequence: number;
  readonly count: number;
  readonly events: readonly HistoryEvent[];
}

export interface StoredTables {
  readonly instances: readonly StoredInstance[];
  readonly entities: readonly StoredEntity[];
  /** By execution id, in order. */
  readonly histories: ReadonlyMap<string, readonly StoredChunk[]>;
  /** Executions whose history is still to be deleted. */
  readonly garbage: ReadonlySet<string>;
  /** Rows that nothing may be left in once all instances are finished, by table. */
  readonly leftovers: ReadonlyMap<string, readonly unknown[]>;
  /** Owners of partitions. */
  readonly owners: readonly (string | null)[];
}

/** Tables of work that waits. */
const WORK_TABLES = ['durable_inbox', 'durable_timers', 'durable_activities_ready', 'durable_activities_running', 'durable_entity_queue'] as const;

type Query = <Row>(sql: string) => Promise<Row[]>;

/** As they are at one moment. */
export async function readTables(storage: StorageOptions): Promise<StoredTables> {
  const source = await new DataSource(storage).initialize();
  try {
    return await source.transaction((manager) => readTablesBy((sql) => manager.query(sql)));
  } finally {
    await source.destroy();
  }
}

/** By a connection that is open already. */
export async function readTablesBy(query: Query): Promise<StoredTables> {
  const leftovers = new Map<string, readonly unknown[]>();
  // Hub 0 is none: a process that dies in the self-test leaves a row of it, for the next to take away.
  for (const table of WORK_TABLES) leftovers.set(table, await query(`SELECT * FROM ${table} WHERE hub > 0 LIMIT 20`));
  const owners = await query<{ owner: string | null }>('SELECT owner FROM durable_partitions');
  const garbage = await query<{ execution_id: string }>('SELECT execution_id FROM durable_garbage');
  return {
    leftovers,
    owners: owners.map(({ owner }) => owner),
    garbage: new Set(garbage.map(({ execution_id }) => execution_id)),
    instances: await readInstances(query),
    entities: await readEntities(query),
    histories: await readHistories(query),
  };
}

async function readInstances(query: Query): Promise<StoredInstance[]> {
  const rows = await query<{ instance_id: string; execution_id: string; name: string; status: string; history_length: string | number }>(
    'SELECT instance_id, execution_id, name, status, history_length FROM durable_instances',
  );
  return rows.map((row) => ({
    instanceId: row.instance_id, executionId: row.execution_id, name: row.name, status: row.status, historyLength: Number(row.history_length),
  }));
}

async function readEntities(query: Query): Promise<StoredEntity[]> {
  const rows = await query<{ instance_id: string; state: string | null; lock_holder: string | null }>('SELECT instance_id, state, lock_holder FROM durable_entities');
  return rows.map(({ instance_id, state, lock_holder }) => ({
    entityId: instance_id,
    ...(state !== null && { state: JSON.parse(state) as unknown }),
    ...(lock_holder !== null && { lock: JSON.parse(lock_holder) as unknown }),
  }));
}

async function readHistories(query: Query): Promise<Map<string, StoredChunk[]>> {
  const rows = await query<{ execution_id: string; sequence_no: string | number; event_count: number | string; body: string }>(
    'SELECT execution_id, sequence_no, event_count, body FROM durable_history ORDER BY execution_id, sequence_no',
  );
  const histories = new Map<string, StoredChunk[]>();
  for (const { execution_id, sequence_no, event_count, body } of rows) {
    const chunks = histories.get(execution_id) ?? [];
    chunks.push({ sequence: Number(sequence_no), count: Number(event_count), events: JSON.parse(body) as HistoryEvent[] });
    histories.set(execution_id, chunks);
  }
  return histories;
}
