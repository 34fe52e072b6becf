import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { TestStorage } from '../../../support/databases.js';

/** What changes although nothing happens: leases are renewed, and a client's refused calls are numbered too. */
const BOOKKEEPING = new Set(['durable_partitions.lease_expires_at', 'durable_workers.expires_at', 'durable_workers.commit_no', 'durable_workers.last_key']);

/** The rows of each table, each as a hash, sorted. */
export type TableRows = Readonly<Record<string, readonly string[]>>;

/** Reads all tables of the module, beside it. */
export async function readTableRows(storage: TestStorage): Promise<TableRows> {
  const source = await new DataSource(storage).initialize();
  try {
    const catalogue = storage.type === 'mysql'
      ? 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()'
      : "SELECT name FROM sqlite_master WHERE type = 'table'";
    const tables = (await source.query<{ name: string }[]>(catalogue)).map(({ name }) => name).filter((name) => name.startsWith('durable_'));
    const rows = tables.map(async (table) => [table, (await source.query<object[]>(`SELECT * FROM ${table}`)).map((row) => hashOf(table, row)).sort()]);
    return Object.fromEntries((await Promise.all(rows)) as [string, string[]][]);
  } finally {
    await source.destroy();
  }
}

function hashOf(table: string, row: object): string {
  const columns = Object.entries(row).filter(([column]) => !BOOKKEEPING.has(`${table}.${column}`));
  return createHash('sha256').update(JSON.stringify(columns)).digest('base64url');
}
