import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS: readonly (readonly [table: string, column: string])[] = [
  // How often an instance was begun anew since its last checkpoint, each time because its worker died [Y8].
  ['durable_instances', 'attempts'],
  // How often an activity was claimed again because its worker died [Y8].
  ['durable_activities_ready', 'dispatch_count'],
  ['durable_activities_running', 'dispatch_count'],
];

export class CountAttempts1795219200000 implements MigrationInterface {
  readonly name = 'CountAttempts1795219200000';

  /** A migration that died half way leaves columns behind: it goes on with those that are missing. */
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, column] of COLUMNS) {
      if (!(await runner.hasColumn(table, column))) await runner.query(`ALTER TABLE ${table} ADD COLUMN ${column} INT NOT NULL DEFAULT 0`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, column] of COLUMNS) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
  }
}
