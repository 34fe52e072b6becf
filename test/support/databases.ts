import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';

const KINDS = ['sqlite', 'mysql'] as const;

export type DatabaseKind = (typeof KINDS)[number];

/**
 * The databases that every contract and e2e suite runs on: `describe.each(DATABASES)('… on %s', (kind) => …)`. All kinds, unless
 * DURABLE_TEST_DATABASES names one, as `npm run test:mysql` does.
 */
export const DATABASES: readonly DatabaseKind[] = KINDS.filter((kind) => (process.env.DURABLE_TEST_DATABASES ?? kind) === kind);

/** Of rows for `it.each` that begin with a database's kind, those whose database is tested. */
export function rowsOfDatabases<Row extends readonly [DatabaseKind, ...unknown[]]>(rows: readonly Row[]): Row[] {
  return rows.filter(([kind]) => DATABASES.includes(kind));
}

/** Connection options as TypeORM and `DurableModule.forRoot({ storage })` take them. */
export type TestStorage =
  | { type: 'better-sqlite3'; database: string }
  | { type: 'mysql'; host: string; port: number; username: string; password: string; database: string };

/** An empty database for one test or suite. */
export interface TestDatabase {
  readonly kind: DatabaseKind;
  readonly storage: TestStorage;
  /** Removes it (a SQLite file goes with the run's directory). Close what uses it first. */
  drop(): Promise<void>;
}

/** Makes an empty database: a file on SQLite, a schema on the server that jest's globalSetup provides. */
export async function createDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const name = `durable_test_${randomBytes(6).toString('hex')}`;
  return kind === 'sqlite' ? sqliteFile(name) : await mysqlSchema(name);
}

function sqliteFile(name: string): TestDatabase {
  const database = join(fromSetup('DURABLE_TEST_DIRECTORY'), `${name}.sqlite`);
  return { kind: 'sqlite', storage: { type: 'better-sqlite3', database }, drop: async () => {} };
}

async function mysqlSchema(name: string): Promise<TestDatabase> {
  const url = new URL(fromSetup('DURABLE_TEST_MYSQL_URL'));
  await onServer(`CREATE DATABASE ${name}`);
  return {
    kind: 'mysql',
    storage: {
      type: 'mysql',
      host: url.hostname,
      port: Number(url.port || 3306),
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: name,
    },
    drop: () => onServer(`DROP DATABASE IF EXISTS ${name}`),
  };
}

async function onServer(statement: string): Promise<void> {
  const connection = await createConnection(fromSetup('DURABLE_TEST_MYSQL_URL'));
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}

function fromSetup(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: jest's globalSetup (test/support/global-setup.js) sets it; run jest with the project's jest.config.js`);
  return value;
}
