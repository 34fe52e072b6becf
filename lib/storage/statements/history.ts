import { UnreadableDataError } from '../../core/errors.js';
import { HISTORY_EVENT_TYPES, HISTORY_FORMAT, type HistoryEvent } from '../../core/history.js';
import type { Value } from '../dialect.js';
import { historySchema, type HistoryRecord } from '../schemas.js';
import type { Session } from '../session.js';
import type { Checkpoint, InstanceRow, LoadedInstance, UnreadableHistory } from '../store.js';
import { isRecord, readStored } from '../stored-json.js';
import type { WriteList } from '../write-list.js';
import { whereTuples } from './where-tuples.js';

/** Size from which the events of one checkpoint go into several rows, in characters. */
const MAX_CHUNK = 256 * 1024;

const COLUMNS = ['hub', 'partition_no', 'execution_id', 'sequence_no', 'event_count', 'format', 'body'] as const;

/**
 * Appends the events of checkpoints: one row for each, as a rule. Plain SQL like the rest of a commit: measured in batches of 100
 * checkpoints, TypeORM's insert took a quarter of the client's time.
 */
export function appendHistory(list: WriteList, hub: number, checkpoints: readonly Checkpoint[]): void {
  const rows: Value[][] = [];
  for (const { partition, history } of checkpoints) {
    for (const { executionId, sequence, events } of history) {
      for (const chunk of chunksOf(events, sequence)) rows.push([hub, partition, executionId, chunk.sequence, chunk.events, HISTORY_FORMAT, chunk.body]);
    }
  }
  list.insert('durable_history', COLUMNS, rows);
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

/** @throws UnreadableDataError */
export async function readHistory(session: Session, hub: number, key: Pick<InstanceRow, 'partition' | 'instanceId' | 'executionId'>): Promise<HistoryEvent[]> {
  const { partition, executionId } = key;
  const records = await session.repository(historySchema).find({ where: { hub, partition, executionId }, order: { sequence: 'ASC' } });
  const { history, unreadable } = toHistory(records);
  if (!unreadable) return history;
  const { reason, isNewer } = unreadable;
  throw new UnreadableDataError(`The history of instance '${key.instanceId}'`, reason, isNewer ? 'Upgrade this process.' : undefined);
}

type StoredHistory = Pick<LoadedInstance, 'history' | 'unreadable'>;

/** Histories of many executions, by execution id. One that is not whole is unreadable. */
export async function readHistories(session: Session, hub: number, rows: readonly InstanceRow[]): Promise<Map<string, StoredHistory>> {
  const records: HistoryRecord[] = [];
  for (const chunk of session.chunks(rows.map((row) => [hub, row.partition, row.executionId]))) {
    const query = session.repository(historySchema).createQueryBuilder('h');
    whereTuples(query, session, ['h.hub', 'h.partition_no', 'h.execution_id'], chunk);
    records.push(...(await query.orderBy('h.executionId').addOrderBy('h.sequence').getMany()));
  }
  const byExecution = groupByExecution(records);
  return new Map(rows.map((row) => [row.executionId, toHistory(byExecution.get(row.executionId) ?? [], row.historyLength)]));
}

/** @param length how many events there should be; absent: it is not known, and they may be collected as garbage at this moment */
function toHistory(records: readonly HistoryRecord[], length?: number): StoredHistory {
  const history: HistoryEvent[] = [];
  const end = records.reduce((highest, { sequence, events }) => Math.max(highest, sequence + events), length ?? 0);
  const broken = (reason: string, isNewer = false) => ({ history: [], unreadable: { reason, isNewer, end } satisfies UnreadableHistory });
  for (const { format, sequence, events, body } of records) {
    const where = `the row of durable_history from event ${sequence} on`;
    if (format > HISTORY_FORMAT) {
      return broken(`${where} has format ${format}, and this version of nestjs-durable reads format ${HISTORY_FORMAT}: a newer version wrote it`, true);
    }
    if (format !== HISTORY_FORMAT) return broken(`${where} has format ${format}, which is none`);
    if (length !== undefined && sequence !== history.length) return broken(`its rows do not follow each other: behind event ${history.length - 1} comes ${where}`);
    let problem = '';
    const found = readStored<HistoryEvent[]>(body, 'a list of events', isEventList, (reason) => (problem = reason));
    if (!found) return broken(`${where} ${problem}`);
    if (found.length !== events) return broken(`${where} holds ${found.length} events instead of ${events}`);
    for (const event of found) history.push(event);
  }
  if (length !== undefined && history.length !== length) return broken(`it has ${history.length} events, and should have ${length}`);
  return { history };
}

function isEventList(value: unknown): boolean {
  return Array.isArray(value) && value.every((event) => isRecord(event) && HISTORY_EVENT_TYPES.has(String(event.type)));
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
