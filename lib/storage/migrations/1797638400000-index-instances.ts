import type { MigrationInterface, QueryRunner } from 'typeorm';
import { TAG_COLUMNS, tagKey } from '../statements/tags.js';
import { isRecord, readStored } from '../stored-json.js';
import { createIndex, createTables, dropIndex, dropTables, insertMissing } from './tables.js';

const TABLES: Readonly<Record<string, readonly string[]>> = {
  // A row for each tag of an execution, to find instances by: they lie with its history, and go with it.
  durable_tags: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'execution_id ID NOT NULL', 'tag ID NOT NULL', 'created_at BIGINT NOT NULL', 'instance_id ID NOT NULL',
    'PRIMARY KEY (hub, partition_no, execution_id, tag)',
  ],
};
/** Instances that are read at once. */
const PAGE = 500;

interface TaggedRecord {
  hub: number;
  partition_no: number;
  instance_id: string;
  execution_id: string;
  created_at: number | string;
  tags: string;
}

/** For each filter of getStatusBy an index in the order of creation. */
export class IndexInstances1797638400000 implements MigrationInterface {
  readonly name = 'IndexInstances1797638400000';

  async up(runner: QueryRunner): Promise<void> {
    await createTables(runner, TABLES);
    await createIndex(runner, 'durable_tags_created', 'durable_tags', ['hub', 'tag', 'created_at', 'instance_id', 'partition_no']);
    await createIndex(runner, 'durable_instances_status', 'durable_instances', ['hub', 'status', 'created_at', 'instance_id']);
    await createIndex(runner, 'durable_instances_name', 'durable_instances', ['hub', 'name', 'created_at', 'instance_id']);
    await fillTags(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES));
    await dropIndex(runner, 'durable_instances_status', 'durable_instances');
    await dropIndex(runner, 'durable_instances_name', 'durable_instances');
  }
}

/** Tags of executions that began before there was the table. */
async function fillTags(runner: QueryRunner): Promise<void> {
  const position = (record: TaggedRecord | undefined) => (record ? [record.hub, record.partition_no, record.instance_id] : [0, 0, '']);
  for (let last: TaggedRecord | undefined; ; ) {
    const [hub, partition, instanceId] = position(last);
    const page = (await runner.query(
      'SELECT hub, partition_no, instance_id, execution_id, created_at, tags FROM durable_instances WHERE tags IS NOT NULL AND ' +
        '(hub > ? OR (hub = ? AND (partition_no > ? OR (partition_no = ? AND instance_id > ?)))) ORDER BY hub, partition_no, instance_id LIMIT ?',
      [hub, hub, partition, partition, instanceId, PAGE],
    )) as TaggedRecord[];
    await insertMissing(runner, 'durable_tags', TAG_COLUMNS, page.flatMap(tagRows));
    last = page.at(-1);
    if (page.length < PAGE) return;
  }
}

function tagRows({ hub, partition_no, execution_id, instance_id, created_at, tags }: TaggedRecord): (number | string)[][] {
  const pairs = readStored<Record<string, string>>(tags, 'an object', isRecord, () => undefined) ?? {};
  return Object.entries(pairs).map((tag) => [hub, partition_no, execution_id, tagKey(tag), Number(created_at), instance_id]);
}
