/** What the module needs of a MySQL or MariaDB server, and how it sets up its sessions. */
const MINIMUM = { mariadb: [10, 6, 0], mysql: [8, 0, 17] } as const;

export type ServerKind = keyof typeof MINIMUM;

/** Seconds for which a statement waits for a lock before its transaction is tried again. */
const LOCK_WAIT = 2;
/** Seconds for which a migration waits for a transaction that uses its table. Meanwhile all others wait behind it. */
const TABLE_LOCK_WAIT = 3;
/** Seconds after which the server ends a transaction whose process has stopped in the middle of it, and frees its locks. */
const IDLE_TRANSACTION = 10;

/** Refuses servers that are too old. */
export function checkServer(version: string): ServerKind {
  const kind = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  const numbers = (/(\d+)\.(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-/, '')) ?? []).slice(1).map(Number);
  const minimum = MINIMUM[kind];
  if (compare(numbers, minimum) < 0) {
    const name = kind === 'mariadb' ? 'MariaDB' : 'MySQL';
    throw new Error(`The database server is ${version}; nestjs-durable needs ${name} ${minimum.join('.')} or newer. Upgrade the server, or use SQLite (type 'better-sqlite3').`);
  }
  return kind;
}

/** Run once on each new connection. Only MariaDB can end idle transactions without ending idle connections. */
export function sessionSettings(kind: ServerKind): string[] {
  // Without padding and case folding: ids are equal when their bytes are.
  const collation = kind === 'mariadb' ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
  // The mode is set because the server's own may cut off what is too long, or read escaped text otherwise than the driver wrote it.
  const mode = "sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'";
  const idle = kind === 'mariadb' ? `, idle_transaction_timeout = ${IDLE_TRANSACTION}` : '';
  return [
    `SET NAMES utf8mb4 COLLATE ${collation}`,
    'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
    `SET SESSION ${mode}, time_zone = '+00:00', innodb_lock_wait_timeout = ${LOCK_WAIT}, lock_wait_timeout = ${TABLE_LOCK_WAIT}${idle}`,
  ];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < b.length; index += 1) {
    const difference = (a[index] ?? 0) - b[index]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
