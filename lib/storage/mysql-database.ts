import { DataSource, type QueryRunner } from 'typeorm';
import { Database } from './database.js';
import { mysqlDialect } from './dialect.js';
import { durableEntities } from './entities.js';
import { driverError, isConnectionError, mapError } from './error-mapping.js';
import { TransientStoreError } from './errors.js';
import { durableMigrations, MIGRATIONS_TABLE } from './migrations/index.js';
import type { StorageOptions } from './options.js';
import { checkServer } from './server-check.js';

type MysqlOptions = Extract<StorageOptions, { type: 'mysql' | 'mariadb' }>;

/** Connections: the engine's commits, reads, the client's commits, and what renews the leases. */
const POOL_SIZE = 6;
/** Seconds for which a statement waits for a lock before its transaction is tried again. */
const LOCK_WAIT = 2;
/** Seconds for which a start waits for another process's migration. */
const MIGRATION_WAIT = 120;

interface PooledConnection {
  query(sql: string): void;
}

/** MySQL or MariaDB through mysql2, with a pool of its own. */
export class MysqlDatabase extends Database {
  readonly dialect = mysqlDialect;
  private collation = '';

  constructor(private readonly options: MysqlOptions) {
    super(
      new DataSource({
        ...options,
        connectorPackage: 'mysql2',
        entities: durableEntities,
        migrations: durableMigrations,
        migrationsTableName: MIGRATIONS_TABLE,
        synchronize: false,
        migrationsRun: false,
        charset: 'utf8mb4',
        supportBigNumbers: true,
        bigNumberStrings: false,
        poolSize: options.poolSize ?? POOL_SIZE,
      } as MysqlOptions),
    );
  }

  async open(): Promise<void> {
    try {
      if (!this.source.isInitialized) await this.source.initialize();
      await this.prepareServer();
    } catch (error) {
      const mapped = mapError(error);
      if (mapped instanceof TransientStoreError) throw new TransientStoreError(`${this.title} cannot be reached: ${mapped.message}`, { cause: error });
      throw error;
    }
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.withConnection(async (runner) => {
      const name = `durable:${String(this.source.options.database)}`.slice(0, 64);
      const [row] = (await runner.query('SELECT GET_LOCK(?, ?) AS locked', [name, MIGRATION_WAIT])) as { locked: number | string | null }[];
      if (Number(row?.locked) !== 1) throw new TransientStoreError(`Another process has been migrating ${this.title} for ${MIGRATION_WAIT} s.`);
      try {
        return await work();
      } finally {
        await runner.query('SELECT RELEASE_LOCK(?)', [name]);
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
    const { errno = 0 } = driverError(error);
    return isConnectionError(error) || errno === 1053 || errno === 1927 || errno === 1180;
  }

  /** Where the database is, without its password. */
  private get title(): string {
    const { url, host = 'localhost', port = 3306, database } = this.options as { url?: string; host?: string; port?: number; database?: string };
    if (!url) return `The database ${host}:${port}/${database ?? ''}`;
    const parsed = new URL(url);
    return `The database ${parsed.host}${parsed.pathname}`;
  }

  private async prepareServer(): Promise<void> {
    const [row] = (await this.source.query('SELECT VERSION() AS version, @@max_allowed_packet AS packet')) as { version: string; packet: number | string }[];
    this.collation = checkServer(row!.version).collation;
    this.maxStatementBytes = Number(row!.packet);
    this.prepareConnections();
  }

  /** Sets each connection up once, when the pool makes it, so that transactions need no further round trips. */
  private prepareConnections(): void {
    const { pool } = this.source.driver as unknown as { pool: { on(event: 'connection', listener: (connection: PooledConnection) => void): void } };
    const prepare = (connection: PooledConnection) => {
      connection.query(`SET NAMES utf8mb4 COLLATE ${this.collation}`);
      connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      connection.query(`SET SESSION innodb_lock_wait_timeout = ${LOCK_WAIT}, time_zone = '+00:00'`);
    };
    pool.on('connection', prepare);
    for (const connection of pooledConnections(pool)) prepare(connection);
  }
}

/** Connections that the pool had made before it could be listened to. */
function pooledConnections(pool: object): PooledConnection[] {
  const { _allConnections: all } = pool as { _allConnections?: { toArray?(): PooledConnection[] } };
  return all?.toArray?.() ?? [];
}
