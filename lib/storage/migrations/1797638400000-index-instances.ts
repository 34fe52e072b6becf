import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndex, createTables, dropIndex, dropTables } from './tables.js';

const TABLES: Readonly<Record<string, readonly string[]>> = {
  // A row for each tag of an execution, to find instances by: they lie with its history, and go with it.
  durable_tags: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'execution_id ID NOT NULL', 'tag ID NOT NULL', 'created_at BIGINT NOT NULL', 'instance_id ID NOT NULL',
    'PRIMARY KEY (hub, partition_no, execution_id, tag)',
  ],
};

/** For each filter of getStatusBy an index in the order of creation. A hub gets the rows of its tags when it is opened first. */
export class IndexInstances1797638400000 implements MigrationInterface {
  readonly name = 'IndexInstances1797638400000';

  async up(runner: QueryRunner): Promise<void> {
    await createTables(runner, TABLES);
    await createIndex(runner, 'durable_tags_created', 'durable_tags', ['hub', 'tag', 'created_at', 'instance_id', 'partition_no']);
    await createIndex(runner, 'durable_instances_status', 'durable_instances', ['hub', 'status', 'created_at', 'instance_id']);
    await createIndex(runner, 'durable_instances_name', 'durable_instances', ['hub', 'name', 'created_at', 'instance_id']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES));
    await dropIndex(runner, 'durable_instances_status', 'durable_instances');
    await dropIndex(runner, 'durable_instances_name', 'durable_instances');
  }
}
