import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndex, createTables, dropTables } from './tables.js';

const TABLES: Readonly<Record<string, readonly string[]>> = {
  durable_entities: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'instance_id ID NOT NULL', 'state PAYLOAD NULL', 'lock_holder PAYLOAD NULL',
    'updated_at BIGINT NOT NULL', 'row_version BIGINT NOT NULL', 'attempts INT NOT NULL', 'PRIMARY KEY (hub, partition_no, instance_id)',
  ],
  // due_at is 0 for what waits for its turn: in the key, so that reading those never meets the signals that are due later.
  durable_entity_queue: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'instance_id ID NOT NULL', 'due_at BIGINT NOT NULL', 'msg_key BIGINT NOT NULL', 'sender BIGINT NOT NULL',
    'lock_request ID NULL', 'body PAYLOAD NOT NULL', 'PRIMARY KEY (hub, partition_no, instance_id, due_at, msg_key, sender)',
  ],
};

export class CreateEntityTables1796428800000 implements MigrationInterface {
  readonly name = 'CreateEntityTables1796428800000';

  async up(runner: QueryRunner): Promise<void> {
    await createTables(runner, TABLES);
    // Pages of listEntities run through the entities of a hub in the order of their ids.
    await createIndex(runner, 'durable_entities_listed', 'durable_entities', ['hub', 'instance_id']);
    // Requests are taken back by whoever made them, many at once, while thousands of them may wait for one entity.
    await createIndex(runner, 'durable_entity_requests', 'durable_entity_queue', ['hub', 'partition_no', 'lock_request']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES));
  }
}
