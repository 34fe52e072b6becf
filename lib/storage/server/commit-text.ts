/**
 * The last writes of a transaction and its end as one text. The server itself decides between COMMIT and ROLLBACK, by the numbers of
 * rows that matched; the session's variable `@durable_end` tells afterwards how far it came.
 */
import type { Write } from '../write-list.js';

export interface CommitText {
  /** @param first what goes before: BEGIN, unless the transaction has begun */
  of(first: readonly string[], writes: readonly Write[]): string;
  /** From the answer, how many rows each write matched; of one that may match any number it may be 0 all the same. */
  counts(answer: unknown, writes: readonly Write[]): number[];
}

/** What mysql2 answers to a write. */
export interface WriteAnswer {
  readonly affectedRows: number;
}

/** Values of a text that MariaDB takes in a block, bytes: about ten steps. In large ones the same statements take it longer. */
const MAX_BLOCK = 32 * 1024;

const ENDING = [
  "SET @durable_next = IF(@durable_ok, 'COMMIT', 'ROLLBACK')", 'PREPARE durable_end FROM @durable_next', 'SET @durable_end = @durable_next', 'EXECUTE durable_end',
];

/** One statement after the other, which the server answers one by one. */
export const commitByStatements: CommitText = {
  of(first, writes) {
    const statements = writes.flatMap(({ sql, expected }) => (expected === undefined ? [sql] : [sql, `SET @durable_ok = @durable_ok AND ROW_COUNT() = ${expected}`]));
    return ["SET @durable_ok = 1, @durable_end = 'NONE'", ...first, ...statements, ...ENDING].join('; ');
  },
  counts(answer, writes) {
    const answers = answer as readonly WriteAnswer[];
    let next = answers.length - ENDING.length - writes.length - writes.filter(({ expected }) => expected !== undefined).length;
    return writes.map(({ expected }) => {
      const { affectedRows } = answers[next]!;
      next += expected === undefined ? 1 : 2;
      return affectedRows;
    });
  },
};

/** A compound statement, which the server answers once: each answer is a packet, for which it wakes the process. */
export const commitInBlock: CommitText = {
  of(first, writes) {
    const statements = writes.flatMap(({ sql, expected }, index) =>
      expected === undefined
        ? [sql]
        : [sql, 'SET @durable_count = ROW_COUNT()', `IF @durable_count <> ${expected} THEN SET @durable_wrong = ${index}, @durable_matched = @durable_count; END IF`],
    );
    const commit = "SET @durable_end = 'COMMIT'; COMMIT;";
    const rollback = "SET @durable_end = 'ROLLBACK'; ROLLBACK; SELECT @durable_wrong AS wrong, @durable_matched AS matched;";
    const end = `IF @durable_wrong IS NULL THEN ${commit} ELSE ${rollback} END IF`;
    return `BEGIN NOT ATOMIC ${["SET @durable_wrong = NULL, @durable_end = 'NONE'", ...first, ...statements, end].join('; ')}; END`;
  },
  counts(answer, writes) {
    const [found] = Array.isArray(answer) ? (answer[0] as readonly Mismatch[]) : [];
    return writes.map(({ expected = 0 }, index) => (found && index === Number(found.wrong) ? Number(found.matched) : expected));
  },
};

/** The last write that matched another number of rows than it must. */
interface Mismatch {
  readonly wrong: number | string;
  readonly matched: number | string;
}

/** MariaDB takes blocks outside of stored programs, unlike MySQL. */
export function commitOfMariadb(writes: readonly Write[]): CommitText {
  return writes.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_BLOCK ? commitByStatements : commitInBlock;
}
