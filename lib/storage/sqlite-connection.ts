import { resolve } from 'node:path';
import { DataSource, type QueryRunner } from 'typeorm';
import { isBusy } from './error-mapping.js';
import { MODULE_OPTIONS, type StorageOptions } from './options.js';

export type SqliteOptions = Extract<StorageOptions, { type: 'better-sqlite3' }>;

/** A long busy time-out would block the event loop: the database is asked again instead. */
const BUSY_TIMEOUT = 20;
const MAX_TRIES = 200;

/** The connections of this process, by file. */
const SHARED = new Map<string, SqliteConnection>();

/**
 * The connection of this process to a SQLite file, whose users take turns. All task hubs of the process in that file share
 * it, opened with the options of the first: connections of their own would keep each other waiting for the file's lock, which
 * nobody is told of when it is free. A database in memory belongs to one hub.
 */
export class SqliteConnection {
  readonly source: DataSource;
  private users = 0;
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(options: SqliteOptions, private readonly file: string | undefined) {
    this.source = new DataSource({
      ...options,
      ...MODULE_OPTIONS,
      timeout: BUSY_TIMEOUT,
      prepareDatabase: async (connection) => {
        connection.pragma('journal_mode = WAL');
        connection.pragma('synchronous = FULL');
        await options.prepareDatabase?.(connection);
      },
    });
  }

  /** To be given back with {@link giveBack}, once. */
  static borrow(options: SqliteOptions): SqliteConnection {
    const file = isInMemory(options.database) ? undefined : resolve(options.database);
    const connection = (file !== undefined && SHARED.get(file)) || new SqliteConnection(options, file);
    if (file !== undefined) SHARED.set(file, connection);
    connection.users += 1;
    return connection;
  }

  /** After the turns that have been asked for; the last user closes the connection. */
  async giveBack(): Promise<void> {
    await this.turn;
    this.users -= 1;
    if (this.users > 0) return;
    if (this.file !== undefined) SHARED.delete(this.file);
    if (this.source.isInitialized) await this.source.destroy();
  }

  open(): Promise<void> {
    return this.inTurn(async () => {
      if (!this.source.isInitialized) await this.source.initialize();
    });
  }

  use<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.inTurn(() => work(this.source.createQueryRunner()));
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.turn.then(() => whenNotBusy(work));
    this.turn = turn.catch(() => undefined);
    return turn;
  }
}

export function isInMemory(database: string): boolean {
  return database === ':memory:' || database === '';
}

/** Another process writes: asks again, without blocking the event loop. */
async function whenNotBusy<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || tries === MAX_TRIES) throw error;
      await new Promise((wake) => setTimeout(wake, 1 + Math.random() * Math.min(tries * 2, 50)));
    }
  }
}
