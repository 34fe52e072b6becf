import { createHash } from 'node:crypto';
import type { Session } from '../session.js';
import type { WriteList } from '../write-list.js';
import type { InstanceQuery, InstanceRow } from '../store.js';

type Tag = readonly [name: string, value: string];

/** An instance that had a tag when an execution of it began. */
export type TaggedKey = Pick<InstanceRow, 'partition' | 'instanceId' | 'createdAt'>;

interface TagRecord {
  partition_no: number;
  instance_id: string;
  created_at: number | string;
}

export const TAG_COLUMNS = ['hub', 'partition_no', 'execution_id', 'tag', 'created_at', 'instance_id'] as const;

/** The tags of executions that begin. They go when the histories of these do. */
export function insertTags(list: WriteList, hub: number, rows: readonly InstanceRow[]): void {
  list.insert('durable_tags', TAG_COLUMNS, rows.flatMap(({ partition, executionId, tags = {}, createdAt, instanceId }) =>
    Object.entries(tags).map((tag) => [hub, partition, executionId, tagKey(tag), createdAt, instanceId])));
}

/** How many executions have the tag, `limit` at most. */
export async function countTagged(session: Session, hub: number, tag: Tag, limit: number): Promise<number> {
  const [row] = await session.rows<{ count: number | string }>(
    'SELECT COUNT(*) AS count FROM (SELECT 1 FROM durable_tags WHERE hub = ? AND tag = ? LIMIT ?) AS found', [hub, tagKey(tag), limit],
  );
  return Number(row!.count);
}

/** The next instances with the tag in the order of creation; also those that had it once, and some of them twice. */
export async function readTagged(session: Session, hub: number, tag: Tag, { createdFrom = 0, createdTo, after }: InstanceQuery, limit: number): Promise<TaggedKey[]> {
  const conditions: readonly (readonly [string, readonly (number | string)[]])[] = [
    ['hub = ? AND tag = ? AND created_at >= ?', [hub, tagKey(tag), Math.max(createdFrom, after?.createdAt ?? 0)]],
    ...(createdTo === undefined ? [] : [['created_at <= ?', [createdTo]] as const]),
    ...(after ? [['(created_at > ? OR instance_id > ?)', [after.createdAt, after.instanceId]] as const] : []),
  ];
  const rows = await session.rows<TagRecord>(
    `SELECT partition_no, instance_id, created_at FROM durable_tags WHERE ${conditions.map(([sql]) => sql).join(' AND ')} ` +
      'ORDER BY created_at, instance_id LIMIT ?',
    [...conditions.flatMap(([, values]) => values), limit],
  );
  return rows.map((row) => ({ partition: row.partition_no, instanceId: row.instance_id, createdAt: Number(row.created_at) }));
}

/** What stands for a tag, however long it is. Another one may have the same: whoever finds an instance by it looks at its tags. */
export function tagKey(tag: Tag): string {
  return createHash('sha256').update(JSON.stringify(tag)).digest('base64url').slice(0, 22);
}
