/** Everything in which the databases differ, in one place. Statements are shared; what cannot be shared is asked for here. */
import { commitByStatements, commitOfMariadb, type CommitText } from './server/commit-text.js';
import type { Write } from './write-list.js';

export type Value = string | number | null;

export interface Dialect {
  readonly name: 'sqlite' | 'mysql';
  readonly begin: string;
  /** How the end of a transaction goes together with its last writes. Absent: statements are sent one at a time. */
  readonly commitText?: ((writes: readonly Write[]) => CommitText) | undefined;
  /** The database's time as epoch ms. */
  readonly now: string;
  /** Locks the rows of a SELECT until the transaction ends. */
  readonly forUpdate: string;
  /** Like {@link forUpdate}, leaving out what others have locked. */
  readonly forUpdateSkipLocked: string;
  /** `(a, b) IN (…)` over `count` tuples. For reads only: a server may prefer to scan a small table, and meet the locks of others. */
  tuplesIn(columns: readonly string[], count: number): string;
  /** Whether the pair of columns comes behind a pair of values, or else not; the first value is given twice. An index leads to it. */
  pairBehind(columns: readonly [string, string], isBehind: boolean): string;
  /** Behind a table in FROM: read it by this index. */
  useIndex(name: string): string;
  /** JOIN of tables that are read in the order in which they are named. */
  readonly joinInOrder: string;
  /** `count` rows of values, to SELECT from: the table is `v`. */
  valuesTable(columns: readonly string[], count: number): string;
  /** SELECT of the rows with these keys, the table being `t`: by their primary key, in the order of the keys. */
  selectByKeys(list: string, keys: ManyKeys): string;
  /** DELETE of the rows with these keys, by their primary key. */
  deleteByKeys(keys: ManyKeys): string;
  /** One UPDATE of `count` rows, each with values of its own: the table is `t`, a row's values are `v`. */
  updateMany(update: ManyUpdate, count: number): string;
}

export interface ManyKeys {
  readonly table: string;
  /** Of the key: the first columns of the primary key, then others if need be. */
  readonly columns: readonly string[];
  readonly count: number;
}

export interface ManyUpdate {
  readonly table: string;
  /** Names of the values of one row. */
  readonly columns: readonly string[];
  /** Conditions on `t` and `v`, all of which must hold. */
  readonly where: readonly string[];
  /** `column = expression of v`. */
  readonly set: readonly string[];
}

const placeholders = (count: number) => Array(count).fill('?').join(', ');
const repeat = (text: string, count: number, separator = ', ') => Array(count).fill(text).join(separator);

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  begin: 'BEGIN IMMEDIATE',
  now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
  forUpdate: '',
  forUpdateSkipLocked: '',
  tuplesIn: tuplesInList('VALUES '),
  pairBehind: ([a, b], isBehind) => (isBehind ? `${a} >= ? AND (${a}, ${b}) > (?, ?)` : `${a} <= ? AND (${a}, ${b}) <= (?, ?)`),
  useIndex: (name) => `INDEXED BY ${name}`,
  joinInOrder: 'CROSS JOIN',
  valuesTable: (columns, count) =>
    `(SELECT ${columns.map((column, index) => `column${index + 1} AS ${column}`).join(', ')} ` +
    `FROM (VALUES ${repeat(`(${placeholders(columns.length)})`, count)})) AS v`,
  selectByKeys: (list, { table, columns, count }) => `SELECT ${list} FROM ${table} AS t WHERE ${sqliteDialect.tuplesIn(columns, count)}`,
  deleteByKeys: ({ table, columns, count }) => `DELETE FROM ${table} WHERE ${sqliteDialect.tuplesIn(columns, count)}`,
  updateMany: ({ table, columns, where, set }, count) =>
    `WITH v(${columns.join(', ')}) AS (VALUES ${repeat(`(${placeholders(columns.length)})`, count)}) ` +
    `UPDATE ${table} AS t SET ${set.join(', ')} FROM v WHERE ${where.join(' AND ')}`,
};

export const mysqlDialect: Dialect = {
  name: 'mysql',
  begin: 'START TRANSACTION',
  commitText: () => commitByStatements,
  now: 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)',
  forUpdate: ' FOR UPDATE',
  forUpdateSkipLocked: ' FOR UPDATE SKIP LOCKED',
  tuplesIn: tuplesInList(''),
  pairBehind: ([a, b], isBehind) => (isBehind ? `(${a} > ? OR (${a} = ? AND ${b} > ?))` : `(${a} < ? OR (${a} = ? AND ${b} <= ?))`),
  useIndex: (name) => `FORCE INDEX (${name})`,
  joinInOrder: 'STRAIGHT_JOIN',
  valuesTable: derived,
  selectByKeys: (list, keys) => `SELECT ${list} FROM ${joinedKeys(keys)}`,
  deleteByKeys: (keys) => (keys.count === 1 ? `DELETE FROM ${keys.table} WHERE ${mysqlDialect.tuplesIn(keys.columns, 1)}` : `DELETE t FROM ${joinedKeys(keys)}`),
  updateMany: ({ table, columns, where, set }, count) =>
    `UPDATE ${derived(columns, count)} STRAIGHT_JOIN ${table} AS t ON ${where.join(' AND ')} SET ${set.map((each) => `t.${each}`).join(', ')}`,
};

export const mariadbDialect: Dialect = { ...mysqlDialect, commitText: commitOfMariadb };

/**
 * A node of a Galera cluster may roll a transaction back between two of its statements, because of what another node has committed.
 * In a text of several it tells nobody when that falls behind a SET: what follows is then carried out outside of the transaction.
 */
export const galeraDialect: Dialect = { ...mysqlDialect, commitText: undefined };

/**
 * The keys first, then the table by its primary key. Measured on MariaDB 10.11: with `IN`, a table that is not much larger than
 * the list is scanned as a whole, and the scan waits for the locks of other processes; the join costs about 1 µs a row more.
 */
function joinedKeys({ table, columns, count }: ManyKeys): string {
  const names = columns.map((_, index) => `k${index}`);
  return `${derived(names, count)} STRAIGHT_JOIN ${table} AS t ON ${columns.map((column, index) => `t.${column} = v.${names[index]}`).join(' AND ')}`;
}

/** A condition without a list for a single tuple: MariaDB scans the whole table for a list of one, and SQLite builds a table for it. */
function tuplesInList(before: string): Dialect['tuplesIn'] {
  return (columns, count) => {
    if (count === 1) return columns.map((column) => `${column} = ?`).join(' AND ');
    return `(${columns.join(', ')}) IN (${before}${repeat(`(${placeholders(columns.length)})`, count)})`;
  };
}

/** Rows of values as a table `v`. */
function derived(columns: readonly string[], count: number): string {
  const rest = repeat(` UNION ALL SELECT ${placeholders(columns.length)}`, count - 1, '');
  return `(SELECT ${columns.map((column) => `? AS ${column}`).join(', ')}${rest}) AS v`;
}
