import { FenceLostError } from '../errors.js';
import { isRecord, readStored } from '../stored-json.js';
import { whetherOutdated, type HubRecord } from './hubs.js';
import type { Session } from '../session.js';
import type { WriteList } from '../write-list.js';
import { voidNo, type CommitOutcome, type HandlerList, type HubState, type PartitionRow, type WorkerInfo, type WorkerRegistration, type WorkerRow } from '../store.js';

/** Dead workers' rows are kept for so many lease durations, for people who look. */
const KEPT_LEASES = 10;

export async function registerWorker(session: Session, hub: number, registration: WorkerRegistration): Promise<WorkerInfo> {
  const { incarnation, worker, handlers, leaseDuration } = registration;
  // Ids are never given twice: they are part of the keys of messages, which may outlive their sender.
  await session.write('UPDATE durable_hubs SET last_worker_id = last_worker_id + 1 WHERE hub = ?', [hub]);
  const [row] = await session.rows<{ id: number | string }>('SELECT last_worker_id AS id FROM durable_hubs WHERE hub = ?', [hub]);
  const workerId = Number(row!.id);
  await session.write(
    'INSERT INTO durable_workers (hub, worker_id, incarnation, worker, handlers, expires_at, commit_no, last_key) ' +
      `VALUES (?, ?, ?, ?, ?, ${session.dialect.now} + ?, 0, 0)`,
    [hub, workerId, incarnation, worker ? 1 : 0, JSON.stringify(handlers), leaseDuration],
  );
  return { workerId, incarnation };
}

export async function unregisterWorker(session: Session, hub: number, { workerId, incarnation }: WorkerInfo): Promise<void> {
  await session.write('DELETE FROM durable_workers WHERE hub = ? AND worker_id = ? AND incarnation = ?', [hub, workerId, incarnation]);
}

/** From now on others count this worker for none; its heartbeat goes on, for the claims of what it still runs. */
export async function retireWorker(session: Session, hub: number, { workerId, incarnation }: WorkerInfo): Promise<void> {
  await session.write('UPDATE durable_workers SET worker = 0 WHERE hub = ? AND worker_id = ? AND incarnation = ?', [hub, workerId, incarnation]);
}

interface WorkerRecord {
  worker_id: number | string;
  incarnation: string;
  worker: number;
  handlers: string;
  expires_at: number | string;
}

interface PartitionRecord extends Pick<HubRecord, 'name' | 'schema_version' | 'oldest_schema'> {
  partition_no: number;
  owner: string | null;
  epoch: number | string;
  lease_expires_at: number | string;
  now: number | string;
}

export async function heartbeat(session: Session, hub: number, worker: WorkerInfo, leaseDuration: number): Promise<HubState> {
  const { now } = session.dialect;
  const alive = await session.write(`UPDATE durable_workers SET expires_at = ${now} + ? WHERE hub = ? AND worker_id = ? AND incarnation = ?`, [
    leaseDuration, hub, worker.workerId, worker.incarnation,
  ]);
  await session.write(`UPDATE durable_partitions SET lease_expires_at = ${now} + ? WHERE hub = ? AND owner = ?`, [leaseDuration, hub, worker.incarnation]);
  const workers = await session.rows<WorkerRecord>(
    'SELECT worker_id, incarnation, worker, handlers, expires_at FROM durable_workers WHERE hub = ? ORDER BY worker_id',
    [hub],
  );
  const partitions = await session.rows<PartitionRecord>(
    `SELECT p.partition_no, p.owner, p.epoch, p.lease_expires_at, ${now} AS now, h.name, h.schema_version, h.oldest_schema ` +
      'FROM durable_partitions AS p JOIN durable_hubs AS h ON h.hub = p.hub WHERE p.hub = ? ORDER BY p.partition_no',
    [hub],
  );
  const time = Number(partitions[0]!.now);
  if (workers.some((row) => Number(row.expires_at) < time - KEPT_LEASES * leaseDuration)) {
    await session.write('DELETE FROM durable_workers WHERE hub = ? AND expires_at < ?', [hub, time - KEPT_LEASES * leaseDuration]);
  }
  return {
    time,
    alive: alive === 1,
    workers: workers.map((row) => toWorker(row, time)),
    partitions: partitions.map((row) => toPartition(row, time)),
    outdated: whetherOutdated(partitions[0]!),
  };
}

const NOTHING: HandlerList = { orchestrators: [], activities: [], entities: [] };

function toWorker(row: WorkerRecord, time: number): WorkerRow {
  return {
    workerId: Number(row.worker_id),
    incarnation: row.incarnation,
    worker: row.worker === 1,
    // A process of before entities has a list without them; one that cannot be read has nothing.
    handlers: { ...NOTHING, ...readStored<Partial<HandlerList>>(row.handlers, 'a list of handlers', isRecord, () => undefined) },
    live: Number(row.expires_at) > time,
  };
}

function toPartition(row: PartitionRecord, time: number): PartitionRow {
  return { partition: row.partition_no, owner: row.owner, epoch: Number(row.epoch), expired: Number(row.lease_expires_at) <= time };
}

/** Ends a client's batch (I2): its worker's row must be as the batch before left it. */
export function fenceWorker(list: WriteList, hub: number, worker: WorkerInfo, batch: { previousCommitNo: number; commitNo: number; lastKey: number }): void {
  list.write(
    'UPDATE durable_workers SET commit_no = ?, last_key = ? WHERE hub = ? AND worker_id = ? AND incarnation = ? AND commit_no = ?',
    [batch.commitNo, batch.lastKey, hub, worker.workerId, worker.incarnation, batch.previousCommitNo],
    () => new FenceLostError(`Worker ${worker.workerId} is no longer registered as it was.`),
  );
}

/** As `resolveCommit`, for a client's batch. */
export async function resolveClientBatch(session: Session, hub: number, worker: WorkerInfo, commitNo: number): Promise<CommitOutcome> {
  const key = [hub, worker.workerId, worker.incarnation];
  const rows = await session.rows<{ commit_no: number | string }>(
    `SELECT commit_no FROM durable_workers WHERE hub = ? AND worker_id = ? AND incarnation = ?${session.dialect.forUpdate}`,
    key,
  );
  if (!rows[0]) return 'lost';
  const outcome = Number(rows[0].commit_no) === commitNo ? 'committed' : 'not-committed';
  const standing = outcome === 'committed' ? commitNo : voidNo(commitNo);
  await session.write('UPDATE durable_workers SET commit_no = ?, expires_at = expires_at + 1 WHERE hub = ? AND worker_id = ? AND incarnation = ?', [standing, ...key]);
  return outcome;
}
