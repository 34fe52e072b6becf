/** No event is lost or taken twice: what came to a live instance was taken by a wait, or is in its last history [E1], [C1]. */
import type { HistoryEvent } from '../../../../lib/core/history.js';
import type { AuditEntry } from '../../contract.js';
import type { Account } from '../model.js';
import type { Life } from './lives.js';
import { bodyOf, keyOf, ofTable, rowOf, type MessageAudit } from './rows.js';

/** Marks of events by the instances that they were for, once for each message. */
export function readRaised(audit: readonly AuditEntry[]): { readonly instanceId: string; readonly mark: string }[] {
  return ofTable(audit, 'durable_inbox', 'insert').flatMap((entry) => {
    const message = rowOf<MessageAudit>(entry);
    const body = bodyOf(message);
    return body.type === 'Deliver' && body.event.type === 'EventRaised' ? [{ instanceId: message.instance_id, mark: JSON.parse(body.event.input!) as string }] : [];
  });
}

/** @param account of a program that says what it saw */
export function checkEvents({ instanceId, program, last }: Life, { taken }: Account, histories: ReadonlyMap<string, readonly HistoryEvent[]>, raised: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const marks = taken.map(({ mark }) => mark);
  for (const mark of marks) {
    if (raised.get(mark) !== instanceId) problems.push(`event ${mark} was taken by '${instanceId}', but sent to '${raised.get(mark)}'`);
  }
  for (const mark of new Set(marks)) if (marks.indexOf(mark) !== marks.lastIndexOf(mark)) problems.push(`I4: event ${mark} was taken twice by '${instanceId}'`);
  const kept = (histories.get(last.execution_id) ?? []).flatMap((event) => (event.type === 'EventRaised' ? [JSON.parse(event.input!) as string] : []));
  for (const mark of new Set(kept)) if (kept.indexOf(mark) !== kept.lastIndexOf(mark)) problems.push(`I4: event ${mark} is twice in the history of '${instanceId}'`);
  if (program.generations.length === 1) for (const mark of marks) if (!kept.includes(mark)) problems.push(`event ${mark} was taken by '${instanceId}', but is not in its history`);
  return problems;
}

/**
 * Events that were consumed while an instance lived, which hands all of them on, and are neither taken nor in its last history. Left out is
 * what came before a client put the instance there: the owner may have looked for it before.
 */
export function checkLost(life: Life, { taken }: Account, histories: ReadonlyMap<string, readonly HistoryEvent[]>, audit: readonly AuditEntry[]): string[] {
  const { instanceId, program, executions, last } = life;
  if (!program.generations.every(({ preserves }) => preserves)) return [];
  const kept = new Set([
    ...taken.map(({ mark }) => mark),
    ...(histories.get(last.execution_id) ?? []).flatMap((event) => (event.type === 'EventRaised' ? [JSON.parse(event.input!) as string] : [])),
  ]);
  const lifetime = lifetimeOf(executions, audit);
  return ofTable(audit, 'durable_inbox', 'delete').flatMap((entry) => {
    const message = rowOf<MessageAudit>(entry);
    if (message.instance_id !== instanceId || entry.transaction <= lifetime.begin || entry.transaction > lifetime.end) return [];
    const body = bodyOf(message);
    if (body.type !== 'Deliver' || body.event.type !== 'EventRaised') return [];
    const mark = JSON.parse(body.event.input!) as string;
    return kept.has(mark) || (lifetime.isOfClient && cameAt(message, audit) < lifetime.begin) ? [] : [`I4: event ${mark} reached '${instanceId}' while it lived, but was never taken and is not in its history [C1]`];
  });
}

function cameAt(message: MessageAudit, audit: readonly AuditEntry[]): number {
  return ofTable(audit, 'durable_inbox', 'insert').find((entry) => keyOf(rowOf<MessageAudit>(entry)) === keyOf(message))?.transaction ?? Infinity;
}

/** From the transaction that created an instance to the one with its last events. */
function lifetimeOf(executions: readonly string[], audit: readonly AuditEntry[]) {
  const ids: readonly unknown[] = executions;
  const rows = audit.filter(({ table, change, row }) => table === 'durable_instances' && change !== 'delete' && ids.includes(row['execution_id']));
  return { begin: rows[0]?.transaction ?? Infinity, end: rows.at(-1)?.transaction ?? -Infinity, isOfClient: rows[0]?.row['status'] === 'Pending' };
}
