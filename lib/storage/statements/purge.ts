import { isFinished, type ParentInstance, type RuntimeStatus } from '../../core/history.js';
import type { Session } from '../session.js';
import type { AgeQuery, AgeScan, InstanceHead, InstanceKey, InstanceQuery, PurgeOutcome, PurgeQuery, PurgeScan, PurgeTarget } from '../store.js';
import { isRecord, readStored } from '../stored-json.js';
import { markGarbage } from './garbage.js';
import { compareKeys } from './instances.js';

const KEY = ['hub', 'partition_no', 'instance_id'] as const;

interface HeadRecord {
  partition_no: number;
  instance_id: string;
  execution_id: string;
  status: string;
}

interface VersionRecord extends HeadRecord {
  row_version: number | string;
}

/** Rows without their payloads, which may be megabytes. What is missing is left out. */
export async function readHeads(session: Session, hub: number, keys: readonly InstanceKey[]): Promise<InstanceHead[]> {
  const rows = await session.selectMany<HeadRecord & { parent: string | null }>(
    'partition_no, instance_id, execution_id, status, parent', 'durable_instances', KEY, keys.map((key) => [hub, key.partition, key.instanceId]),
  );
  return rows.map((row) => ({
    partition: row.partition_no,
    instanceId: row.instance_id,
    executionId: row.execution_id,
    status: row.status as RuntimeStatus,
    // Of an unreadable one nobody knows whose child it is.
    parent: row.parent === null ? undefined : readStored<ParentInstance>(row.parent, 'a parent', isRecord, () => undefined),
  }));
}

/** Deletes the rows that are finished, under their locks. Their histories are garbage from then on. */
export async function purgeInstances(session: Session, hub: number, targets: readonly PurgeTarget[], statuses?: readonly RuntimeStatus[]): Promise<PurgeOutcome[]> {
  // All processes lock in the order of the primary key.
  const keys = [...targets].sort(compareKeys).map(({ partition, instanceId }) => [hub, partition, instanceId]);
  const rows = await session.selectMany<VersionRecord>(
    'partition_no, instance_id, execution_id, status, row_version', 'durable_instances', KEY, keys, session.dialect.forUpdate,
  );
  const found = new Map(rows.map((row) => [row.instance_id, row]));
  const outcomes = targets.map((target) => decide(found.get(target.instanceId), target, statuses));
  const deleted = targets.flatMap(({ partition, instanceId }, index) => (outcomes[index]!.deleted ? [{ partition, instanceId }] : []));
  const list = session.newList();
  list.deleteMany('durable_instances', KEY, deleted.sort(compareKeys).map(({ partition, instanceId }) => [hub, partition, instanceId]));
  markGarbage(list, hub, deleted.map(({ partition, instanceId }) => ({ partition, garbage: [found.get(instanceId)!.execution_id] })));
  session.writeLast(list);
  return outcomes;
}

function decide(row: VersionRecord | undefined, { executionId, rowVersion }: PurgeTarget, statuses: readonly RuntimeStatus[] | undefined): PurgeOutcome {
  if (!row || (executionId !== undefined && row.execution_id !== executionId)) return { deleted: false };
  const status = row.status as RuntimeStatus;
  const isAsked = (statuses?.includes(status) ?? true) && (rowVersion === undefined || Number(row.row_version) === rowVersion);
  return { deleted: isFinished(status) && isAsked, status };
}

/** When the newest instance was created, epoch ms; `undefined` when there is none. */
export async function newestCreation(session: Session, hub: number): Promise<number | undefined> {
  const [row] = await session.rows<{ newest: number | string | null }>('SELECT MAX(created_at) AS newest FROM durable_instances WHERE hub = ?', [hub]);
  return row?.newest === null || row === undefined ? undefined : Number(row.newest);
}

type ScanRecord = HeadRecord & { name: string; created_at: number | string };
type AgeRecord = VersionRecord & { created_at: number | string; updated_at: number | string };

/** Looks at the next instances in the order of their creation, whether they match or not: so that no statement takes long. */
export async function scanForPurge(session: Session, hub: number, query: PurgeQuery, limit: number): Promise<PurgeScan> {
  const { rows, last } = await readByCreation<ScanRecord>(session, hub, 'partition_no, instance_id, execution_id, status, name, created_at', query, limit);
  return {
    targets: rows.filter((row) => matches(row, query)).map((row) => ({ partition: row.partition_no, instanceId: row.instance_id, executionId: row.execution_id })),
    last,
  };
}

/** The same for all instances, with what tells how old they are. */
export async function scanAges(session: Session, hub: number, query: AgeQuery, limit: number): Promise<AgeScan> {
  const columns = 'partition_no, instance_id, execution_id, row_version, status, created_at, updated_at';
  const { rows, last } = await readByCreation<AgeRecord>(session, hub, columns, query, limit);
  const instances = rows.map((row) => ({
    partition: row.partition_no,
    instanceId: row.instance_id,
    executionId: row.execution_id,
    rowVersion: Number(row.row_version),
    status: row.status as RuntimeStatus,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  }));
  return { instances, last };
}

type CreationRange = Pick<InstanceQuery, 'createdFrom' | 'after'> & { readonly createdTo: number };

/** The next rows in the order of creation; `last` is absent where the range ends. */
async function readByCreation<Row extends { readonly created_at: number | string; readonly instance_id: string }>(
  session: Session, hub: number, columns: string, { createdFrom = 0, createdTo, after }: CreationRange, limit: number,
): Promise<{ rows: Row[]; last: InstanceQuery['after'] }> {
  const read = (condition: string, values: readonly (number | string)[], count: number) =>
    session.rows<Row>(
      `SELECT ${columns} FROM durable_instances WHERE hub = ? AND ${condition} ORDER BY created_at, instance_id LIMIT ?`, [hub, ...values, count],
    );
  // Two ranges of the index: with OR, all that were created in the same millisecond would be read anew for each page.
  const rows = after ? await read('created_at = ? AND instance_id > ?', [after.createdAt, after.instanceId], limit) : [];
  const from = after ? after.createdAt + 1 : createdFrom;
  if (rows.length < limit) rows.push(...(await read('created_at >= ? AND created_at <= ?', [from, createdTo], limit - rows.length)));
  const last = rows.at(-1);
  return { rows, last: last && rows.length === limit ? { createdAt: Number(last.created_at), instanceId: last.instance_id } : undefined };
}

function matches(row: ScanRecord, { statuses, name }: PurgeQuery): boolean {
  return statuses.includes(row.status as RuntimeStatus) && (name === undefined || row.name === name);
}
