/** Rows of the tables as the audit has them, and what they hold. */
import type { HistoryEvent } from '../../../../lib/core/history.js';
import type { MessageBody } from '../../../../lib/storage/store.js';
import type { AuditEntry } from '../../contract.js';

export interface InstanceAudit {
  readonly instance_id: string;
  readonly execution_id: string;
  readonly name: string;
  readonly status: string;
  readonly input: string | null;
  readonly output: string | null;
  readonly failure: string | null;
  readonly custom_status: string | null;
  readonly parent: string | null;
  readonly history_length: number;
  readonly row_version: number;
}

export interface HistoryAudit {
  readonly execution_id: string;
  readonly sequence_no: number;
  readonly event_count: number;
  readonly body: string;
}

export interface MessageAudit {
  readonly partition_no: number;
  readonly msg_key: number;
  readonly sender: number;
  readonly instance_id: string;
  readonly body: string;
}

export interface ActivityAudit {
  readonly execution_id: string;
  readonly task_id: number;
  readonly claim_token?: string;
}

export interface TimerAudit {
  readonly fire_at: number;
  readonly execution_id: string;
  readonly task_id: number;
}

export interface EntityAudit {
  readonly instance_id: string;
  readonly row_version: number;
}

export function rowOf<T>({ row }: AuditEntry): T {
  return row as T;
}

export function eventsOf({ body }: HistoryAudit): HistoryEvent[] {
  return JSON.parse(body) as HistoryEvent[];
}

export function bodyOf({ body }: MessageAudit): MessageBody {
  return JSON.parse(body) as MessageBody;
}

/** Names a message in an inbox, or in the queue of an entity. */
export function keyOf({ partition_no, msg_key, sender }: MessageAudit): string {
  return `${partition_no}/${msg_key}/${sender}`;
}

/** The changes of each transaction, in order. */
export function transactionsOf(audit: readonly AuditEntry[]): AuditEntry[][] {
  const transactions = new Map<number, AuditEntry[]>();
  for (const entry of audit) {
    const entries = transactions.get(entry.transaction);
    if (entries) entries.push(entry);
    else transactions.set(entry.transaction, [entry]);
  }
  return [...transactions.values()];
}

export function ofTable(entries: readonly AuditEntry[], table: string, ...changes: readonly AuditEntry['change'][]): AuditEntry[] {
  return entries.filter((entry) => entry.table === table && (changes.length === 0 || changes.includes(entry.change)));
}
