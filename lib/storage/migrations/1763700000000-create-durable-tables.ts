import type { MigrationInterface, QueryRunner } from 'typeorm';

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
    const isSqlite = runner.connection.options.type === 'better-sqlite3';
    // Ids are compared byte by byte and keep trailing spaces. 255 characters are what Durable Functions allows.
    const id = isSqlite ? 'TEXT' : 'VARCHAR(255)';
    const payload = isSqlite ? 'TEXT' : 'LONGTEXT';
    // Not WITHOUT ROWID: payloads in the key's own tree cost half as much CPU again at 200 bytes, twice at 10 KB, and up to twice the log.
    const suffix = isSqlite ? '' : ` ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE ${await sessionCollation(runner)}`;
    for (const [table, lines] of Object.entries(TABLES)) {
      const columns = lines.map((line) => line.replace(/\bID\b/, id).replace(/\bPAYLOAD\b/, payload)).join(', ');
      await runner.query(`CREATE TABLE IF NOT EXISTS ${table} (${columns})${suffix}`);
    }
    // Pages of getStatusBy run through instances in the order of their creation.
    const index = 'durable_instances_created ON durable_instances (hub, created_at, instance_id)';
    if (isSqlite) await runner.query(`CREATE INDEX IF NOT EXISTS ${index}`);
    else if (!(await hasIndex(runner))) await runner.query(`CREATE INDEX ${index}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(TABLES)) await runner.query(`DROP TABLE IF EXISTS ${table}`);
  }
}

async function sessionCollation(runner: QueryRunner): Promise<string> {
  const [row] = (await runner.query('SELECT @@collation_connection AS name')) as { name: string }[];
  return row!.name;
}

async function hasIndex(runner: QueryRunner): Promise<boolean> {
  const rows = (await runner.query("SHOW INDEX FROM durable_instances WHERE Key_name = 'durable_instances_created'")) as unknown[];
  return rows.length > 0;
}
