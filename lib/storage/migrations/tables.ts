/** What migrations are made of. Everything here may be repeated, by a migration that goes on where another one died. */
import type { QueryRunner } from 'typeorm';

/**
 * Creates tables that are not there yet.
 * @param tables their columns and keys by name; ID stands for the type of ids and names, PAYLOAD for that of JSON text
 */
export async function createTables(runner: QueryRunner, tables: Readonly<Record<string, readonly string[]>>): Promise<void> {
  // Ids are compared byte by byte and keep trailing spaces. 255 characters are what Durable Functions allows.
  const id = isSqlite(runner) ? 'TEXT' : 'VARCHAR(255)';
  const payload = isSqlite(runner) ? 'TEXT' : 'LONGTEXT';
  // Not WITHOUT ROWID: payloads in the key's own tree cost half as much CPU again at 200 bytes, twice at 10 KB, and up to twice the log.
  const suffix = isSqlite(runner) ? '' : ` ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE ${await sessionCollation(runner)}`;
  for (const [table, lines] of Object.entries(tables)) {
    const columns = lines.map((line) => line.replace(/\bID\b/, id).replace(/\bPAYLOAD\b/, payload)).join(', ');
    await runner.query(`CREATE TABLE IF NOT EXISTS ${table} (${columns})${suffix}`);
  }
}

export async function createIndex(runner: QueryRunner, name: string, table: string, columns: readonly string[]): Promise<void> {
  const index = `${name} ON ${table} (${columns.join(', ')})`;
  if (isSqlite(runner)) await runner.query(`CREATE INDEX IF NOT EXISTS ${index}`);
  else if (!(await hasIndex(runner, name, table))) await runner.query(`CREATE INDEX ${index}`);
}

export async function dropIndex(runner: QueryRunner, name: string, table: string): Promise<void> {
  if (isSqlite(runner)) await runner.query(`DROP INDEX IF EXISTS ${name}`);
  else if (await hasIndex(runner, name, table)) await runner.query(`DROP INDEX ${name} ON ${table}`);
}

export async function dropTables(runner: QueryRunner, tables: readonly string[]): Promise<void> {
  for (const table of tables) await runner.query(`DROP TABLE IF EXISTS ${table}`);
}

function isSqlite(runner: QueryRunner): boolean {
  return runner.connection.options.type === 'better-sqlite3';
}

async function sessionCollation(runner: QueryRunner): Promise<string> {
  const [row] = (await runner.query('SELECT @@collation_connection AS name')) as { name: string }[];
  return row!.name;
}

async function hasIndex(runner: QueryRunner, name: string, table: string): Promise<boolean> {
  const rows = (await runner.query(`SHOW INDEX FROM ${table} WHERE Key_name = '${name}'`)) as unknown[];
  return rows.length > 0;
}
