import type { Dialect, ManyUpdate, Value } from './dialect.js';

/** Tuples of one statement at most: beyond a few hundred, servers plan badly or refuse. */
const MAX_TUPLES = 500;
/** Text of a statement besides its values, bytes at most. */
const STATEMENT_TEXT = 64 * 1024;
// oxlint-disable-next-line no-control-regex -- the driver escapes some control characters, with one more byte for each
const ESCAPED = /[\0\b\t\n\r\x1a"'\\]/g;

/** The error that another number of matching rows means. */
type Mismatch = (matched: number, expected: number) => Error;

type Rows = readonly (readonly Value[])[];

interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** A statement that changes rows. */
export interface Write extends Statement {
  /** Bytes of its values, about. */
  readonly bytes: number;
  /** How many rows must match (I2, I4, I8); absent: any number will do. */
  readonly expected?: number;
  /** What another number means. */
  readonly mismatch?: Mismatch;
}

/**
 * Writes of one transaction in their order, before any of them is carried out. So they need not wait for each other's answers: a
 * server gets them together.
 */
export class WriteList {
  readonly writes: Write[] = [];

  constructor(private readonly dialect: Dialect, private readonly maxStatementBytes: number) {}

  /** Inserts rows, in as many statements as their number and size ask for. */
  insert(table: string, columns: readonly string[], rows: Rows): void {
    const row = `(${columns.map(() => '?').join(', ')})`;
    this.add(rows, inOneText((count) => `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${Array(count).fill(row).join(', ')}`));
  }

  /** Deletes by key. @param mismatch given: each of the rows must be there */
  deleteMany(table: string, columns: readonly string[], keys: Rows, mismatch?: Mismatch): void {
    this.add(keys, inOneText((count) => this.dialect.deleteByKeys({ table, columns, count })), mismatch);
  }

  /** Updates many rows, each with values of its own. @param mismatch given: each of them must match */
  updateMany(update: ManyUpdate, rows: Rows, mismatch?: Mismatch): void {
    const many = inOneText((count) => this.dialect.updateMany(update, count));
    this.add(rows, (chunk) => (chunk.length === 1 ? updateOne(update, chunk[0]!) : many(chunk)), mismatch);
  }

  /** One statement of its own kind. @param mismatch given: it must match one row */
  write(sql: string, values: readonly Value[], mismatch?: Mismatch): void {
    this.writes.push({ sql, values, bytes: sizeOf(values), ...(mismatch && { expected: 1, mismatch }) });
  }

  private add(rows: Rows, statement: (chunk: Rows) => Statement, mismatch?: Mismatch): void {
    for (const { chunk, bytes } of chunksOf(rows, this.maxStatementBytes)) {
      this.writes.push({ ...statement(chunk), bytes, ...(mismatch && { expected: chunk.length, mismatch }) });
    }
  }
}

/** A statement of so many rows, with their values. */
function inOneText(sql: (count: number) => string): (rows: Rows) => Statement {
  return (rows) => ({ sql: sql(rows.length), values: rows.flat() });
}

/**
 * An update of one row, without a table of values: on MariaDB 10.11 that table takes 250 of the 300 µs of an instance's update,
 * which is a third of a commit of one step.
 */
function updateOne({ table, columns, where, set }: ManyUpdate, row: readonly Value[]): Statement {
  const values: Value[] = [];
  const valueOf = (_: string, column: string): string => {
    values.push(row[columns.indexOf(column)]!);
    return '?';
  };
  return { sql: `UPDATE ${table} AS t SET ${set.join(', ')} WHERE ${where.join(' AND ')}`.replace(/\bv\.(\w+)/g, valueOf), values };
}

/** Cuts rows into statements that stay below the server's limits. */
export function* chunksOf<Row extends readonly Value[]>(rows: readonly Row[], maxStatementBytes: number): Generator<{ chunk: Row[]; bytes: number }> {
  let chunk: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = sizeOf(row);
    if (size > maxStatementBytes / 2) refuseTooLarge(row, maxStatementBytes);
    if (chunk.length > 0 && (chunk.length >= MAX_TUPLES || bytes + size > maxStatementBytes / 2)) {
      yield { chunk, bytes };
      chunk = [];
      bytes = 0;
    }
    chunk.push(row);
    bytes += size;
  }
  if (chunk.length > 0) yield { chunk, bytes };
}

/** Before it is sent: the server answers by closing the connection, after which the same would be tried again for ever. */
function refuseTooLarge(row: readonly Value[], maxStatementBytes: number): void {
  const bytes = escapedBytes(row);
  if (bytes < maxStatementBytes - STATEMENT_TEXT) return;
  throw new Error(
    `A row takes ${bytes} bytes in a statement (quotes and backslashes count twice), and the server allows ${maxStatementBytes}: ` +
      "raise its max_allowed_packet, or lower the module's maxPayloadBytes.",
  );
}

function escapedBytes(row: readonly Value[]): number {
  let bytes = 0;
  for (const value of row) if (typeof value === 'string') bytes += Buffer.byteLength(value.replace(ESCAPED, '\\$&'));
  return bytes;
}

function sizeOf(row: readonly Value[]): number {
  let size = 0;
  for (const value of row) size += typeof value === 'string' ? value.length * 2 + 2 : 16;
  return size;
}
