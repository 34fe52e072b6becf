import type { DataSourceOptions } from 'typeorm';

/**
 * Where a hub's state lives: TypeORM's options for better-sqlite3, mysql or mariadb. The module opens a DataSource of its own
 * with them, so that a full pool of the application cannot stop the renewal of leases; entities, migrations and subscribers
 * are the module's, whatever is given here.
 */
export type StorageOptions = Extract<DataSourceOptions, { type: 'better-sqlite3' | 'mysql' | 'mariadb' }>;
