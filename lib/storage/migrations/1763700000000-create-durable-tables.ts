import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndex, createTables, dropTables } from './tables.js';

/** Primary keys begin with hub and partition: what is worked on together lies together. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  durable_hubs: [
    'hub INT NOT NULL', 'name ID NOT NULL', 'partition_count INT NOT NULL', 'created_at BIGINT NOT NULL', 'last_worker_id BIGINT NOT NULL',
    'schema_version INT NOT NULL', 'oldest_schema INT NOT NULL', 'PRIMARY KEY (hub)', 'UNIQUE (name)',
  ],
  durable_workers: [
    'hub INT NOT NULL', 'worker_id BIGINT NOT NULL', 'incarnation ID NOT NULL', 'worker INT NOT NULL', 'handlers PAYLOAD NOT NULL',
    'expires_at BIGINT NOT NULL', 'commit_no BIGINT NOT NULL', 'last_key BIGINT NOT NULL', 'PRIMARY KEY (hub, worker_id)',
  ],
  durable_partitions: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'owner ID NULL', 'epoch BIGINT NOT NULL', 'lease_expires_at BIGINT NOT NULL',
    'commit_no BIGINT NOT NULL', 'last_key BIGINT NOT NULL', 'PRIMARY KEY (hub, partition_no)',
  ],
  durable_instances: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'instance_id ID NOT NULL', 'execution_id ID NOT NULL', 'name ID NOT NULL', 'version ID NULL',
    'status ID NOT NULL', 'input PAYLOAD NULL', 'output PAYLOAD NULL', 'failure PAYLOAD NULL', 'custom_status PAYLOAD NULL', 'tags PAYLOAD NULL',
    'parent PAYLOAD NULL', 'created_at BIGINT NOT NULL', 'updated_at BIGINT NOT NULL', 'start_at BIGINT NULL', 'history_length BIGINT NOT NULL',
    'row_version BIGINT NOT NULL', 'PRIMARY KEY (hub, partition_no, instance_id)',
  ],
  durable_history: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'execution_id ID NOT NULL', 'sequence_no BIGINT NOT NULL', 'event_count INT NOT NULL',
    'format INT NOT NULL', 'body PAYLOAD NOT NULL', 'PRIMARY KEY (hub, partition_no, execution_id, sequence_no)',
  ],
  durable_inbox: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'msg_key BIGINT NOT NULL', 'sender BIGINT NOT NULL', 'instance_id ID NOT NULL',
    'body PAYLOAD NOT NULL', 'PRIMARY KEY (hub, partition_no, msg_key, sender)',
  ],
  durable_timers: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'fire_at BIGINT NOT NULL', 'execution_id ID NOT NULL', 'task_id BIGINT NOT NULL',
    'instance_id ID NOT NULL', 'PRIMARY KEY (hub, partition_no, fire_at, execution_id, task_id)',
  ],
  durable_activities_ready: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'execution_id ID NOT NULL', 'task_id BIGINT NOT NULL', 'instance_id ID NOT NULL', 'name ID NOT NULL',
    'input PAYLOAD NULL', 'call_id BIGINT NOT NULL', 'attempt INT NOT NULL', 'PRIMARY KEY (hub, partition_no, execution_id, task_id)',
  ],
  durable_activities_running: [
    'hub INT NOT NULL', 'partition_no INT NOT NULL', 'execution_id ID NOT NULL', 'task_id BIGINT NOT NULL', 'instance_id ID NOT NULL', 'name ID NOT NULL',
    'input PAYLOAD NULL', 'call_id BIGINT NOT NULL', 'attempt INT NOT NULL', 'claim_token ID NOT NULL', 'claimed_by ID NOT NULL',
    'PRIMARY KEY (hub, partition_no, execution_id, task_id)',
  ],
  durable_garbage: ['hub INT NOT NULL', 'partition_no INT NOT NULL', 'execution_id ID NOT NULL', 'PRIMARY KEY (hub, partition_no, execution_id)'],
};

export class CreateDurableTables1763700000000 implements MigrationInterface {
  readonly name = 'CreateDurableTables1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    await createTables(runner, TABLES);
    // Pages of getStatusBy run through instances in the order of their creation.
    await createIndex(runner, 'durable_instances_created', 'durable_instances', ['hub', 'created_at', 'instance_id']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES));
  }
}
