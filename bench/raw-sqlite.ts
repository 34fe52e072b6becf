import BetterSqlite3 from 'better-sqlite3';
import { MERGED, placeholders, RawWorkload, TABLES, type Row } from './raw-workload.js';

/** Checkpoints per second that SQLite takes from a plain driver, as durable as the product's, for `duration` ms. */
export async function rawSqlite(file: string, duration: number): Promise<number> {
  const database = new BetterSqlite3(file);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    for (const table of Object.keys(TABLES)) database.exec(`DROP TABLE IF EXISTS ${table}`);
    for (const [table, columns] of Object.entries(TABLES)) database.exec(`CREATE TABLE ${table} (${columns}) WITHOUT ROWID`);
    const workload = new RawWorkload(0);
    const { instances, messages } = workload.seed;
    insertOf(database, 'raw_instances', instances).run(instances.flat());
    insertOf(database, 'raw_inbox', messages).run(messages.flat());
    return measure(database, workload, duration);
  } finally {
    database.close();
  }
}

function measure(database: BetterSqlite3.Database, workload: RawWorkload, duration: number): number {
  const sample = new RawWorkload(0).merged();
  const consume = database.prepare(`DELETE FROM raw_inbox WHERE (hub, part, msg_key) IN (VALUES ${placeholders(3, MERGED)})`);
  // One row at a time is faster here than a statement that joins a list of rows.
  const update = database.prepare('UPDATE raw_instances SET status = ?, custom = ?, version = ? WHERE hub = ? AND part = ? AND id = ?');
  const append = insertOf(database, 'raw_history', sample.history);
  const send = insertOf(database, 'raw_inbox', sample.messages);
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

function insertOf(database: BetterSqlite3.Database, table: string, rows: readonly Row[]): BetterSqlite3.Statement {
  return database.prepare(`INSERT INTO ${table} VALUES ${placeholders(rows[0]!.length, rows.length)}`);
}
