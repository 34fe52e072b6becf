/** The databases that are measured, each with full durability: a commit is on disk before it is answered. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { StorageOptions } from '../lib/index.js';
import { provideMysql } from '../scripts/provide-mysql.js';
import { scratchDirectory } from '../scripts/scratch-directory.js';
import { rawMysql } from './raw-mysql.js';
import { rawSqlite } from './raw-sqlite.js';

export const DATABASE_KINDS = ['sqlite', 'mysql'] as const;

export type DatabaseKind = (typeof DATABASE_KINDS)[number];

export interface BenchDatabase {
  /** Product and version. */
  readonly title: string;
  /** The settings that durability depends on, as they are in force. */
  readonly durability: string;
  /** An empty database. */
  createStorage(): Promise<StorageOptions>;
  /** The raw limit's ways of writing; each measures checkpoints per second for `duration` ms. */
  readonly raw: readonly { readonly how: string; measure(duration: number): Promise<number> }[];
  close(): Promise<void>;
}

export function openDatabase(kind: DatabaseKind): Promise<BenchDatabase> {
  return kind === 'sqlite' ? openSqlite() : openMysql();
}

const newName = () => `bench_${randomBytes(6).toString('hex')}`;

async function openSqlite(): Promise<BenchDatabase> {
  const scratch = scratchDirectory('bench');
  const newFile = () => join(scratch.path, `${newName()}.sqlite`);
  const probe = new BetterSqlite3(':memory:');
  const version = probe.prepare('SELECT sqlite_version()').pluck().get();
  probe.close();
  return {
    title: `SQLite ${String(version)}`,
    durability: 'journal_mode=WAL, synchronous=FULL',
    createStorage: async () => ({ type: 'better-sqlite3', database: newFile(), prepareDatabase: assertDurable }),
    raw: [{ how: 'one connection', measure: async (duration) => rawSqlite(newFile(), duration) }],
    close: scratch.remove,
  };
}

/** Looks at the product's own connection: its settings are what the figures are printed with. */
function assertDurable(connection: BetterSqlite3.Database): void {
  const mode = connection.pragma('journal_mode', { simple: true });
  const synchronous = connection.pragma('synchronous', { simple: true });
  if (mode !== 'wal' || synchronous !== 2) throw new Error(`The module opened its file with journal_mode=${String(mode)}, synchronous=${String(synchronous)}.`);
}

async function openMysql(): Promise<BenchDatabase> {
  const server = await provideMysql();
  const created: string[] = [];
  const createUrl = async () => {
    const name = newName();
    await query(server.url, `CREATE DATABASE ${name}`);
    created.push(name);
    return `${server.url}/${name}`;
  };
  return {
    title: server.version.includes('MariaDB') ? `MariaDB ${server.version.split('-')[0]}` : `MySQL ${server.version}`,
    durability: await mysqlDurability(server.url),
    createStorage: async () => ({ type: 'mysql', url: await createUrl() }),
    raw: [1, 2, 4].map((connections) => ({
      how: `${connections} connection${connections === 1 ? '' : 's'}`,
      measure: async (duration) => rawMysql(await createUrl(), connections, duration),
    })),
    close: async () => {
      for (const name of created) await query(server.url, `DROP DATABASE IF EXISTS ${name}`);
      await server.stop();
    },
  };
}

async function mysqlDurability(url: string): Promise<string> {
  const [row] = await query(url, 'SELECT @@innodb_flush_log_at_trx_commit AS log_flush, @@log_bin AS log_bin, @@sync_binlog AS sync_binlog');
  const { log_flush, log_bin, sync_binlog } = row!;
  if (log_flush !== 1) throw new Error('The server does not flush at each commit: set innodb_flush_log_at_trx_commit=1.');
  return `innodb_flush_log_at_trx_commit=1, ${log_bin === 1 ? `log_bin=ON, sync_binlog=${sync_binlog}` : 'log_bin=OFF'}`;
}

async function query(url: string, statement: string): Promise<RowDataPacket[]> {
  const connection = await createConnection(url);
  try {
    return (await connection.query<RowDataPacket[]>(statement))[0];
  } finally {
    await connection.end();
  }
}
