/** Triggers that note each change of a row in a table of their own: rolled back with the transaction that made it. Heartbeats are left out. */
import type { AuditEntry } from '../contract.js';

export const AUDIT_TABLE = 'audit';

export interface AuditRow {
  readonly entry: number;
  readonly transaction_no: number;
  readonly at: number;
  readonly source: string;
  readonly change: AuditEntry['change'];
  readonly new_row: string;
  readonly old_row: string | null;
}

/** For one table; also makes the audit's own where it is missing. */
export function auditTriggers(table: string, columns: readonly { readonly name: string }[]): string {
  const rowOf = (prefix: string) => `json_object(${columns.map(({ name }) => `'${name}', ${prefix}.${name}`).join(', ')})`;
  // Heartbeats would be the most of it.
  const noted = columns.filter(({ name }) => !name.endsWith('expires_at')).map(({ name }) => name);
  const trigger = (change: string, row: string, before: string) =>
    `CREATE TRIGGER audit_${change}_${table} AFTER ${change}${change === 'update' ? ` OF ${noted.join(', ')}` : ''} ON ${table} BEGIN ` +
    `INSERT INTO ${AUDIT_TABLE} (transaction_no, at, source, change, new_row, old_row) ` +
    `VALUES (audit_transaction(), audit_at(), '${table}', '${change}', ${row}, ${before}); END;`;
  return [
    `CREATE TABLE IF NOT EXISTS ${AUDIT_TABLE} (entry INTEGER PRIMARY KEY, transaction_no INT, at REAL, source TEXT, change TEXT, new_row TEXT, old_row TEXT);`,
    trigger('insert', rowOf('NEW'), 'NULL'),
    trigger('update', rowOf('NEW'), rowOf('OLD')),
    trigger('delete', rowOf('OLD'), 'NULL'),
  ].join('\n');
}

export function toEntry({ entry, transaction_no, at, source, change, new_row, old_row }: AuditRow): AuditEntry {
  const base = { order: entry, transaction: transaction_no, at, table: source, change, row: JSON.parse(new_row) as Record<string, unknown> };
  return old_row === null ? base : { ...base, before: JSON.parse(old_row) as Record<string, unknown> };
}
