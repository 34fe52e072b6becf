import type { Session } from '../session.js';
import type { WriteList } from '../write-list.js';
import type { Checkpoint } from '../store.js';

const KEY = ['hub', 'partition_no', 'execution_id'] as const;

/** Notes executions whose history is no longer needed; it is deleted in the background, and their tags with it. */
export function markGarbage(list: WriteList, hub: number, checkpoints: readonly Pick<Checkpoint, 'partition' | 'garbage'>[]): void {
  list.insert('durable_garbage', KEY, checkpoints.flatMap(({ partition, garbage }) => garbage.map((executionId) => [hub, partition, executionId])));
}

/** Deletes up to `limit` rows of history, whole executions as a rule; answers how many. */
export async function collectGarbage(session: Session, hub: number, partitions: readonly number[], limit: number): Promise<number> {
  if (partitions.length === 0) return 0;
  const executions = await session.rows<{ partition_no: number; execution_id: string }>(
    `SELECT partition_no, execution_id FROM durable_garbage WHERE hub = ? AND partition_no IN (${partitions.map(() => '?').join(', ')}) ` +
      'ORDER BY partition_no, execution_id LIMIT ?',
    [hub, ...partitions, limit],
  );
  let done = 0;
  let deleted = 0;
  for (const chunk of session.chunks(executions.map(({ partition_no, execution_id }) => [hub, partition_no, execution_id]))) {
    const room = limit - deleted;
    const events = await session.selectMany<{ partition_no: number; execution_id: string; sequence_no: number | string }>(
      'partition_no, execution_id, sequence_no', 'durable_history', KEY, chunk, ` ORDER BY partition_no, execution_id, sequence_no LIMIT ${room}`,
    );
    deleted += await session.deleteMany(
      'durable_history', [...KEY, 'sequence_no'], events.map((row) => [hub, row.partition_no, row.execution_id, Number(row.sequence_no)]),
    );
    const last = events.at(-1);
    // By what was found, not by what was deleted: a former owner of the partition may be collecting the same.
    const isCut = last !== undefined && events.length >= room;
    // The last execution of a full answer may have more rows: it stays marked.
    const end = isCut ? chunk.findIndex(([, partition, execution]) => partition === last.partition_no && execution === last.execution_id) : chunk.length;
    for (const table of ['durable_tags', 'durable_garbage']) await session.deleteMany(table, KEY, chunk.slice(0, end));
    done += end;
    if (isCut) break;
  }
  return Math.max(deleted, done);
}
