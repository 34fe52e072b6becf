/** Everything in which the databases differ, in one place. Statements are shared; what cannot be shared is asked for here. */
export type Value = string | number | null;

export interface Dialect {
  readonly name: 'sqlite' | 'mysql';
  readonly begin: string;
  /** The database's time as epoch ms. */
  readonly now: string;
  /** Locks the rows of a SELECT until the transaction ends. */
  readonly forUpdate: string;
  /** Like {@link forUpdate}, leaving out what others have locked. */
  readonly forUpdateSkipLocked: string;
  /** `(a, b) IN (…)` over `count` tuples. */
  tuplesIn(columns: readonly string[], count: number): string;
  /**
   * One UPDATE of many rows: every row's values are given in the order of `columns`, of which the first `matched` must be
   * equal in the table, and the rest are set by `set` (as `v.column`).
   */
  updateMany(update: ManyUpdate): string;
  /** The text at a key of a JSON object. */
  jsonText(column: string): string;
}

export interface ManyUpdate {
  readonly table: string;
  /** Names of the values of one row. */
  readonly columns: readonly string[];
  /** `table column = v.value`, all of which must hold. */
  readonly where: readonly string[];
  /** `column = expression of t and v`. */
  readonly set: readonly string[];
  readonly count: number;
}

const placeholders = (count: number) => Array(count).fill('?').join(', ');
const repeat = (text: string, count: number, separator = ', ') => Array(count).fill(text).join(separator);

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  begin: 'BEGIN IMMEDIATE',
  now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
  forUpdate: '',
  forUpdateSkipLocked: '',
  tuplesIn: (columns, count) => `(${columns.join(', ')}) IN (VALUES ${repeat(`(${placeholders(columns.length)})`, count)})`,
  updateMany: ({ table, columns, where, set, count }) =>
    `WITH v(${columns.join(', ')}) AS (VALUES ${repeat(`(${placeholders(columns.length)})`, count)}) ` +
    `UPDATE ${table} AS t SET ${set.join(', ')} FROM v WHERE ${where.join(' AND ')}`,
  jsonText: (column) => `json_extract(${column}, ?)`,
};

export const mysqlDialect: Dialect = {
  name: 'mysql',
  begin: 'START TRANSACTION',
  now: 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)',
  forUpdate: ' FOR UPDATE',
  forUpdateSkipLocked: ' FOR UPDATE SKIP LOCKED',
  // MariaDB scans the whole table for a list of one tuple.
  tuplesIn: (columns, count) =>
    count === 1 ? columns.map((column) => `${column} = ?`).join(' AND ') : `(${columns.join(', ')}) IN (${repeat(`(${placeholders(columns.length)})`, count)})`,
  // STRAIGHT_JOIN: the values first, then the table by its primary key, in the order of the values.
  updateMany: ({ table, columns, where, set, count }) => {
    const first = `SELECT ${columns.map((column) => `? AS ${column}`).join(', ')}`;
    const rest = repeat(`UNION ALL SELECT ${placeholders(columns.length)}`, count - 1, ' ');
    return `UPDATE (${first} ${rest}) AS v STRAIGHT_JOIN ${table} AS t ON ${where.join(' AND ')} SET ${set.map((each) => `t.${each}`).join(', ')}`;
  },
  jsonText: (column) => `JSON_UNQUOTE(JSON_EXTRACT(${column}, ?))`,
};
