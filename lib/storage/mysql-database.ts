import { DataSource, type DataSourceOptions, type QueryRunner } from 'typeorm';
import { Database } from './database.js';
import { galeraDialect, mariadbDialect, mysqlDialect, type Dialect } from './dialect.js';
import { isRolledBack, mapError } from './error-mapping.js';
import { TransientStoreError } from './errors.js';
import { addressOf } from './connection-address.js';
import { OpenConnections, type StreamFactory } from './open-connections.js';
import { MODULE_OPTIONS, type ServerOptions } from './options.js';
import { untilAlone, whileLocked } from './server/migration-lock.js';
import { testServer } from './server/self-test.js';
import { askServer, type Server } from './server/server.js';
import { IDLE_CONNECTION, sessionSettings } from './server/session-settings.js';
import type { Session } from './session.js';
import { STATEMENT_LIMIT, StatementLimit } from './statement-limit.js';

/** Connections: the engine's commits, reads, the client's commits, and what renews the leases. */
const POOL_SIZE = 6;
/** Fewer, and one of these could keep the others from a connection. */
const MIN_POOL_SIZE = 4;
/** How long a connection waits in the pool for its next use, ms: the server closes what waits longer, just when it is used perhaps. */
const IDLE_IN_POOL = (IDLE_CONNECTION / 2) * 1_000;
/** How long what is under way may hold up the end of the pool, and a server the end of its connections, ms. */
const CLOSE_TIMEOUT = 2_000;

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
  /** Known for certain once it is open. */
  dialect: Dialect = mysqlDialect;
  private opened: DataSource | undefined;
  private server: Server | undefined;
  private readonly limit: StatementLimit;
  private connections = new OpenConnections();

  /**
   * @param options or who knows them when it is opened
   * @param statementLimit ms after which a statement that goes unanswered fails
   */
  constructor(private readonly options: ServerOptions | (() => ServerOptions), statementLimit = STATEMENT_LIMIT) {
    super();
    this.limit = new StatementLimit(statementLimit);
  }

  get source(): DataSource {
    if (!this.opened) throw new Error('The database is not open.');
    return this.opened;
  }

  override get title(): string | undefined {
    return this.server?.title;
  }

  /** @throws Error for options that name several servers: a partition's traffic goes through one */
  async open(): Promise<void> {
    if (this.opened?.isInitialized) return;
    const options = typeof this.options === 'function' ? this.options() : this.options;
    if (options.replication) throw new Error("The setting 'storage.replication' cannot be used: name the primary server by host and port, or url.");
    this.connections = new OpenConnections((options.extra as { stream?: StreamFactory } | undefined)?.stream);
    this.opened = newSource(options, this.connections.open);
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
    if (!this.opened?.isInitialized) return;
    await this.limit.settle(CLOSE_TIMEOUT);
    // What still waits on a connection that breaks meanwhile is of no interest any more.
    const destroyed = this.opened.destroy().catch(() => undefined);
    await this.connections.ended(CLOSE_TIMEOUT);
    await destroyed;
  }

  migrate<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const { title, galera } = this.server!;
    const migrate = async () => {
      await this.source.runMigrations({ transaction: 'none' });
      await this.read((session) => testServer(session, title, (work) => this.transaction(work)));
      return this.transaction(work);
    };
    // A lock of that kind is local to a node, and some clusters refuse it.
    if (galera) return untilAlone(migrate);
    return this.withRunner((guard) => whileLocked(guard, `durable:${String(this.source.driver.database)}`, migrate));
  }

  protected async withConnection<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    try {
      return await this.limit.guard(runner, work);
    } finally {
      await runner.release();
    }
  }

  /** Nobody may use the connection again: BEGIN would commit what is left. */
  protected override async discard(runner: QueryRunner): Promise<void> {
    ((await runner.connect()) as PooledConnection).destroy();
  }

  protected isOutcomeUnknown(error: unknown): boolean {
    return !isRolledBack(error);
  }

  private async prepareServer(): Promise<void> {
    this.server = await askServer((sql) => this.source.query(sql));
    this.maxStatementBytes = this.server.maxStatementBytes;
    this.dialect = dialectOf(this.server);
    await this.prepareConnections(sessionSettings(this.server));
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

function dialectOf({ kind, galera }: Server): Dialect {
  if (galera) return galeraDialect;
  return kind === 'mariadb' ? mariadbDialect : mysqlDialect;
}

function newSource(options: ServerOptions, stream: StreamFactory): DataSource {
  const poolSize = Math.max(options.poolSize ?? POOL_SIZE, MIN_POOL_SIZE);
  return new DataSource({
    ...options,
    connectorPackage: 'mysql2',
    ...MODULE_OPTIONS,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: false,
    poolSize,
    // The driver ends idle connections only where not all of a pool may be idle.
    extra: { maxIdle: poolSize - 1, idleTimeout: IDLE_IN_POOL, ...(options.extra as object | undefined), stream, multipleStatements: true },
  } as ServerOptions);
}

/** Where the database is, without its password. */
function titleOf(options: DataSourceOptions): string {
  return `the database ${addressOf(options) ?? 'of the given options'}`;
}
