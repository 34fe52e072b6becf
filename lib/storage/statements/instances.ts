import type { SelectQueryBuilder } from 'typeorm';
import { StaleMemberError } from '../errors.js';
import { ATTEMPTS_COLUMN, INSTANCE_COLUMNS, instanceValues, toInstanceRow, type InstanceColumn } from '../instance-records.js';
import { instanceSchema, type InstanceRecord } from '../schemas.js';
import type { Session } from '../session.js';
import type { WriteList } from '../write-list.js';
import type { Checkpoint, InstanceGuard, InstanceKey, InstanceRow } from '../store.js';
import { insertTags } from './tags.js';
import { whereTuples } from './where-tuples.js';

const KEY = ['hub', 'partition_no', 'instance_id'] as const;
/** What changes from one checkpoint of an execution to the next. The rest, the input above all, is written once. */
const PROGRESS = ['output', 'failure', 'custom_status', 'updated_at', 'history_length', 'row_version'] as const;
/** Written too when any update of the batch changes it: SQLite writes the entry of an index anew even for an equal value. */
const STATUS = 'status';
const ALL = INSTANCE_COLUMNS.slice(KEY.length);

/** Inserts and updates the rows of checkpoints; each update is guarded by execution id and version (I8). */
export function writeInstances(list: WriteList, hub: number, checkpoints: readonly Checkpoint[]): void {
  const writes = checkpoints.map(({ write }) => write);
  const inserts = writes.flatMap((write) => (write.kind === 'insert' ? [write.row] : []));
  insertRows(list, hub, inserts.filter(({ attempts }) => !attempts), INSTANCE_COLUMNS);
  insertRows(list, hub, inserts.filter(({ attempts }) => attempts), [...INSTANCE_COLUMNS, ATTEMPTS_COLUMN]);
  // In the order of the primary key, in which clients lock as well.
  const updates = writes.filter((write) => write.kind === 'update' || write.kind === 'replace').sort((a, b) => compareKeys(a.row, b.row));
  const isSame = ({ row, expected }: Update) => row.executionId === expected.executionId;
  insertTags(list, hub, [...inserts, ...updates.filter((update) => !isSame(update)).map(({ row }) => row)]);
  const counts = ({ row, expected }: Update) => Boolean(row.attempts || expected.attempts);
  const progress = updates.every(({ row, expected }) => row.status === expected.status) ? PROGRESS : [STATUS, ...PROGRESS] as const;
  updateRows(list, hub, updates.filter((update) => isSame(update) && !counts(update)), progress);
  updateRows(list, hub, updates.filter((update) => !isSame(update) && !counts(update)), ALL);
  updateRows(list, hub, updates.filter((update) => isSame(update) && counts(update)), [...progress, ATTEMPTS_COLUMN]);
  updateRows(list, hub, updates.filter((update) => !isSame(update) && counts(update)), [...ALL, ATTEMPTS_COLUMN]);
}

function insertRows(list: WriteList, hub: number, rows: readonly InstanceRow[], columns: readonly InstanceColumn[]): void {
  list.insert('durable_instances', columns, rows.map((row) => instanceValues(hub, row, columns)));
}

type Update = { readonly row: InstanceRow; readonly expected: InstanceGuard };

function updateRows(list: WriteList, hub: number, updates: readonly Update[], changed: readonly InstanceColumn[]): void {
  const columns = [...KEY, ...changed];
  list.updateMany(
    {
      table: 'durable_instances',
      columns: [...columns, 'expected_execution', 'expected_version'],
      where: [...KEY.map((column) => `t.${column} = v.${column}`), 't.execution_id = v.expected_execution', 't.row_version = v.expected_version'],
      set: changed.map((column) => `${column} = v.${column}`),
    },
    updates.map(({ row, expected }) => [...instanceValues(hub, row, columns), expected.executionId, expected.rowVersion]),
    () => stale(updates),
  );
}

function stale(updates: readonly Update[]): StaleMemberError {
  const names = updates.slice(0, 3).map(({ row }) => `'${row.instanceId}'`).join(', ');
  return new StaleMemberError(`Of the instances ${names}${updates.length > 3 ? ', …' : ''}, one or more are no longer as they were when their episode ran.`);
}

/** The order of the primary key. */
export function compareKeys(a: InstanceKey, b: InstanceKey): number {
  return a.partition - b.partition || (a.instanceId < b.instanceId ? -1 : 1);
}

/** How many of the keys, from the first, can be loaded until `maxBytes` are passed: their rows and their histories. At least one. */
export async function countWithin(session: Session, hub: number, keys: readonly InstanceKey[], maxBytes: number): Promise<number> {
  if (keys.length < 2) return keys.length;
  const history =
    'SELECT SUM(LENGTH(h.body)) FROM durable_history h WHERE h.hub = t.hub AND h.partition_no = t.partition_no AND h.execution_id = t.execution_id';
  const found = await session.selectMany<{ instance_id: string; bytes: number | string | null }>(
    `instance_id, COALESCE(LENGTH(input), 0) + COALESCE(LENGTH(output), 0) + COALESCE((${history}), 0) AS bytes`,
    'durable_instances',
    KEY,
    keys.map(({ partition, instanceId }) => [hub, partition, instanceId]),
  );
  const sizes = new Map(found.map(({ instance_id, bytes }) => [instance_id, Number(bytes)]));
  return countUntil(keys.map(({ instanceId }) => sizes.get(instanceId) ?? 0), maxBytes);
}

/** How many of these sizes, from the first, come to no more than `maxBytes`; at least one, where there is one. */
export function countUntil(sizes: readonly number[], maxBytes: number): number {
  let sum = 0;
  const end = sizes.findIndex((size) => (sum += size) > maxBytes);
  return end === -1 ? sizes.length : Math.max(1, end);
}

/** Rows by key, in the order of the keys; what is missing is left out. */
export async function findInstances(session: Session, hub: number, keys: readonly InstanceKey[]): Promise<InstanceRow[]> {
  const found = new Map<string, InstanceRow>();
  for (const chunk of session.chunks(keys.map(({ partition, instanceId }) => [hub, partition, instanceId]))) {
    const query = instances(session);
    whereTuples(query, session, ['i.hub', 'i.partition_no', 'i.instance_id'], chunk);
    for (const record of await query.getMany()) found.set(record.instanceId, toInstanceRow(record));
  }
  return keys.flatMap(({ instanceId }) => found.get(instanceId) ?? []);
}

export function instances(session: Session): SelectQueryBuilder<InstanceRecord> {
  return session.repository(instanceSchema).createQueryBuilder('i');
}
