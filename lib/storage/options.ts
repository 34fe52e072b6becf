import type { DataSourceOptions } from 'typeorm';
import { durableMigrations, MIGRATIONS_TABLE } from './migrations/index.js';
import { durableSchemas } from './schemas.js';

/**
 * Where a hub's state lives: TypeORM's options for better-sqlite3, mysql or mariadb. The module opens a DataSource of its own
 * with them, so that a full pool of the application cannot stop the renewal of leases; entities, migrations, names of tables
 * and subscribers are the module's, whatever is given here. The hubs of one process in one SQLite file share a connection, which
 * has the options of the first of them.
 */
export type StorageOptions = Extract<DataSourceOptions, { type: 'better-sqlite3' | 'mysql' | 'mariadb' }>;

export type ServerOptions = Extract<StorageOptions, { type: 'mysql' | 'mariadb' }>;

/** What the module decides, whatever the application has set for its own entities. */
export const MODULE_OPTIONS = {
  entities: durableSchemas,
  subscribers: [],
  migrations: durableMigrations,
  migrationsTableName: MIGRATIONS_TABLE,
  migrationsRun: false,
  synchronize: false,
  dropSchema: false,
  cache: false,
  entityPrefix: undefined,
  namingStrategy: undefined,
};
