import type { DataSource, QueryRunner } from 'typeorm';
import { Database } from '../../../lib/storage/database.js';
import { sqliteDialect } from '../../../lib/storage/dialect.js';
import type { Session } from '../../../lib/storage/session.js';
import type { CommitBatch } from '../../../lib/storage/store.js';
import { FaultyConnection, isAnswerLost } from './faulty-connection.js';
import type { Faults } from './faults.js';
import type { Lane } from './lane.js';
import type { MemoryDatabase } from './memory-database.js';
import type { SimulatedProcess } from './process.js';

/** A checkpoint transaction that was carried out. */
export interface WrittenCommit {
  readonly transaction: number;
  /** Virtual ms. */
  readonly at: number;
  readonly process: string;
  readonly batch: CommitBatch;
}

/** A checkpoint transaction that was asked for. */
export interface SubmittedCommit {
  readonly process: string;
  readonly batch: CommitBatch;
  /** How many had been carried out by then. */
  readonly written: number;
}

export interface DatabaseWorld {
  readonly memory: MemoryDatabase;
  readonly faults: Faults;
  /** The database's own event loop. */
  readonly lane: Lane;
  readonly written: WrittenCommit[];
  readonly submitted: SubmittedCommit[];
  /** Virtual ms. */
  readonly now: number;
}

/**
 * The way of one process to the shared database, as on a server: each call has a connection of its own. What is no transaction may be
 * interleaved with others' statements; transactions are carried out one after the other, as SQLite does.
 */
export class SimulatedDatabase extends Database {
  readonly dialect = sqliteDialect;
  /** The batch whose transaction begins next. */
  committing: CommitBatch | undefined;

  constructor(private readonly world: DatabaseWorld, private readonly process: SimulatedProcess) {
    super();
  }

  get source(): DataSource {
    return this.world.memory.source;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  migrate<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.transaction(work);
  }

  protected withConnection<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    // TypeORM keeps one runner for SQLite, and makes a new one when it has none.
    (this.source.driver as { queryRunner?: QueryRunner }).queryRunner = undefined;
    const runner = this.source.createQueryRunner();
    const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
    const batch = this.committing;
    this.committing = undefined;
    const connection = new FaultyConnection(this.world, this.process, (transaction) => {
      if (batch) this.world.written.push({ transaction, at: this.world.now, process: this.process.name, batch });
    });
    runner.query = (async (sql: string, ...rest: unknown[]) => connection.query(sql, () => query(sql, ...rest))) as QueryRunner['query'];
    return work(runner);
  }

  protected isOutcomeUnknown(error: unknown): boolean {
    return isAnswerLost(error);
  }
}
