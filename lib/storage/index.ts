/** The storage layer: the port, its errors, and the adapter for the databases that TypeORM reaches. */
import { MysqlDatabase } from './mysql-database.js';
import type { ServerOptions, StorageOptions } from './options.js';
import { SqliteDatabase } from './sqlite-database.js';
import type { DurableStore } from './store.js';
import { TypeOrmStore } from './typeorm-store.js';

export { addressOf } from './connection-address.js';
export type { ServerOptions, StorageOptions } from './options.js';
export type { DurableStore } from './store.js';

/**
 * A store on a DataSource of its own. Connects when it is opened.
 * @param options or, for a server, who knows them by then
 */
export function createStore(options: StorageOptions | (() => ServerOptions)): DurableStore {
  if (typeof options === 'function' || options.type !== 'better-sqlite3') return new TypeOrmStore(new MysqlDatabase(options));
  return new TypeOrmStore(new SqliteDatabase(options));
}
