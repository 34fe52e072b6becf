import type { Database as Connection } from 'better-sqlite3';
import { isBusy } from './error-mapping.js';

/**
 * The right to be the only process that works on a task hub of a SQLite file: an exclusive transaction on an empty database
 * beside it, one for each hub, which the operating system ends when the process dies, however it dies.
 */
export class SqliteWorkerLock {
  private connection: Connection | undefined;

  constructor(private readonly file: string) {}

  /** Answers whether this process has the lock now. */
  async tryTake(hub: number): Promise<boolean> {
    if (this.connection) return true;
    const { default: BetterSqlite3 } = await import('better-sqlite3');
    const connection = new BetterSqlite3(`${this.file}.worker-lock-${hub}`, { timeout: 0 });
    try {
      connection.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      connection.close();
      if (isBusy(error)) return false;
      throw error;
    }
    this.connection = connection;
    return true;
  }

  release(): void {
    this.connection?.close();
    this.connection = undefined;
  }
}
