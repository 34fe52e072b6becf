/** The storage layer: the port, its errors, and the adapter for the databases that TypeORM reaches. */
import { MysqlDatabase } from './mysql-database.js';
import type { StorageOptions } from './options.js';
import { SqliteDatabase } from './sqlite-database.js';
import type { DurableStore } from './store.js';
import { TypeOrmStore } from './typeorm-store.js';

export type { StorageOptions } from './options.js';
export type { DurableStore } from './store.js';

/** A store on a DataSource of its own. Connects when it is opened. */
export function createStore(options: StorageOptions): DurableStore {
  return new TypeOrmStore(options.type === 'better-sqlite3' ? new SqliteDatabase(options) : new MysqlDatabase(options));
}
