/**
 * What one checkpoint of a sequence writes, without an engine: it deletes one message, inserts three rows of history and
 * one message, and updates the instance's row. Both raw benches write exactly this, 32 checkpoints to a transaction.
 */
export const MERGED = 32;

/** Instances that one connection works on, in turn. */
export const INSTANCES = MERGED * 64;

const PAYLOAD = JSON.stringify({ text: 'x'.repeat(189) });

const ID = 'VARCHAR(64) NOT NULL';

/** Keys of the same shape as the product's: hub, partition, id. */
export const TABLES: Readonly<Record<string, string>> = {
  raw_instances: `hub INT NOT NULL, part INT NOT NULL, id ${ID}, status ${ID}, custom VARCHAR(1000), version BIGINT NOT NULL, PRIMARY KEY (hub, part, id)`,
  raw_history: `hub INT NOT NULL, part INT NOT NULL, id ${ID}, seq BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (hub, part, id, seq)`,
  raw_inbox: `hub INT NOT NULL, part INT NOT NULL, msg_key BIGINT NOT NULL, id ${ID}, body TEXT NOT NULL, PRIMARY KEY (hub, part, msg_key)`,
};

export type Row = readonly (string | number)[];

/** Rows of one merged transaction. */
export interface Merged {
  readonly consumed: readonly Row[];
  readonly instances: readonly Row[];
  readonly history: readonly Row[];
  readonly messages: readonly Row[];
}

/** The rows of one connection, transaction after transaction; each consumes messages that an earlier one wrote. */
export class RawWorkload {
  private next = 0;
  private readonly ids = Array.from({ length: INSTANCES }, (_, index) => `${this.part}-00000000-0000-7000-8000-${String(index).padStart(12, '0')}`);

  constructor(private readonly part: number) {}

  /** What has to be there before the first transaction. */
  get seed(): Pick<Merged, 'instances' | 'messages'> {
    return {
      instances: this.ids.map((id) => this.instance(id, 0)),
      messages: this.ids.map((id, index) => this.message(id, index)),
    };
  }

  merged(): Merged {
    const first = this.next;
    this.next += MERGED;
    const numbers = Array.from({ length: MERGED }, (_, index) => first + index);
    const idOf = (number: number) => this.ids[number % INSTANCES]!;
    return {
      consumed: numbers.map((number) => [1, this.part, number]),
      instances: numbers.map((number) => this.instance(idOf(number), Math.floor(number / INSTANCES) + 1)),
      history: numbers.flatMap((number) =>
        [0, 1, 2].map((event) => [1, this.part, this.executionOf(number), (Math.floor(number / INSTANCES) % 4) * 3 + event, PAYLOAD]),
      ),
      messages: numbers.map((number) => this.message(idOf(number), number + INSTANCES)),
    };
  }

  private executionOf(number: number): string {
    const generation = Math.floor(number / INSTANCES / 4);
    return `${String(generation).padStart(8, '0')}-0000-7000-8000-${String(number % INSTANCES).padStart(12, '0')}`;
  }

  private instance(id: string, version: number): Row {
    return [1, this.part, id, 'Running', PAYLOAD, version];
  }

  private message(id: string, key: number): Row {
    return [1, this.part, key, id, PAYLOAD];
  }
}

/** `(?, ?), (?, ?)` for rows of so many columns. */
export function placeholders(columns: number, rows: number): string {
  const row = `(${Array(columns).fill('?').join(', ')})`;
  return Array(rows).fill(row).join(', ');
}
