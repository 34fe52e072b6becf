import { createConnection, type Connection, type ConnectionOptions } from 'mysql2/promise';
import { MERGED, RawWorkload, TABLES, placeholders, type Merged, type Row } from './raw-workload.js';

const VARIANT = process.env['RAW'] ?? 'odku';

export interface RawMysqlResult { readonly connections: number; readonly perSecond: number }

export async function rawMysql(options: ConnectionOptions, duration: number): Promise<RawMysqlResult> {
  const results: RawMysqlResult[] = [];
  for (const connections of [1, 2, 4]) results.push({ connections, perSecond: await measure(options, connections, duration) });
  return results.reduce((best, result) => (result.perSecond > best.perSecond ? result : best));
}

export async function measure(options: ConnectionOptions, count: number, duration: number): Promise<number> {
  const connections = await Promise.all(Array.from({ length: count }, () => createConnection({ ...options, multipleStatements: true })));
  try {
    const workloads = await prepare(connections);
    const begin = performance.now();
    const ends = begin + duration;
    const written = await Promise.all(
      connections.map(async (connection, index) => {
        let checkpoints = 0;
        for (; performance.now() < ends; checkpoints += MERGED) await write(connection, workloads[index]!.merged());
        return checkpoints;
      }),
    );
    return (written.reduce((sum, each) => sum + each) / (performance.now() - begin)) * 1_000;
  } finally {
    await Promise.all(connections.map((connection) => connection.end()));
  }
}

async function prepare(connections: readonly Connection[]): Promise<RawWorkload[]> {
  const [first] = connections;
  for (const [table, columns] of Object.entries(TABLES)) {
    await first!.query(`DROP TABLE IF EXISTS ${table}`);
    await first!.query(`CREATE TABLE ${table} (${columns}) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  }
  const workloads = connections.map((_, part) => new RawWorkload(part));
  for (const { seed } of workloads) {
    await insert(first!, 'raw_instances', seed.instances);
    await insert(first!, 'raw_inbox', seed.messages);
  }
  for (const connection of connections) await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  return workloads;
}

async function write(c: Connection, { consumed, instances, history, messages }: Merged): Promise<void> {
  const del = `DELETE FROM raw_inbox WHERE (hub, part, msg_key) IN (${placeholders(3, consumed.length)})`;
  const upd = `INSERT INTO raw_instances VALUES ${placeholders(6, MERGED)} ON DUPLICATE KEY UPDATE status = VALUES(status), custom = VALUES(custom), version = VALUES(version)`;
  const join = `UPDATE (SELECT ? AS hub, ? AS part, ? AS id, ? AS status, ? AS custom, ? AS version ${Array(MERGED - 1).fill('UNION ALL SELECT ?, ?, ?, ?, ?, ?').join(' ')}) AS v STRAIGHT_JOIN raw_instances AS t ON t.hub = v.hub AND t.part = v.part AND t.id = v.id SET t.status = v.status, t.custom = v.custom, t.version = v.version`;
  const h = `INSERT INTO raw_history VALUES ${placeholders(5, history.length)}`;
  const m = `INSERT INTO raw_inbox VALUES ${placeholders(5, messages.length)}`;
  if (VARIANT.includes('multi')) {
    await c.query(`START TRANSACTION; ${del}; ${VARIANT.includes('join') ? join : upd}; ${h}; ${m}; COMMIT`, [...consumed.flat(), ...instances.flat(), ...history.flat(), ...messages.flat()]);
  } else {
    const run = VARIANT.includes('exec') ? (s: string, v: Row) => c.execute(s, v as any) : (s: string, v: Row) => c.query(s, v as any);
    await c.query('START TRANSACTION');
    await run(del, consumed.flat());
    await run(VARIANT.includes('join') ? join : upd, instances.flat());
    await run(h, history.flat());
    await run(m, messages.flat());
    await c.query('COMMIT');
  }
}

function insert(connection: Connection, table: string, rows: readonly Row[]): Promise<unknown> {
  return connection.query(`INSERT INTO ${table} VALUES ${placeholders(rows[0]!.length, rows.length)}`, rows.flat());
}
