import type { DataSource, QueryRunner } from 'typeorm';
import { Database } from './database.js';
import type { Session } from './session.js';
import { sqliteDialect } from './dialect.js';
import { mapError } from './error-mapping.js';
import { TransientStoreError } from './errors.js';
import { isInMemory, SqliteConnection, type SqliteOptions } from './sqlite-connection.js';
import { SqliteWorkerLock } from './sqlite-worker-lock.js';

/** SQLite in a file or in memory, through the connection that all hubs of this process share. */
export class SqliteDatabase extends Database {
  readonly dialect = sqliteDialect;
  private connection: SqliteConnection | undefined;
  private readonly file: string;
  private readonly lock: SqliteWorkerLock;

  constructor(private readonly options: SqliteOptions) {
    super();
    this.file = options.database;
    this.lock = new SqliteWorkerLock(this.file);
  }

  get source(): DataSource {
    return this.openConnection().source;
  }

  async open(): Promise<void> {
    this.connection ??= SqliteConnection.borrow(this.options);
    try {
      await this.connection.open();
    } catch (error) {
      const mapped = mapError(error);
      if (!(mapped instanceof TransientStoreError)) throw error;
      throw new TransientStoreError(`The SQLite file '${this.file}' cannot be opened: ${mapped.message}. Is its folder there and writable?`, { cause: error });
    }
  }

  async close(): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    await connection?.giveBack();
    // Last: whoever gets the lock finds everything written.
    this.lock.release();
  }

  migrate<T>(work: (session: Session) => Promise<T>): Promise<T> {
    // The migrations run on the one connection that there is, inside this transaction.
    return this.transaction(async (session) => {
      await this.source.runMigrations({ transaction: 'none' });
      return work(session);
    });
  }

  /** Becomes the only process that works on this hub of the file. */
  async tryLockWorker(hub: number): Promise<boolean> {
    return isInMemory(this.file) || (await this.lock.tryTake(hub));
  }

  unlockWorker(): void {
    this.lock.release();
  }

  protected async withConnection<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.openConnection().use(work);
  }

  protected isOutcomeUnknown(): boolean {
    return false;
  }

  private openConnection(): SqliteConnection {
    if (!this.connection) throw new Error(`The SQLite file '${this.file}' is not open.`);
    return this.connection;
  }
}
