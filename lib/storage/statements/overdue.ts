import type { Value } from '../dialect.js';
import type { Session } from '../session.js';
import { PARKED_SINCE, type ActivityHead, type MessageHead, type OverdueQuery, type OverdueRange, type OverdueWork, type TimerRow } from '../store.js';
import type { WorkRow } from './activities.js';
import { readWaiting } from './entity-queue.js';
import { isNoneOf } from './inbox.js';
import { together } from './together.js';

/** Entities of one partition whose queues are looked at. */
const MAX_QUEUES = 20;

type TaskRow = Pick<WorkRow, 'partition_no' | 'execution_id' | 'task_id' | 'instance_id'>;
type HeadRow = TaskRow & Pick<WorkRow, 'name'>;

/** Each table by its primary key, from the beginning of each partition. */
export async function findOverdue(session: Session, hub: number, ranges: readonly OverdueRange[], { before, beforeKey, limit }: OverdueQuery): Promise<OverdueWork> {
  const partitions = ranges.map(({ partition }) => partition);
  const messages = await ofEach<{ partition_no: number; msg_key: number | string; sender: number | string; instance_id: string }, OverdueRange>(
    session, ranges,
    ({ without }) =>
      'SELECT partition_no, msg_key, sender, instance_id FROM durable_inbox ' +
      `WHERE hub = ? AND partition_no = ? AND msg_key < ?${isNoneOf(without)} ORDER BY msg_key, sender LIMIT ?`,
    ({ partition, without = [] }) => [hub, partition, beforeKey, ...without, limit],
  );
  const timers = await ofEach<TaskRow & { fire_at: number | string }, OverdueRange>(
    session, ranges,
    ({ without }) =>
      'SELECT partition_no, fire_at, execution_id, task_id, instance_id FROM durable_timers ' +
      `WHERE hub = ? AND partition_no = ? AND fire_at > ${PARKED_SINCE} AND fire_at < ?${isNoneOf(without)} ORDER BY fire_at, execution_id, task_id LIMIT ?`,
    ({ partition, without = [] }) => [hub, partition, before, ...without, limit],
  );
  return {
    messages: messages.map((row) => ({ partition: row.partition_no, key: Number(row.msg_key), sender: Number(row.sender), instanceId: row.instance_id }) satisfies MessageHead),
    timers: timers.map((row) => ({ ...keyOf(row), fireAt: Number(row.fire_at), instanceId: row.instance_id }) satisfies TimerRow),
    queued: await findQueued(session, hub, partitions, beforeKey),
    ready: (await ofEach<HeadRow>(session, partitions, () => workIn('durable_activities_ready'), (partition) => [hub, partition, limit])).map(toHead),
    orphaned: await findOrphaned(session, hub, partitions, limit),
  };
}

/** Entities with a queue have a mark: a timer that is always due, under their own id, which no execution can have. */
async function findQueued(session: Session, hub: number, partitions: readonly number[], beforeKey: number): Promise<OverdueWork['queued']> {
  const marks = await ofEach<{ partition_no: number; instance_id: string }>(
    session, partitions,
    () => 'SELECT partition_no, instance_id FROM durable_timers ' +
      `WHERE hub = ? AND partition_no = ? AND fire_at = ${PARKED_SINCE} AND execution_id >= '@' AND execution_id < 'A' ORDER BY execution_id, task_id LIMIT ?`,
    (partition) => [hub, partition, MAX_QUEUES],
  );
  const waiting = await readWaiting(session, hub, marks.map((row) => ({ partition: row.partition_no, instanceId: row.instance_id })), 1);
  return [...waiting.values()].flatMap((heads) => heads.filter(({ key }) => key < beforeKey));
}

async function findOrphaned(session: Session, hub: number, partitions: readonly number[], limit: number): Promise<ActivityHead[]> {
  const isLive = `SELECT 1 FROM durable_workers WHERE durable_workers.hub = ? AND incarnation = claimed_by AND expires_at > ${session.dialect.now}`;
  const rows = await ofEach<HeadRow>(
    session, partitions, () => workIn('durable_activities_running', ` AND NOT EXISTS (${isLive})`), (partition) => [hub, partition, hub, limit],
  );
  return rows.map(toHead);
}

function workIn(table: string, condition = ''): string {
  return (
    `SELECT partition_no, execution_id, task_id, instance_id, name FROM ${table} WHERE ${table}.hub = ? AND partition_no = ?${condition} ` +
    'ORDER BY execution_id, task_id LIMIT ?'
  );
}

/** A statement for each partition, as one. */
async function ofEach<Row, Of = number>(session: Session, each: readonly Of[], one: (of: Of) => string, values: (of: Of) => Value[]): Promise<Row[]> {
  if (each.length === 0) return [];
  return session.rows<Row>(together(each.map(one), 'p'), each.flatMap(values));
}

function keyOf({ partition_no, execution_id, task_id }: TaskRow) {
  return { partition: partition_no, executionId: execution_id, taskId: Number(task_id) };
}

function toHead(row: HeadRow): ActivityHead {
  return { ...keyOf(row), instanceId: row.instance_id, name: row.name };
}
