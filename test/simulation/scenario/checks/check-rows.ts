/** Rows of instances and entities only go forward, histories only grow, and a checkpoint is whole (I1, I8). */
import { isFinished, type RuntimeStatus } from '../../../../lib/core/history.js';
import type { AuditEntry } from '../../contract.js';
import { ofTable, rowOf, transactionsOf, type EntityAudit, type HistoryAudit, type InstanceAudit } from './rows.js';

export function checkRows(audit: readonly AuditEntry[]): string[] {
  return [
    ...ofTable(audit, 'durable_instances').flatMap(checkInstanceChange),
    ...ofTable(audit, 'durable_entities', 'update').flatMap(checkEntityChange),
    ...new Histories().check(audit),
  ];
}

function checkInstanceChange({ change, row, before }: AuditEntry): string[] {
  const after = row as unknown as InstanceAudit;
  const name = `instance '${after.instance_id}'`;
  if (change === 'delete') return isFinished(after.status as RuntimeStatus) ? [] : [`I8: ${name} was deleted while it was ${after.status}`];
  if (change === 'insert') return [];
  const old = before as unknown as InstanceAudit;
  const problems: string[] = [];
  // A new execution may be created and have its first episode at once.
  const steps = after.row_version - old.row_version;
  if (steps < 1 || (steps > 1 && after.execution_id === old.execution_id)) problems.push(`I8: the row of ${name} went from version ${old.row_version} to ${after.row_version}`);
  if (after.execution_id !== old.execution_id) return problems;
  if (isFinished(old.status as RuntimeStatus) && !(old.status === 'Failed' && after.status !== 'Completed')) {
    problems.push(`I8: ${name} was ${old.status} and changed to ${after.status}`);
  }
  if (after.history_length < old.history_length) problems.push(`I1: the history of ${name} went from ${old.history_length} to ${after.history_length} events`);
  return problems;
}

function checkEntityChange({ row, before }: AuditEntry): string[] {
  const after = row as unknown as EntityAudit;
  const old = before as unknown as EntityAudit;
  return after.row_version === old.row_version + 1 ? [] : [`I8: the row of entity '${after.instance_id}' went from version ${old.row_version} to ${after.row_version}`];
}

/** What history holds, transaction by transaction. */
class Histories {
  private readonly lengths = new Map<string, number>();
  private readonly garbage = new Set<string>();
  private readonly problems: string[] = [];

  check(audit: readonly AuditEntry[]): string[] {
    for (const transaction of transactionsOf(audit)) {
      for (const entry of ofTable(transaction, 'durable_history')) this.take(entry);
      for (const entry of ofTable(transaction, 'durable_garbage', 'insert')) this.garbage.add(rowOf<HistoryAudit>(entry).execution_id);
      for (const entry of ofTable(transaction, 'durable_instances', 'insert', 'update')) this.compare(rowOf<InstanceAudit>(entry));
    }
    return this.problems;
  }

  private take({ change, row }: AuditEntry): void {
    const { execution_id: execution, sequence_no, event_count } = row as unknown as HistoryAudit;
    const at = `the history of execution ${execution}, event ${sequence_no},`;
    if (change === 'update') this.problems.push(`I1: ${at} was changed`);
    else if (change === 'delete') {
      if (!this.garbage.has(execution)) this.problems.push(`I1: ${at} was deleted, though the execution is no garbage`);
    } else {
      const length = this.lengths.get(execution) ?? 0;
      if (this.garbage.has(execution)) this.problems.push(`I8: ${at} was appended when the execution was garbage`);
      if (sequence_no !== length) this.problems.push(`I1: ${at} was appended behind ${length} events`);
      this.lengths.set(execution, sequence_no + event_count);
    }
  }

  private compare({ instance_id, execution_id, history_length }: InstanceAudit): void {
    const length = this.lengths.get(execution_id) ?? 0;
    if (length !== history_length) this.problems.push(`I1: the row of instance '${instance_id}' says ${history_length} events, its history had ${length} after the same transaction`);
  }
}
