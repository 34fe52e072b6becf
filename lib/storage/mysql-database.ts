import { DataSource, type DataSourceOptions, type QueryRunner } from 'typeorm';
import { Database } from './database.js';
import { mysqlDialect } from './dialect.js';
import { isRolledBack, mapError } from './error-mapping.js';
import { TransientStoreError } from './errors.js';
import { addressOf } from './connection-address.js';
import { MODULE_OPTIONS, type ServerOptions } from './options.js';
import { checkServer, sessionSettings } from './server-check.js';
import type { Session } from './session.js';

/** Connections: the engine's commits, reads, the client's commits, and what renews the leases. */
const POOL_SIZE = 6;
/** Fewer, and one of these could keep the others from a connection. */
const MIN_POOL_SIZE = 4;
/** Seconds for which a start waits for another process's migration. */
const MIGRATION_WAIT = 120;

/** What this module uses of a connection of mysql2. */
interface PooledConnection {
  query(sql: string, done: (error: Error | null) => void): void;
  destroy(): void;
}

interface Pool {
  on(event: 'connection', listener: (connection: PooledConnection) => void): void;
}

/** MySQL or MariaDB through mysql2, with a pool of its own. */
export class MysqlDatabase extends Database {
  readonly dialect = mysqlDialect;
  private opened: DataSource | undefined;

  /** @param options or who knows them when it is opened */
  constructor(private readonly options: ServerOptions | (() => ServerOptions)) {
    super();
  }

  get source(): DataSource {
    if (!this.opened) throw new Error('The database is not open.');
    return this.opened;
  }

  /** @throws Error for options that name several servers: a partition's traffic goes through one */
  async open(): Promise<void> {
    if (this.opened?.isInitialized) return;
    const options = typeof this.options === 'function' ? this.options() : this.options;
    if (options.replication) throw new Error("The setting 'storage.replication' cannot be used: name the primary server by host and port, or url.");
    this.opened = newSource(options);
    try {
      await this.opened.initialize();
      await this.prepareServer();
    } catch (error) {
      await this.close();
      const mapped = mapError(error);
      if (mapped instanceof TransientStoreError) throw new TransientStoreError(`Cannot reach ${titleOf(options)}: ${mapped.message}`, { cause: error });
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.opened?.isInitialized) await this.opened.destroy();
  }

  migrate<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.withRunner(async (guard) => {
      const name = `durable:${String(this.source.driver.database)}`.slice(0, 64);
      const [row] = await guard.rows<{ locked: number | string | null }>('SELECT GET_LOCK(?, ?) AS locked', [name, MIGRATION_WAIT]);
      if (Number(row?.locked) !== 1) throw new TransientStoreError(`Another process has been migrating ${titleOf(this.source.options)} for ${MIGRATION_WAIT} s.`);
      try {
        await this.source.runMigrations({ transaction: 'none' });
        return await this.transaction(work);
      } finally {
        // The end of the connection releases it too.
        await guard.rows('SELECT RELEASE_LOCK(?)', [name]).catch(() => undefined);
      }
    });
  }

  protected async withConnection<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    try {
      return await work(runner);
    } finally {
      await runner.release();
    }
  }

  protected isOutcomeUnknown(error: unknown): boolean {
    return !isRolledBack(error);
  }

  private async prepareServer(): Promise<void> {
    const [row] = await this.source.query<{ version: string; packet: number | string }[]>('SELECT VERSION() AS version, @@max_allowed_packet AS packet');
    this.maxStatementBytes = Number(row!.packet);
    await this.prepareConnections(sessionSettings(checkServer(row!.version)));
  }

  /** Sets each connection up once, when the pool makes it, so that transactions need no further round trips. */
  private async prepareConnections(statements: readonly string[]): Promise<void> {
    const prepare = (connection: PooledConnection) => {
      for (const statement of statements) {
        connection.query(statement, (error) => {
          if (error) connection.destroy();
        });
      }
    };
    const { pool } = this.source.driver as unknown as { pool: Pool };
    pool.on('connection', prepare);
    // The pool has made one connection before it could be listened to, and hands it out again.
    await this.withConnection(async (runner) => prepare((await runner.connect()) as PooledConnection));
  }
}

function newSource(options: ServerOptions): DataSource {
  return new DataSource({
    ...options,
    connectorPackage: 'mysql2',
    ...MODULE_OPTIONS,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: false,
    poolSize: Math.max(options.poolSize ?? POOL_SIZE, MIN_POOL_SIZE),
  } as ServerOptions);
}

/** Where the database is, without its password. */
function titleOf(options: DataSourceOptions): string {
  return `the database ${addressOf(options) ?? 'of the given options'}`;
}
