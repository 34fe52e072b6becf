import type { Database as Connection } from 'better-sqlite3';
import { DataSource, type QueryRunner } from 'typeorm';
import { Database } from './database.js';
import type { Session } from './session.js';
import { sqliteDialect } from './dialect.js';
import { isBusy, mapError } from './error-mapping.js';
import { TransientStoreError } from './errors.js';
import { MODULE_OPTIONS, type StorageOptions } from './options.js';

/** A long busy time-out would block the event loop: the database is asked again instead. */
const BUSY_TIMEOUT = 20;
const MAX_TRIES = 200;

type SqliteOptions = Extract<StorageOptions, { type: 'better-sqlite3' }>;

/** SQLite in a file or in memory: one connection, whose users take turns. */
export class SqliteDatabase extends Database {
  readonly dialect = sqliteDialect;
  private turn: Promise<unknown> = Promise.resolve();
  private lockConnection: Connection | undefined;
  private readonly file: string;

  constructor(options: SqliteOptions) {
    super(
      new DataSource({
        ...options,
        ...MODULE_OPTIONS,
        timeout: BUSY_TIMEOUT,
        prepareDatabase: async (connection) => {
          connection.pragma('journal_mode = WAL');
          connection.pragma('synchronous = FULL');
          await options.prepareDatabase?.(connection);
        },
      }),
    );
    this.file = options.database;
  }

  async open(): Promise<void> {
    try {
      await this.whenNotBusy(async () => {
        if (!this.source.isInitialized) await this.source.initialize();
      });
    } catch (error) {
      const mapped = mapError(error);
      if (!(mapped instanceof TransientStoreError)) throw error;
      throw new TransientStoreError(`The SQLite file '${this.file}' cannot be opened: ${mapped.message}. Is its folder there and writable?`, { cause: error });
    }
  }

  override async close(): Promise<void> {
    await this.turn;
    await super.close();
    // Last: whoever gets the lock finds everything written.
    this.unlockWorker();
  }

  migrate<T>(work: (session: Session) => Promise<T>): Promise<T> {
    // The migrations run on the one connection that there is, inside this transaction.
    return this.transaction(async (session) => {
      await this.source.runMigrations({ transaction: 'none' });
      return work(session);
    });
  }

  /**
   * Becomes the only worker process of this file: an exclusive transaction on a second, empty database, which the operating
   * system ends when the process dies, however it dies.
   */
  async tryLockWorker(): Promise<boolean> {
    if (this.lockConnection || this.isInMemory) return true;
    const { default: BetterSqlite3 } = await import('better-sqlite3');
    const connection = new BetterSqlite3(`${this.file}.worker-lock`, { timeout: 0 });
    try {
      connection.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      connection.close();
      if (isBusy(error)) return false;
      throw error;
    }
    this.lockConnection = connection;
    return true;
  }

  unlockWorker(): void {
    this.lockConnection?.close();
    this.lockConnection = undefined;
  }

  private get isInMemory(): boolean {
    return this.file === ':memory:' || this.file === '';
  }

  protected withConnection<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const turn = this.turn.then(() => this.whenNotBusy(() => work(this.source.createQueryRunner())));
    this.turn = turn.catch(() => undefined);
    return turn;
  }

  protected isOutcomeUnknown(): boolean {
    return false;
  }

  /** Another process writes: asks again, without blocking the event loop. */
  private async whenNotBusy<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isBusy(error) || tries === MAX_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * Math.min(tries * 2, 50)));
      }
    }
  }
}
