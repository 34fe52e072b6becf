import type { QueryRunner } from 'typeorm';
import type { Dialect, ManyUpdate, Value } from './dialect.js';

/** Tuples of one statement at most: beyond a few hundred, servers plan badly or refuse. */
const MAX_TUPLES = 500;
/** Text of a statement besides its values, bytes at most. */
const STATEMENT_TEXT = 64 * 1024;
// oxlint-disable-next-line no-control-regex -- the driver escapes some control characters, with one more byte for each
const ESCAPED = /[\0\b\t\n\r\x1a"'\\]/g;

/** Statements on one connection, inside a transaction or alone. Rows come with lower-case column names. */
export class Session {
  constructor(readonly runner: QueryRunner, readonly dialect: Dialect, private readonly maxStatementBytes: number) {}

  async rows<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return (await this.runner.query(sql, values as Value[])) as Row[];
  }

  /** Runs a write; answers how many rows matched. */
  async write(sql: string, values: readonly Value[] = []): Promise<number> {
    return (await this.runner.query(sql, values as Value[], true)).affected ?? 0;
  }

  /** Inserts rows, in as many statements as their number and size ask for. */
  async insert(table: string, columns: readonly string[], rows: readonly (readonly Value[])[]): Promise<void> {
    const row = `(${columns.map(() => '?').join(', ')})`;
    for (const chunk of this.chunks(rows)) {
      await this.write(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ${chunk.map(() => row).join(', ')}`, chunk.flat());
    }
  }

  /** Deletes by key; answers how many rows there were. */
  async deleteMany(table: string, columns: readonly string[], keys: readonly (readonly Value[])[]): Promise<number> {
    let deleted = 0;
    for (const chunk of this.chunks(keys)) {
      deleted += await this.write(this.dialect.deleteByKeys({ table, columns, count: chunk.length }), chunk.flat());
    }
    return deleted;
  }

  /** Reads by key, in no order beyond what `suffix` asks of each statement; the table is `t`. */
  async selectMany<Row>(list: string, table: string, columns: readonly string[], keys: readonly (readonly Value[])[], suffix = ''): Promise<Row[]> {
    const found: Row[] = [];
    for (const chunk of this.chunks(keys)) {
      found.push(...(await this.rows<Row>(this.dialect.selectByKeys(list, { table, columns, count: chunk.length }) + suffix, chunk.flat())));
    }
    return found;
  }

  /** Updates many rows, each with values of its own; answers how many matched. */
  async updateMany(update: Omit<ManyUpdate, 'count'>, rows: readonly (readonly Value[])[]): Promise<number> {
    let matched = 0;
    for (const chunk of this.chunks(rows)) {
      matched += await this.write(this.dialect.updateMany({ ...update, count: chunk.length }), chunk.flat());
    }
    return matched;
  }

  /** Cuts rows into statements that stay below the server's limits. */
  *chunks<Row extends readonly Value[]>(rows: readonly Row[]): Generator<Row[]> {
    let chunk: Row[] = [];
    let bytes = 0;
    for (const row of rows) {
      const size = sizeOf(row);
      if (size > this.maxStatementBytes / 2) this.refuseTooLarge(row);
      if (chunk.length > 0 && (chunk.length >= MAX_TUPLES || bytes + size > this.maxStatementBytes / 2)) {
        yield chunk;
        chunk = [];
        bytes = 0;
      }
      chunk.push(row);
      bytes += size;
    }
    if (chunk.length > 0) yield chunk;
  }

  /** Before it is sent: the server answers by closing the connection, after which the same would be tried again for ever. */
  private refuseTooLarge(row: readonly Value[]): void {
    const bytes = escapedBytes(row);
    if (bytes < this.maxStatementBytes - STATEMENT_TEXT) return;
    throw new Error(
      `A row takes ${bytes} bytes in a statement (quotes and backslashes count twice), and the server allows ${this.maxStatementBytes}: ` +
        "raise its max_allowed_packet, or lower the module's maxPayloadBytes.",
    );
  }
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
