import type { Socket } from 'node:net';
import type { QueryRunner } from 'typeorm';

/**
 * How long a statement may go unanswered, ms: far longer than any of this module's takes, and than it may wait for locks. Where a
 * network swallows packets without a word, as firewalls do with connections that were idle, TCP alone would wait for a quarter of
 * an hour and more, and with it leases and commits.
 */
export const STATEMENT_LIMIT = 30_000;

/** A connection of mysql2 that is in use, as far as this file needs it. */
interface Use {
  readonly connection: { readonly stream: Socket };
  readonly end: Promise<unknown>;
}

/** Watches over the connections of a pool that are in use, and breaks those whose server does not answer. */
export class StatementLimit {
  private readonly uses = new Set<Use>();

  /** @param limit ms */
  constructor(private readonly limit: number) {}

  /** Runs `work`; each statement of the runner that is not answered in time fails, and its connection breaks. */
  async guard<T>(runner: QueryRunner, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const connection = (await runner.connect()) as Use['connection'];
    const query = runner.query.bind(runner) as (...statement: unknown[]) => Promise<unknown>;
    const limited = async (...statement: unknown[]): Promise<unknown> => {
      const timer = setTimeout(() => breakOff(connection, `The database has not answered for ${this.limit} ms.`), this.limit);
      try {
        return await query(...statement);
      } finally {
        clearTimeout(timer);
      }
    };
    runner.query = limited as QueryRunner['query'];
    const end = work(runner);
    const use = { connection, end };
    this.uses.add(use);
    try {
      return await end;
    } finally {
      this.uses.delete(use);
    }
  }

  /** Resolves when nothing is under way; what goes on for longer than `patience` ms is broken off. */
  async settle(patience: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const { connection } of this.uses) breakOff(connection, 'The database is being closed.');
    }, patience);
    await Promise.allSettled([...this.uses].map(({ end }) => end));
    clearTimeout(timer);
  }
}

/** The driver fails what waits on the connection with this error, and its pool forgets the connection. */
function breakOff({ stream }: Use['connection'], message: string): void {
  stream.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }));
}
