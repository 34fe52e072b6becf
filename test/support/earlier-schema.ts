import { DataSource } from 'typeorm';
import { durableMigrations, MIGRATIONS_TABLE } from '../../lib/storage/migrations/index.js';
import type { StorageOptions } from '../../lib/storage/index.js';
import { checkProduct } from '../../lib/storage/server/server.js';
import { sessionSettings } from '../../lib/storage/server/session-settings.js';

/** Makes the tables as a version left them that had so many migrations; answers an open connection. */
export async function makeEarlierSchema(storage: StorageOptions, migrations: number): Promise<DataSource> {
  // One connection: what is set for its session is in force when the tables are made.
  const options = { ...storage, poolSize: 1, migrations: durableMigrations.slice(0, migrations), migrationsTableName: MIGRATIONS_TABLE };
  const source = await new DataSource(options as StorageOptions).initialize();
  if (storage.type !== 'better-sqlite3') {
    const [row] = await source.query<{ version: string }[]>('SELECT VERSION() AS version');
    for (const statement of sessionSettings({ kind: checkProduct(row!.version), galera: false })) await source.query(statement);
  }
  await source.runMigrations();
  return source;
}
