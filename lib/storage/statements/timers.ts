import { StaleMemberError } from '../errors.js';
import type { Value } from '../dialect.js';
import type { Session } from '../session.js';
import type { WriteList } from '../write-list.js';
import type { Checkpoint, TimerKey, TimerRow } from '../store.js';

const KEY = ['hub', 'partition_no', 'fire_at', 'execution_id', 'task_id'] as const;

export function writeTimers(list: WriteList, hub: number, checkpoints: readonly Checkpoint[]): void {
  const keysOf = (choose: (checkpoint: Checkpoint) => readonly TimerKey[]): Value[][] =>
    checkpoints.flatMap((checkpoint) => choose(checkpoint).map(({ fireAt, executionId, taskId }) => [hub, checkpoint.partition, fireAt, executionId, taskId]));
  list.deleteMany('durable_timers', KEY, keysOf(({ deletedTimers }) => deletedTimers), () => new StaleMemberError('A timer that fired is gone.'));
  list.deleteMany('durable_timers', KEY, keysOf(({ cancelledTimers }) => cancelledTimers));
  const created = checkpoints.flatMap(({ timers }) => timers);
  list.insert(
    'durable_timers',
    [...KEY, 'instance_id'],
    created.map(({ partition, fireAt, executionId, taskId, instanceId }) => [hub, partition, fireAt, executionId, taskId, instanceId]),
  );
}

export async function readTimers(session: Session, hub: number, partition: number, { limit, after }: { limit: number; after?: TimerKey }): Promise<TimerRow[]> {
  const behind = after ? ' AND fire_at >= ? AND (fire_at > ? OR execution_id > ? OR (execution_id = ? AND task_id > ?))' : '';
  const values = after ? [after.fireAt, after.fireAt, after.executionId, after.executionId, after.taskId] : [];
  const rows = await session.rows<{ fire_at: number | string; execution_id: string; task_id: number | string; instance_id: string }>(
    `SELECT fire_at, execution_id, task_id, instance_id FROM durable_timers WHERE hub = ? AND partition_no = ?${behind} ` +
      'ORDER BY fire_at, execution_id, task_id LIMIT ?',
    [hub, partition, ...values, limit],
  );
  return rows.map((row) => ({
    partition,
    fireAt: Number(row.fire_at),
    executionId: row.execution_id,
    taskId: Number(row.task_id),
    instanceId: row.instance_id,
  }));
}
