/** An activity begins once for each claim of it, never before the claim is committed, and none is claimed after its result counted (I3, I4) [A4]. */
import type { HistoryEvent } from '../../../../lib/core/history.js';
import type { AuditEntry, Effect } from '../../contract.js';
import { eventsOf, ofTable, rowOf, type ActivityAudit, type HistoryAudit } from './rows.js';

export function checkEffects(effects: readonly Effect[], audit: readonly AuditEntry[], histories: ReadonlyMap<string, readonly HistoryEvent[]>): string[] {
  const claims = readClaims(audit);
  const results = readResults(audit, histories);
  return [...checkBegins(effects, claims), ...checkLateBegins(effects, results), ...checkClaims(claims, results)];
}

interface Claim {
  readonly order: number;
  readonly at: number;
}

function readClaims(audit: readonly AuditEntry[]): Map<string, Claim[]> {
  const claims = new Map<string, Claim[]>();
  for (const entry of ofTable(audit, 'durable_activities_running', 'insert', 'update')) {
    if (entry.change === 'update' && entry.before?.['claim_token'] === entry.row['claim_token']) continue;
    const { execution_id, task_id } = rowOf<ActivityAudit>(entry);
    const task = `${execution_id}:${task_id}`;
    claims.set(task, [...(claims.get(task) ?? []), entry]);
  }
  return claims;
}

/** When the result of each task came into a history; of executions that were rewound, which run what has failed again, nothing [K8]. */
function readResults(audit: readonly AuditEntry[], histories: ReadonlyMap<string, readonly HistoryEvent[]>): Map<string, Claim> {
  const results = new Map<string, Claim>();
  for (const entry of ofTable(audit, 'durable_history', 'insert')) {
    const row = rowOf<HistoryAudit>(entry);
    if (histories.get(row.execution_id)?.some(({ type }) => type === 'ExecutionRewound')) continue;
    for (const event of eventsOf(row)) {
      if (event.type === 'TaskCompleted' || event.type === 'TaskFailed') results.set(`${row.execution_id}:${event.taskId}`, entry);
    }
  }
  return results;
}

function checkBegins(effects: readonly Effect[], claims: ReadonlyMap<string, readonly Claim[]>): string[] {
  const problems: string[] = [];
  const begun = new Map<string, number>();
  for (const { kind, work, at, process, detail } of effects) {
    if (kind !== 'begin' || work.startsWith('@')) continue;
    const count = (begun.get(work) ?? 0) + 1;
    begun.set(work, count);
    const claimed = (claims.get(work) ?? []).filter((claim) => claim.at <= at).length;
    if (count > claimed) problems.push(`I3: activity ${String(detail)} (${work}) began for the ${count}. time at ${at} in ${process}, claimed were ${claimed}`);
  }
  return problems;
}

function checkLateBegins(effects: readonly Effect[], results: ReadonlyMap<string, Claim>): string[] {
  const begins = effects.filter(({ kind, work, at }) => kind === 'begin' && at > (results.get(work)?.at ?? Infinity));
  return begins.map(({ work, at, process, detail }) => `A4: activity ${String(detail)} (${work}) began at ${at} in ${process}, after its result was committed at ${results.get(work)!.at}`);
}

function checkClaims(claims: ReadonlyMap<string, readonly Claim[]>, results: ReadonlyMap<string, Claim>): string[] {
  return [...results].flatMap(([task, result]) => {
    const late = (claims.get(task) ?? []).filter(({ order }) => order > result.order);
    return late.map(({ at }) => `I4: activity ${task} was claimed again at ${at}, after its result was committed at ${result.at}`);
  });
}
