import { createConnection, type Connection } from 'mysql2/promise';
import { MERGED, placeholders, RawWorkload, TABLES, type Row } from './workload.js';

const SET_CHANGED = 'ON DUPLICATE KEY UPDATE status = VALUES(status), custom = VALUES(custom), version = VALUES(version)';

/**
 * Checkpoints per second that the server takes from plain connections, each with transactions of its own.
 * @param url of an empty database
 * @param duration ms
 */
export async function rawMysql(url: string, connectionCount: number, duration: number): Promise<number> {
  const connections = await Promise.all(Array.from({ length: connectionCount }, () => createConnection(url)));
  try {
    await createTables(connections[0]!);
    const workloads = connections.map((_, part) => new RawWorkload(part));
    for (const workload of workloads) await seed(connections[0]!, workload);
    for (const connection of connections) await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    const begin = performance.now();
    const written = await Promise.all(connections.map((connection, index) => writeUntil(begin + duration, connection, workloads[index]!)));
    return (written.reduce((sum, each) => sum + each) / (performance.now() - begin)) * 1_000;
  } finally {
    await Promise.all(connections.map((connection) => connection.end()));
  }
}

async function createTables(connection: Connection): Promise<void> {
  for (const [table, columns] of Object.entries(TABLES)) {
    await connection.query(`CREATE TABLE ${table} (${columns}) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  }
}

async function seed(connection: Connection, workload: RawWorkload): Promise<void> {
  for (const { instances, messages } of workload.seed()) {
    await run(connection, `INSERT INTO raw_instances VALUES ${placeholders(instances)}`, instances);
    await run(connection, `INSERT INTO raw_inbox VALUES ${placeholders(messages)}`, messages);
  }
}

/** Answers how many checkpoints were written. Prepared statements, one after the other: the fastest of the ways tried (README.md). */
async function writeUntil(end: number, connection: Connection, workload: RawWorkload): Promise<number> {
  let checkpoints = 0;
  while (performance.now() < end) {
    const { consumed, instances, history, messages } = workload.merged();
    await connection.query('START TRANSACTION');
    await run(connection, `DELETE FROM raw_inbox WHERE (hub, part, msg_key) IN (${placeholders(consumed)})`, consumed);
    await run(connection, `INSERT INTO raw_instances VALUES ${placeholders(instances)} ${SET_CHANGED}`, instances);
    await run(connection, `INSERT INTO raw_history VALUES ${placeholders(history)}`, history);
    await run(connection, `INSERT INTO raw_inbox VALUES ${placeholders(messages)}`, messages);
    await connection.query('COMMIT');
    checkpoints += MERGED;
  }
  return checkpoints;
}

function run(connection: Connection, sql: string, rows: readonly Row[]): Promise<unknown> {
  return connection.execute(sql, rows.flat());
}
