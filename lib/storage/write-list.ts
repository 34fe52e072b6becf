import type { Dialect, ManyUpdate, Statement, Value } from './dialect.js';

/** Tuples of one statement at most: beyond a few hundred, servers plan badly or refuse. */
const MAX_TUPLES = 500;
/** Text of a statement besides its values, bytes at most. */
const STATEMENT_TEXT = 64 * 1024;
// oxlint-disable-next-line no-control-regex -- the driver escapes some control characters, with one more byte for each
const ESCAPED = /[\0\b\t\n\r\x1a"'\\]/g;

/** The error that another number of matching rows means. */
type Mismatch = (matched: number, expected: number) => Error;

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
  insert(table: string, columns: readonly string[], rows: readonly (readonly Value[])[]): void {
    const row = `(${columns.map(() => '?').join(', ')})`;
    this.add(rows, (chunk) => ({ sql: `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${Array(chunk.length).fill(row).join(', ')}`, values: chunk.flat() }));
  }

  /** Deletes by key. @param mismatch given: each of the rows must be there */
  deleteMany(table: string, columns: readonly string[], keys: readonly (readonly Value[])[], mismatch?: Mismatch): void {
    this.add(keys, (chunk) => ({ sql: this.dialect.deleteByKeys({ table, columns, count: chunk.length }), values: chunk.flat() }), mismatch);
  }

  /** Updates many rows, each with values of its own. @param mismatch given: each of them must match */
  updateMany(update: ManyUpdate, rows: readonly (readonly Value[])[], mismatch?: Mismatch): void {
    this.add(rows, (chunk) => this.dialect.updateMany(update, chunk), mismatch);
  }

  /** One statement of its own kind. @param mismatch given: it must match one row */
  write(sql: string, values: readonly Value[], mismatch?: Mismatch): void {
    this.writes.push({ sql, values, bytes: sizeOf(values), ...(mismatch && { expected: 1, mismatch }) });
  }

  private add(rows: readonly (readonly Value[])[], statement: (chunk: readonly (readonly Value[])[]) => Statement, mismatch?: Mismatch): void {
    for (const { chunk, bytes } of chunksOf(rows, this.maxStatementBytes)) {
      this.writes.push({ ...statement(chunk), bytes, ...(mismatch && { expected: chunk.length, mismatch }) });
    }
  }
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
