import type { DataSource, QueryRunner } from 'typeorm';
import type { Dialect } from './dialect.js';
import { isStoreError, OutcomeUnknownError } from './errors.js';
import { mapError } from './error-mapping.js';
import { Session } from './session.js';

/**
 * One DataSource and how its connections are used. On MySQL every call takes a connection of the pool; on SQLite all share
 * one, so that calls take turns: interleaved transactions would write each other's rows.
 */
export abstract class Database {
  abstract readonly dialect: Dialect;
  /** Bytes that one statement may have: SQLite's limit of a text, unless a server names its own. */
  maxStatementBytes = 1_000_000_000;

  /** Of a server, once it is open: product, version and cluster. */
  get title(): string | undefined {
    return undefined;
  }

  /** @throws Error when the database is not open */
  abstract readonly source: DataSource;

  /** May be called again after it has failed. */
  abstract open(): Promise<void>;

  /** Does nothing when it is closed already. */
  abstract close(): Promise<void>;

  /** Runs statements that need no transaction. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.withRunner(work);
  }

  /** Runs one transaction; a lost connection while it commits makes the outcome unknown. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.withRunner(async (session, runner) => {
      await session.begin();
      let result: T;
      try {
        result = await work(session);
      } catch (error) {
        await this.rollBack(session, runner);
        throw error;
      }
      try {
        await session.commit();
      } catch (error) {
        const mayBeCommitted = await session.mayBeCommitted();
        await this.rollBack(session, runner);
        throw mayBeCommitted ? this.commitError(error, result) : error;
      }
      return result;
    });
  }

  /** Brings the tables up to date, then runs `work`, while no other process does the same. */
  abstract migrate<T>(work: (session: Session) => Promise<T>): Promise<T>;

  /** Takes a connection, or waits for its turn. */
  protected abstract withConnection<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T>;

  /** ROLLBACK was refused: what may be left of the transaction must not become a part of the next. SQLite has rolled back by itself then. */
  protected async discard(_runner: QueryRunner): Promise<void> {}

  /** Whether a COMMIT that failed so may have been carried out all the same. */
  protected abstract isOutcomeUnknown(error: unknown): boolean;

  private async rollBack(session: Session, runner: QueryRunner): Promise<void> {
    await session.rollback().catch(() => this.discard(runner));
  }

  private commitError(error: unknown, result: unknown): unknown {
    if (isStoreError(error) || !this.isOutcomeUnknown(error)) return error;
    return new OutcomeUnknownError(`The answer to COMMIT was lost: ${(error as Error).message}`, result, { cause: error });
  }

  protected async withRunner<T>(work: (session: Session, runner: QueryRunner) => Promise<T>): Promise<T> {
    try {
      return await this.withConnection((runner) => work(new Session(runner, this.dialect, this.maxStatementBytes), runner));
    } catch (error) {
      throw mapError(error);
    }
  }
}
