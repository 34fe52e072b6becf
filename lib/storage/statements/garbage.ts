import type { Session } from '../session.js';
import type { Checkpoint } from '../store.js';

const KEY = ['hub', 'partition_no', 'execution_id'] as const;

/** Notes executions whose history is no longer needed; it is deleted in the background. */
export async function markGarbage(session: Session, hub: number, checkpoints: readonly Pick<Checkpoint, 'partition' | 'garbage'>[]): Promise<void> {
  await session.insert('durable_garbage', KEY, checkpoints.flatMap(({ partition, garbage }) => garbage.map((executionId) => [hub, partition, executionId])));
}

/** Deletes up to `limit` rows of history, whole executions as a rule; answers how many. */
export async function collectGarbage(session: Session, hub: number, partitions: readonly number[], limit: number): Promise<number> {
  if (partitions.length === 0) return 0;
  const executions = await session.rows<{ partition_no: number; execution_id: string }>(
    `SELECT partition_no, execution_id FROM durable_garbage WHERE hub = ? AND partition_no IN (${partitions.map(() => '?').join(', ')}) LIMIT ?`,
    [hub, ...partitions, limit],
  );
  let deleted = 0;
  for (const { partition_no, execution_id } of executions) {
    if (deleted >= limit) return deleted;
    const rows = await session.rows<{ sequence_no: number | string }>(
      'SELECT sequence_no FROM durable_history WHERE hub = ? AND partition_no = ? AND execution_id = ? ORDER BY sequence_no LIMIT ?',
      [hub, partition_no, execution_id, limit - deleted],
    );
    deleted += await session.deleteMany(
      'durable_history', [...KEY, 'sequence_no'], rows.map(({ sequence_no }) => [hub, partition_no, execution_id, Number(sequence_no)]),
    );
    if (deleted < limit) await session.deleteMany('durable_garbage', KEY, [[hub, partition_no, execution_id]]);
  }
  return deleted;
}
