/**
 * What one checkpoint of a sequence writes, without an engine: it deletes one message, inserts three rows of history and
 * one message, and updates the instance's row. Both raw benches write exactly this, 32 checkpoints to a transaction, with
 * as many instances in flight and as many checkpoints per execution as the throughput case has.
 */
export const MERGED = 32;

const INSTANCES = MERGED * 64;
const CHECKPOINTS_PER_EXECUTION = 4;
const EVENTS = 3;
/** 200 bytes. */
const PAYLOAD = JSON.stringify({ text: 'x'.repeat(189) });

const ID = 'VARCHAR(64) NOT NULL';

/** Keys of the same shape as the product's: hub, partition, id. */
export const TABLES: Readonly<Record<string, string>> = {
  raw_instances: `hub INT NOT NULL, part INT NOT NULL, id ${ID}, status ${ID}, custom TEXT, version BIGINT NOT NULL, PRIMARY KEY (hub, part, id)`,
  raw_history: `hub INT NOT NULL, part INT NOT NULL, id ${ID}, seq BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (hub, part, id, seq)`,
  raw_inbox: `hub INT NOT NULL, part INT NOT NULL, msg_key BIGINT NOT NULL, id ${ID}, body TEXT NOT NULL, PRIMARY KEY (hub, part, msg_key)`,
};

export type Row = readonly (string | number)[];

/** Rows of one merged transaction. */
export interface Merged {
  /** Keys of messages. */
  readonly consumed: readonly Row[];
  readonly instances: readonly Row[];
  readonly history: readonly Row[];
  readonly messages: readonly Row[];
}

/** The rows of one connection, transaction after transaction; each consumes messages that an earlier one wrote. */
export class RawWorkload {
  private next = 0;

  constructor(private readonly part: number) {}

  /** What has to be there before the first transaction, in pieces of one statement. */
  *seed(): Generator<Pick<Merged, 'instances' | 'messages'>> {
    for (let first = 0; first < INSTANCES; first += MERGED) {
      const numbers = numbersFrom(first);
      yield { instances: numbers.map((number) => this.instance(number, 0)), messages: numbers.map((number) => this.message(number)) };
    }
  }

  merged(): Merged {
    const numbers = numbersFrom(this.next);
    this.next += MERGED;
    return {
      consumed: numbers.map((number) => [1, this.part, number]),
      instances: numbers.map((number) => this.instance(number, roundOf(number) + 1)),
      history: numbers.flatMap((number) => this.history(number)),
      messages: numbers.map((number) => this.message(number + INSTANCES)),
    };
  }

  private instance(number: number, version: number): Row {
    return [1, this.part, idOf(0, number), 'Running', PAYLOAD, version];
  }

  private history(number: number): Row[] {
    const executionId = idOf(Math.floor(roundOf(number) / CHECKPOINTS_PER_EXECUTION), number);
    const sequence = (roundOf(number) % CHECKPOINTS_PER_EXECUTION) * EVENTS;
    return Array.from({ length: EVENTS }, (_, event) => [1, this.part, executionId, sequence + event, PAYLOAD]);
  }

  private message(number: number): Row {
    return [1, this.part, number, idOf(0, number), PAYLOAD];
  }
}

function numbersFrom(first: number): number[] {
  return Array.from({ length: MERGED }, (_, index) => first + index);
}

/** How many checkpoints of the same instance came before. */
function roundOf(number: number): number {
  return Math.floor(number / INSTANCES);
}

/** As long as a UUID, and ascending with time as version 7 is. */
function idOf(generation: number, number: number): string {
  return `${String(generation).padStart(8, '0')}-0000-7000-8000-${String(number % INSTANCES).padStart(12, '0')}`;
}

/** `(?, ?), (?, ?)`, for so many rows. */
export function placeholders(rows: readonly Row[]): string {
  return rows.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
}
