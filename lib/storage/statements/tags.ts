import { createHash } from 'node:crypto';
import type { Session } from '../session.js';
import { isRecord, readStored } from '../stored-json.js';
import type { WriteList } from '../write-list.js';
import type { InstanceRow } from '../store.js';

type Tag = readonly [name: string, value: string];

export const TAG_COLUMNS = ['hub', 'partition_no', 'execution_id', 'tag', 'created_at', 'instance_id'] as const;
/** Instances that are read at once. */
const PAGE = 500;

interface TaggedRecord {
  partition_no: number;
  instance_id: string;
  execution_id: string;
  created_at: number | string;
  tags: string;
}

/** The tags of executions that begin. They go when the histories of these do. */
export function insertTags(list: WriteList, hub: number, rows: readonly InstanceRow[]): void {
  list.insert('durable_tags', TAG_COLUMNS, rows.flatMap(({ partition, executionId, tags = {}, createdAt, instanceId }) =>
    Object.entries(tags).map((tag) => [hub, partition, executionId, tagKey(tag), createdAt, instanceId])));
}

/** The tags of executions that versions have begun which did not know of the table. */
export async function fillTags(session: Session, hub: number, partitionCount: number): Promise<void> {
  for (let partition = 0; partition < partitionCount; partition += 1) {
    let last: TaggedRecord | undefined;
    do {
      const page: TaggedRecord[] = await session.rows(
        'SELECT partition_no, instance_id, execution_id, created_at, tags FROM durable_instances ' +
          'WHERE hub = ? AND partition_no = ? AND instance_id > ? AND tags IS NOT NULL ORDER BY hub, partition_no, instance_id LIMIT ?',
        [hub, partition, last?.instance_id ?? '', PAGE],
      );
      await session.insert('durable_tags', TAG_COLUMNS, page.flatMap((record) => tagRows(hub, record)));
      last = page[PAGE - 1];
    } while (last);
  }
}

function tagRows(hub: number, { partition_no, execution_id, instance_id, created_at, tags }: TaggedRecord): (number | string)[][] {
  const pairs = readStored<Record<string, string>>(tags, 'an object', isRecord, () => undefined) ?? {};
  return Object.entries(pairs).map((tag) => [hub, partition_no, execution_id, tagKey(tag), Number(created_at), instance_id]);
}

/** What stands for a tag, however long it is: 132 bits, so no other has the same. */
export function tagKey(tag: Tag): string {
  return createHash('sha256').update(JSON.stringify(tag)).digest('base64url').slice(0, 22);
}
