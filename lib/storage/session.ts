import type { EntitySchema, QueryRunner, Repository } from 'typeorm';
import type { Dialect, ManyUpdate, Value } from './dialect.js';
import type { CommitText, WriteAnswer } from './server/commit-text.js';
import { chunksOf, WriteList, type Write } from './write-list.js';

/** Statements on one connection, inside a transaction or alone. Rows come with lower-case column names. */
export class Session {
  /** Statements that go before the next one, in one text with it. */
  private first: readonly string[] = [];
  /** Writes that go together with COMMIT. */
  private readonly last: Write[] = [];
  private commitsNow = false;
  private endsByItself = false;

  constructor(private readonly runner: QueryRunner, readonly dialect: Dialect, private readonly maxStatementBytes: number) {}

  /** For reads outside of transactions. */
  repository<T extends object>(schema: EntitySchema<T>): Repository<T> {
    return this.runner.manager.getRepository(schema);
  }

  /** Begins a transaction: where statements can be sent together, with the first one in it. */
  async begin(): Promise<void> {
    if (this.dialect.commitText) this.first = [this.dialect.begin];
    else await this.runner.query(this.dialect.begin);
  }

  /**
   * The last writes of a transaction: they go together with its COMMIT, which is then the server's own decision, by the numbers
   * of rows that matched. So a process that is stopped holds no locks, and a transaction of nothing else is one round trip.
   */
  writeLast(list: WriteList): void {
    this.last.push(...list.writes);
  }

  /**
   * Carries out the last writes, and commits.
   * @throws the error of one of them that matched another number of rows than it must: nothing is written then
   */
  async commit(): Promise<void> {
    const packets = [...this.packets(this.last)];
    const final = packets.pop();
    for (const packet of packets) check(packet, await this.send(packet));
    if (final && this.dialect.commitText) return this.commitWith(final, this.dialect.commitText(final));
    if (final) check(final, await this.send(final));
    if (this.first.length > 0) return;
    this.commitsNow = true;
    await this.runner.query('COMMIT');
  }

  /** Whether COMMIT may have been carried out by a {@link commit} that failed. */
  async mayBeCommitted(): Promise<boolean> {
    if (!this.endsByItself) return this.commitsNow;
    try {
      const [row] = await this.rows<{ ending: string | null }>('SELECT @durable_end AS ending');
      // Nothing at all answers a session that never began this: a proxy has changed the server's connection.
      return row!.ending === null || row!.ending === 'COMMIT';
    } catch {
      return true;
    }
  }

  async rollback(): Promise<void> {
    await this.runner.query('ROLLBACK');
  }

  async rows<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    const [rows] = await this.sendTogether([sql], values);
    return rows as Row[];
  }

  /** Runs a write; answers how many rows matched. */
  async write(sql: string, values: readonly Value[] = []): Promise<number> {
    if (this.first.length === 0) return (await this.runner.query(sql, values as Value[], true)).affected ?? 0;
    const [answer] = await this.sendTogether([sql], values);
    return (answer as WriteAnswer).affectedRows;
  }

  /** A list for {@link perform}. */
  newList(): WriteList {
    return new WriteList(this.dialect, this.maxStatementBytes);
  }

  /**
   * Carries a list out; answers how many rows matched in all.
   * @throws the error of a write that matched another number of rows than it must
   */
  async perform({ writes }: WriteList): Promise<number> {
    let matched = 0;
    for (const packet of this.packets(writes)) matched += check(packet, await this.send(packet));
    return matched;
  }

  /** Inserts rows, in as many statements as their number and size ask for. */
  async insert(table: string, columns: readonly string[], rows: readonly (readonly Value[])[]): Promise<void> {
    const list = this.newList();
    list.insert(table, columns, rows);
    await this.perform(list);
  }

  /** Deletes by key; answers how many rows there were. */
  deleteMany(table: string, columns: readonly string[], keys: readonly (readonly Value[])[]): Promise<number> {
    const list = this.newList();
    list.deleteMany(table, columns, keys);
    return this.perform(list);
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
  updateMany(update: ManyUpdate, rows: readonly (readonly Value[])[]): Promise<number> {
    const list = this.newList();
    list.updateMany(update, rows);
    return this.perform(list);
  }

  /** What is sent together: on SQLite each write for itself. */
  private *packets(writes: readonly Write[]): Generator<Write[]> {
    let packet: Write[] = [];
    let bytes = 0;
    for (const write of writes) {
      const size = write.bytes + write.sql.length;
      if (packet.length > 0 && (!this.dialect.commitText || bytes + size > this.maxStatementBytes / 2)) {
        yield packet;
        packet = [];
        bytes = 0;
      }
      packet.push(write);
      bytes += size;
    }
    if (packet.length > 0) yield packet;
  }

  /** Answers for each how many rows matched. */
  private async send(packet: readonly Write[]): Promise<number[]> {
    if (packet.length === 1) return [await this.write(packet[0]!.sql, packet[0]!.values)];
    const answers = await this.sendTogether(packet.map(({ sql }) => sql), packet.flatMap(({ values }) => values));
    return answers.map((answer) => (answer as WriteAnswer).affectedRows);
  }

  /** Sends writes with COMMIT or, when one matches another number of rows than it must, ROLLBACK. */
  private async commitWith(packet: readonly Write[], commitText: CommitText): Promise<void> {
    this.endsByItself = true;
    const values = packet.flatMap((write) => write.values);
    const answer: unknown = await this.runner.query(commitText.of(this.takeFirst(), packet), values);
    check(packet, commitText.counts(answer, packet));
  }

  /** Answers each of the statements. */
  private async sendTogether(statements: readonly string[], values: readonly Value[]): Promise<unknown[]> {
    const first = this.takeFirst();
    const all = [...first, ...statements];
    const answer: unknown = await this.runner.query(all.join('; '), values as Value[]);
    return all.length === 1 ? [answer] : (answer as unknown[]).slice(first.length);
  }

  private takeFirst(): readonly string[] {
    const { first } = this;
    this.first = [];
    return first;
  }

  /** Cuts rows into statements that stay below the server's limits. */
  *chunks<Row extends readonly Value[]>(rows: readonly Row[]): Generator<Row[]> {
    for (const { chunk } of chunksOf(rows, this.maxStatementBytes)) yield chunk;
  }
}

/** How many rows matched in all. @throws the error of the last write for which it is another number than it must be: a lost fence says most */
function check(packet: readonly Write[], counts: readonly number[]): number {
  const wrong = packet.findLastIndex(({ expected }, index) => expected !== undefined && counts[index] !== expected);
  if (wrong !== -1) {
    const { expected, mismatch } = packet[wrong]!;
    throw mismatch!(counts[wrong]!, expected!);
  }
  return counts.reduce((sum, count) => sum + count, 0);
}
