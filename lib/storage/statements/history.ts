import { HISTORY_FORMAT, type HistoryEvent } from '../../core/history.js';
import type { Value } from '../dialect.js';
import { historySchema, type HistoryRecord } from '../schemas.js';
import type { Session } from '../session.js';
import type { Checkpoint, InstanceRow } from '../store.js';
import { whereTuples } from './where-tuples.js';

/** Size from which the events of one checkpoint go into several rows, in characters. */
const MAX_CHUNK = 256 * 1024;

const COLUMNS = ['hub', 'partition_no', 'execution_id', 'sequence_no', 'event_count', 'format', 'body'] as const;

/**
 * Appends the events of checkpoints: one row for each, as a rule. Plain SQL like the rest of a commit: measured in batches of 100
 * checkpoints, TypeORM's insert took a quarter of the client's time.
 */
export async function appendHistory(session: Session, hub: number, checkpoints: readonly Checkpoint[]): Promise<void> {
  const rows: Value[][] = [];
  for (const { partition, history } of checkpoints) {
    for (const { executionId, sequence, events } of history) {
      for (const chunk of chunksOf(events, sequence)) rows.push([hub, partition, executionId, chunk.sequence, chunk.events, HISTORY_FORMAT, chunk.body]);
    }
  }
  await session.insert('durable_history', COLUMNS, rows);
}

function* chunksOf(events: readonly HistoryEvent[], sequence: number): Generator<Pick<HistoryRecord, 'sequence' | 'events' | 'body'>> {
  let texts: string[] = [];
  let length = 0;
  let first = sequence;
  const chunk = () => ({ sequence: first, events: texts.length, body: `[${texts.join(',')}]` });
  for (const event of events) {
    const text = JSON.stringify(event);
    if (texts.length > 0 && length + text.length > MAX_CHUNK) {
      yield chunk();
      first += texts.length;
      texts = [];
      length = 0;
    }
    texts.push(text);
    length += text.length;
  }
  if (texts.length > 0) yield chunk();
}

export async function readHistory(session: Session, hub: number, key: Pick<InstanceRow, 'partition' | 'instanceId' | 'executionId'>): Promise<HistoryEvent[]> {
  const { partition, executionId } = key;
  const records = await session.runner.manager.getRepository(historySchema).find({ where: { hub, partition, executionId }, order: { sequence: 'ASC' } });
  return eventsOf(records, key.instanceId);
}

/** Histories of many executions, by execution id. */
export async function readHistories(session: Session, hub: number, rows: readonly InstanceRow[]): Promise<Map<string, HistoryEvent[]>> {
  const records: HistoryRecord[] = [];
  for (const chunk of session.chunks(rows.map((row) => [hub, row.partition, row.executionId]))) {
    const query = session.runner.manager.getRepository(historySchema).createQueryBuilder('h');
    whereTuples(query, session, ['h.hub', 'h.partition_no', 'h.execution_id'], chunk);
    records.push(...(await query.orderBy('h.executionId').addOrderBy('h.sequence').getMany()));
  }
  const byExecution = groupByExecution(records);
  return new Map(rows.map((row) => [row.executionId, eventsOf(byExecution.get(row.executionId) ?? [], row.instanceId)]));
}

function eventsOf(records: readonly HistoryRecord[], instanceId: string): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  for (const { format, sequence, body } of records) {
    if (format !== HISTORY_FORMAT) {
      throw new Error(
        `The history of instance '${instanceId}' has format ${format} at event ${sequence}; this version of nestjs-durable reads format ` +
          `${HISTORY_FORMAT}. A newer version wrote it: upgrade this process.`,
      );
    }
    for (const event of JSON.parse(body) as HistoryEvent[]) events.push(event);
  }
  return events;
}

function groupByExecution(records: readonly HistoryRecord[]): Map<string, HistoryRecord[]> {
  const groups = new Map<string, HistoryRecord[]>();
  for (const record of records) {
    const group = groups.get(record.executionId);
    if (group) group.push(record);
    else groups.set(record.executionId, [record]);
  }
  return groups;
}
