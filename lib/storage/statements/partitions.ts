import { FenceLostError } from '../errors.js';
import type { Session } from '../session.js';
import type { WriteList } from '../write-list.js';
import { voidNo, type CommitOutcome, type PartitionFence, type PartitionLease, type PartitionRelease, type WorkerInfo } from '../store.js';

const OWNER = 'partition_no, owner, epoch, commit_no, last_key';

interface OwnerRecord {
  partition_no: number;
  owner: string | null;
  epoch: number | string;
  commit_no: number | string;
  last_key: number | string;
  free?: number | string;
}

export interface AcquireOptions {
  readonly leaseDuration: number;
  readonly force?: boolean;
}

/** Takes what is free or expired, under the rows' locks, in ascending order; not what a commit is holding just now. */
export async function acquirePartitions(session: Session, hub: number, worker: WorkerInfo, partitions: readonly number[], { leaseDuration, force }: AcquireOptions): Promise<PartitionLease[]> {
  const { now, forUpdateSkipLocked } = session.dialect;
  const leases: PartitionLease[] = [];
  for (const partition of [...partitions].sort((a, b) => a - b)) {
    const [row] = await session.rows<OwnerRecord>(
      `SELECT ${OWNER}, (owner IS NULL OR owner = ? OR lease_expires_at <= ${now}) AS free FROM durable_partitions ` +
        `WHERE hub = ? AND partition_no = ?${forUpdateSkipLocked}`,
      [worker.incarnation, hub, partition],
    );
    if (!row || (Number(row.free) !== 1 && !force)) continue;
    const epoch = Number(row.epoch) + 1;
    await session.write(
      `UPDATE durable_partitions SET owner = ?, epoch = ?, lease_expires_at = ${now} + ? WHERE hub = ? AND partition_no = ?`,
      [worker.incarnation, epoch, leaseDuration, hub, partition],
    );
    const takenOverFrom = row.owner === worker.incarnation ? null : row.owner;
    leases.push({ partition, epoch, commitNo: Number(row.commit_no), lastKey: Number(row.last_key), takenOverFrom });
  }
  return leases;
}

export interface AssignOptions {
  readonly incarnation: string;
  readonly leaseDuration: number;
}

/** One guarded statement: it finds owner and epoch as they were, and the other worker alive, or writes nothing. */
export async function assignPartition(session: Session, hub: number, worker: WorkerInfo, { partition, epoch }: Pick<PartitionLease, 'partition' | 'epoch'>, to: AssignOptions): Promise<boolean> {
  const { now } = session.dialect;
  const assigned = await session.write(
    `UPDATE durable_partitions SET owner = ?, epoch = epoch + 1, lease_expires_at = ${now} + ? ` +
      'WHERE hub = ? AND partition_no = ? AND owner = ? AND epoch = ? AND ' +
      `EXISTS (SELECT 1 FROM durable_workers AS w WHERE w.hub = ? AND w.incarnation = ? AND w.worker = 1 AND w.expires_at > ${now})`,
    [to.incarnation, to.leaseDuration, hub, partition, worker.incarnation, epoch, hub, to.incarnation],
  );
  return assigned === 1;
}

export async function releasePartitions(session: Session, hub: number, worker: WorkerInfo, releases: readonly PartitionRelease[]): Promise<void> {
  await session.updateMany(
    {
      table: 'durable_partitions',
      columns: ['hub', 'partition_no', 'owner', 'epoch', 'left_by'],
      where: ['hub', 'partition_no', 'owner', 'epoch'].map((column) => `t.${column} = v.${column}`),
      set: ['owner = v.left_by', 'lease_expires_at = 0'],
    },
    [...releases].sort((a, b) => a.partition - b.partition).map(({ partition, epoch, leftBy = null }) => [hub, partition, worker.incarnation, epoch, leftBy]),
  );
}

/** Ends every checkpoint transaction (I2). Which of the fences were lost is found out after the rollback: {@link lostFences}. */
export function fencePartitions(list: WriteList, hub: number, fences: readonly PartitionFence[]): void {
  list.updateMany(
    {
      table: 'durable_partitions',
      columns: ['hub', 'partition_no', 'owner', 'epoch', 'previous_no', 'commit_no', 'last_key'],
      where: ['hub', 'partition_no', 'owner', 'epoch'].map((column) => `t.${column} = v.${column}`).concat('t.commit_no = v.previous_no'),
      set: ['commit_no = v.commit_no', 'last_key = v.last_key'],
    },
    fences.map((fence) => [hub, fence.partition, fence.owner, fence.epoch, fence.previousCommitNo, fence.commitNo, fence.lastKey]),
    () => new FenceLostError('A partition has another owner.', fences.map(({ partition }) => partition)),
  );
}

/** Which partitions a refused commit lost: those whose rows are not as its fences expected. */
export async function lostFences(session: Session, hub: number, fences: readonly PartitionFence[]): Promise<FenceLostError> {
  const states = await outcomesOf(session, hub, fences);
  const lost = fences.filter((_, index) => states[index] !== 'not-committed').map(({ partition }) => partition);
  return new FenceLostError(`Of the partitions ${fences.map(({ partition }) => partition).join(', ')} of a commit, ${lost.join(', ')} now belong to another owner.`, lost);
}

/**
 * What the partitions' rows say of a commit whose answer was lost. One that was not carried out never will be, though it may still be
 * on its way to the server, or under way on another node of a cluster: its number is taken. One that was can be read before its log
 * is flushed: the row is written once more, so that its log is, too, before anybody acts on it.
 */
export async function resolveCommit(session: Session, hub: number, fences: readonly PartitionFence[]): Promise<CommitOutcome[]> {
  const outcomes = await outcomesOf(session, hub, fences);
  await session.updateMany(
    {
      table: 'durable_partitions',
      columns: ['hub', 'partition_no', 'commit_no'],
      where: ['t.hub = v.hub', 't.partition_no = v.partition_no'],
      set: ['commit_no = v.commit_no', 'lease_expires_at = t.lease_expires_at + 1'],
    },
    fences.flatMap(({ partition, commitNo }, index) => (outcomes[index] === 'lost' ? [] : [[hub, partition, outcomes[index] === 'committed' ? commitNo : voidNo(commitNo)]])),
  );
  return outcomes;
}

async function outcomesOf(session: Session, hub: number, fences: readonly PartitionFence[]): Promise<CommitOutcome[]> {
  const rows = await session.selectMany<OwnerRecord>(
    OWNER, 'durable_partitions', ['hub', 'partition_no'], fences.map(({ partition }) => [hub, partition]), session.dialect.forUpdate,
  );
  const byPartition = new Map(rows.map((row) => [row.partition_no, row]));
  return fences.map(({ partition, owner, epoch, commitNo, previousCommitNo }): CommitOutcome => {
    const row = byPartition.get(partition);
    if (!row || row.owner !== owner || Number(row.epoch) !== epoch) return 'lost';
    const standing = Number(row.commit_no);
    if (standing === commitNo) return 'committed';
    return standing === previousCommitNo || standing === voidNo(commitNo) ? 'not-committed' : 'lost';
  });
}
