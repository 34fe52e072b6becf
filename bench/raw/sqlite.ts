import BetterSqlite3 from 'better-sqlite3';
import { MERGED, placeholders, RawWorkload, TABLES } from './workload.js';

/**
 * Checkpoints per second that a new SQLite file takes from the plain driver, as durable as the product's.
 * @param duration ms
 */
export function rawSqlite(file: string, duration: number): number {
  const database = new BetterSqlite3(file);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    for (const [table, columns] of Object.entries(TABLES)) database.exec(`CREATE TABLE ${table} (${columns}) WITHOUT ROWID`);
    const workload = new RawWorkload(0);
    for (const { instances, messages } of workload.seed()) {
      database.prepare(`INSERT INTO raw_instances VALUES ${placeholders(instances)}`).run(instances.flat());
      database.prepare(`INSERT INTO raw_inbox VALUES ${placeholders(messages)}`).run(messages.flat());
    }
    return measure(database, workload, duration);
  } finally {
    database.close();
  }
}

function measure(database: BetterSqlite3.Database, workload: RawWorkload, duration: number): number {
  const sample = workload.merged();
  const consume = database.prepare(`DELETE FROM raw_inbox WHERE (hub, part, msg_key) IN (VALUES ${placeholders(sample.consumed)})`);
  // There is no round trip to save: one row at a time is faster than a statement that joins a list of rows.
  const update = database.prepare('UPDATE raw_instances SET status = ?, custom = ?, version = ? WHERE hub = ? AND part = ? AND id = ?');
  const append = database.prepare(`INSERT INTO raw_history VALUES ${placeholders(sample.history)}`);
  const send = database.prepare(`INSERT INTO raw_inbox VALUES ${placeholders(sample.messages)}`);
  let checkpoints = 0;
  const begin = performance.now();
  while (performance.now() < begin + duration) {
    const { consumed, instances, history, messages } = workload.merged();
    database.exec('BEGIN IMMEDIATE');
    consume.run(consumed.flat());
    for (const [hub, part, id, status, custom, version] of instances) update.run(status, custom, version, hub, part, id);
    append.run(history.flat());
    send.run(messages.flat());
    database.exec('COMMIT');
    checkpoints += MERGED;
  }
  return (checkpoints / (performance.now() - begin)) * 1_000;
}
