/** The databases that are measured, each with full durability: a commit is on disk before it is answered. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { StorageOptions } from '../lib/index.js';
import { provideMysql } from '../scripts/provide-mysql.js';
import { scratchDirectory } from '../scripts/scratch-directory.js';
import { rawMysql } from './raw/mysql.js';
import { rawSqlite } from './raw/sqlite.js';
import type { Column } from './rows.js';

export const DATABASE_KINDS = ['sqlite', 'mysql'] as const;

export type DatabaseKind = (typeof DATABASE_KINDS)[number];

/** Commits of a server with a binary log as MySQL has by default: two flushes instead of one. */
const BINLOG_OPTIONS = ['--log-bin', '--sync-binlog=1', '--server-id=1'];

export interface BenchDatabase {
  readonly kind: DatabaseKind;
  /** Whose targets apply. */
  readonly column: Column;
  /** Product and version. */
  readonly title: string;
  /** The settings that durability depends on, as they are in force. */
  readonly durability: string;
  /** An empty database. */
  createStorage(): Promise<StorageOptions>;
  /** The raw limit's ways of writing; each measures checkpoints per second for `duration` ms. */
  readonly raw: readonly { readonly how: string; readonly measure: (duration: number) => Promise<number> }[];
  close(): Promise<void>;
}

/** @param binlog whether a private server keeps a binary log, synced at each commit */
export function openDatabase(kind: DatabaseKind, binlog: boolean): Promise<BenchDatabase> {
  return kind === 'sqlite' ? openSqlite() : openMysql(binlog);
}

const newName = () => `bench_${randomBytes(6).toString('hex')}`;

async function openSqlite(): Promise<BenchDatabase> {
  const scratch = scratchDirectory('bench');
  const newFile = () => join(scratch.path, `${newName()}.sqlite`);
  const probe = new BetterSqlite3(':memory:');
  const version = probe.prepare('SELECT sqlite_version()').pluck().get();
  probe.close();
  return {
    kind: 'sqlite',
    column: 'sqlite',
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

async function openMysql(binlog: boolean): Promise<BenchDatabase> {
  const server = await provideMysql(binlog ? BINLOG_OPTIONS : []);
  const created: string[] = [];
  const close = async () => {
    for (const name of created) await query(server.url, `DROP DATABASE IF EXISTS ${name}`);
    await server.stop();
  };
  const createUrl = async () => {
    const name = newName();
    await query(server.url, `CREATE DATABASE ${name}`);
    created.push(name);
    return `${server.url}/${name}`;
  };
  try {
    const hasBinlog = await assertDurableServer(server.url);
    if (binlog && !hasBinlog) throw new Error('The server has no binary log: start it with --log-bin and --sync-binlog=1, or leave out --binlog.');
    return {
      kind: 'mysql',
      column: hasBinlog ? 'binlog' : 'mariadb',
      title: server.version.includes('MariaDB') ? `MariaDB ${server.version.split('-')[0]}` : `MySQL ${server.version}`,
      durability: `innodb_flush_log_at_trx_commit=1, ${hasBinlog ? 'log_bin=ON, sync_binlog=1' : 'log_bin=OFF'}`,
      createStorage: async () => ({ type: 'mysql', url: await createUrl() }),
      raw: [1, 2, 4].map((connections) => ({
        how: `${connections} connection${connections === 1 ? '' : 's'}`,
        measure: async (duration) => rawMysql(await createUrl(), connections, duration),
      })),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Whether the server keeps a binary log.
 * @throws when a commit is not on disk before it is answered
 */
async function assertDurableServer(url: string): Promise<boolean> {
  const [row] = await query(url, 'SELECT @@innodb_flush_log_at_trx_commit AS log_flush, @@log_bin AS log_bin, @@sync_binlog AS sync_binlog');
  const { log_flush, log_bin, sync_binlog } = row!;
  if (log_flush !== 1) throw new Error('The server does not flush at each commit: set innodb_flush_log_at_trx_commit=1.');
  if (log_bin === 1 && sync_binlog !== 1) throw new Error('The server does not flush its binary log at each commit: set sync_binlog=1.');
  return log_bin === 1;
}

async function query(url: string, statement: string): Promise<RowDataPacket[]> {
  const connection = await createConnection(url);
  try {
    return (await connection.query<RowDataPacket[]>(statement))[0];
  } finally {
    await connection.end();
  }
}
