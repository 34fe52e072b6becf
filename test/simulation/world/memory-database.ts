import BetterSqlite3 from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { MODULE_OPTIONS } from '../../../lib/storage/options.js';
import type { AuditEntry } from '../contract.js';
import { auditTriggers, AUDIT_TABLE, toEntry, type AuditRow } from './audit.js';

/** Of the database that all processes share. */
export interface DatabaseClock {
  /** Epoch ms, as the database says it. */
  databaseTime(): number;
  /** Virtual ms. */
  readonly now: number;
}

let empty: Buffer | undefined;

/** The database in memory that all processes of a run share, with the module's own tables, and a note of each change. */
export class MemoryDatabase {
  /** Counts transactions, and statements outside of any. */
  transaction = 0;

  private constructor(readonly source: DataSource, private readonly connection: BetterSqlite3.Database) {}

  static async open(clock: DatabaseClock): Promise<MemoryDatabase> {
    empty ??= await migrated();
    const connection = new BetterSqlite3(empty);
    const source = await sourceOf(connection);
    const database = new MemoryDatabase(source, connection);
    // The dialect asks for it in seconds; within a statement the time stands still.
    connection.function('unixepoch', { varargs: true, deterministic: true }, () => clock.databaseTime() / 1000);
    connection.function('audit_at', () => clock.now);
    connection.function('audit_transaction', () => database.transaction);
    cacheStatements(connection);
    return database;
  }

  get isInTransaction(): boolean {
    return this.connection.inTransaction;
  }

  rows<Row>(sql: string, ...values: unknown[]): Row[] {
    return this.connection.prepare(sql).all(...values) as Row[];
  }

  audit(): AuditEntry[] {
    return this.rows<AuditRow>(`SELECT * FROM ${AUDIT_TABLE} ORDER BY entry`).map(toEntry);
  }

  close(): void {
    this.connection.close();
  }
}

/** TypeORM on a connection that is open already. */
async function sourceOf(connection: BetterSqlite3.Database): Promise<DataSource> {
  const driver = function open() {
    return connection;
  };
  return new DataSource({ type: 'better-sqlite3', database: ':memory:', driver, ...MODULE_OPTIONS }).initialize();
}

/** The tables with their triggers; made once, as migrations take longer than a run. */
async function migrated(): Promise<Buffer> {
  const connection = new BetterSqlite3(':memory:');
  const source = await sourceOf(connection);
  await source.runMigrations();
  const tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'durable!_%' ESCAPE '!'").pluck().all() as string[];
  for (const table of tables) connection.exec(auditTriggers(table, connection.pragma(`table_info(${table})`) as { name: string }[]));
  const image = connection.serialize();
  await source.destroy();
  return image;
}

/** TypeORM prepares anew with each of its query runners, of which the store makes one for each call. */
function cacheStatements(connection: BetterSqlite3.Database): void {
  const known = new Map<string, BetterSqlite3.Statement>();
  const prepare = connection.prepare.bind(connection);
  connection.prepare = ((sql: string) => {
    let statement = known.get(sql);
    if (!statement) known.set(sql, (statement = prepare(sql)));
    return statement;
  }) as typeof connection.prepare;
}
