/** What must hold of every commit, whatever the scenario is: I1, I2, I4 and I8 of ARCHITECTURE.md as the rows tell them. */
import type { MessageKey } from '../../../lib/storage/store.js';
import type { AuditEntry } from '../contract.js';
import type { SubmittedCommit, WrittenCommit } from './simulated-database.js';

/** What was noted of the calls of all processes. */
export interface Calls {
  readonly written: readonly WrittenCommit[];
  readonly submitted: readonly SubmittedCommit[];
}

export function checkCommits(audit: readonly AuditEntry[], calls: Calls): string[] {
  const { written } = calls;
  return [...checkHistories(audit), ...checkFences(audit), ...checkOwners(audit, written), ...checkConsumption(audit, written), ...checkGuards(audit, written), ...checkRepetitions(calls)];
}

const at = ({ at: time, transaction }: AuditEntry) => `at ${time.toFixed(0)} ms in transaction ${transaction}`;

/** Append-only: deleted when its execution is garbage, and never changed. */
function checkHistories(audit: readonly AuditEntry[]): string[] {
  const problems: string[] = [];
  const garbage = new Set<unknown>();
  for (const entry of audit) {
    const { table, change, row } = entry;
    if (table === 'durable_garbage' && change === 'insert') garbage.add(row.execution_id);
    if (table !== 'durable_history' || change === 'insert') continue;
    const which = `history of execution ${String(row.execution_id)} from event ${String(row.sequence_no)}`;
    if (change === 'update') problems.push(`I1: the ${which} was changed ${at(entry)}.`);
    else if (!garbage.has(row.execution_id)) problems.push(`I1: the ${which} was deleted ${at(entry)}, though it is no garbage.`);
  }
  return problems;
}

/**
 * Epochs never fall, commit numbers and keys never go back. A commit raises the number by one; whoever finds out that one was not
 * carried out, by two, and writes nothing else.
 */
function checkFences(audit: readonly AuditEntry[]): string[] {
  const problems: string[] = [];
  const writes = new Set(audit.filter(({ table }) => table !== 'durable_partitions').map(({ transaction }) => transaction));
  for (const entry of audit) {
    const { table, before, row } = entry;
    if (table !== 'durable_partitions' || !before) continue;
    for (const column of ['epoch', 'commit_no', 'last_key']) {
      if (Number(row[column]) < Number(before[column])) problems.push(`I2: ${column} of partition ${String(row.partition_no)} fell from ${String(before[column])} to ${String(row[column])} ${at(entry)}.`);
    }
    if (Number(row.commit_no) > Number(before.commit_no) + (writes.has(entry.transaction) ? 1 : 2)) problems.push(`I2: partition ${String(row.partition_no)} left out a commit number ${at(entry)}.`);
    // Given back, it may go on to be a dead worker's [Y8].
    const isTaken = row.owner !== null && Number(row.lease_expires_at) !== 0;
    if (isTaken && row.owner !== before.owner && row.epoch === before.epoch) problems.push(`I2: partition ${String(row.partition_no)} changed its owner without a new epoch ${at(entry)}.`);
  }
  return problems;
}

/** A commit counts for the owner and epoch that the partitions' rows have at that moment. */
function checkOwners(audit: readonly AuditEntry[], written: readonly WrittenCommit[]): string[] {
  const rows = new Map<number, Readonly<Record<string, unknown>>>();
  const problems: string[] = [];
  let next = 0;
  for (const { transaction, process, batch } of written) {
    for (; next < audit.length && audit[next]!.transaction <= transaction; next += 1) {
      const { table, row } = audit[next]!;
      if (table === 'durable_partitions') rows.set(Number(row.partition_no), row);
    }
    for (const { partition, owner, epoch, commitNo } of batch.fences) {
      const row = rows.get(partition);
      if (row?.owner === owner && row.epoch === epoch && row.commit_no === commitNo) continue;
      problems.push(
        `I2: ${process} wrote to partition ${partition} in transaction ${transaction} as epoch ${epoch}, commit ${commitNo}; the row says ` +
          `epoch ${String(row?.epoch)}, commit ${String(row?.commit_no)}, owner ${row?.owner === owner ? 'the same' : String(row?.owner)}.`,
      );
    }
  }
  return problems;
}

/** A commit deleted exactly what its checkpoints consumed. */
function checkConsumption(audit: readonly AuditEntry[], written: readonly WrittenCommit[]): string[] {
  const deleted = new Map<number, { messages: number; results: number }>();
  for (const { table, change, transaction } of audit) {
    if (change !== 'delete') continue;
    const counts = deleted.get(transaction) ?? { messages: 0, results: 0 };
    deleted.set(transaction, counts);
    if (table === 'durable_inbox') counts.messages += 1;
    if (table === 'durable_activities_running') counts.results += 1;
  }
  return written.flatMap(({ transaction, process, batch: { checkpoints } }) => {
    const { messages = 0, results = 0 } = deleted.get(transaction) ?? {};
    const consumed = checkpoints.reduce((sum, { consumedMessages }) => sum + consumedMessages.length, 0);
    const claims = checkpoints.reduce((sum, { consumedActivities }) => sum + consumedActivities.length, 0);
    const problems: string[] = [];
    if (messages !== consumed) problems.push(`I4: ${process} consumed ${consumed} messages in transaction ${transaction}, which deleted ${messages}.`);
    if (results < claims) problems.push(`I4: ${process} consumed ${claims} results of activities in transaction ${transaction}, which deleted ${results} claims.`);
    return problems;
  });
}

/** A commit changed only rows that were as its episodes had found them. */
function checkGuards(audit: readonly AuditEntry[], written: readonly WrittenCommit[]): string[] {
  const rowOf = (transaction: number, instanceId: string) => `${transaction} ${instanceId}`;
  const found = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { table, transaction, row, before } of audit) {
    const name = rowOf(transaction, String(row.instance_id));
    if (table === 'durable_instances' && before && !found.has(name)) found.set(name, before);
  }
  return written.flatMap(({ transaction, process, batch: { checkpoints } }) =>
    checkpoints.flatMap(({ instanceId, write }) => {
      const row = found.get(rowOf(transaction, instanceId));
      if (!('expected' in write) || !row || (row.execution_id === write.expected.executionId && row.row_version === write.expected.rowVersion)) return [];
      return [
        `I8: ${process} changed the row of '${instanceId}' in transaction ${transaction} that it expected as version ${write.expected.rowVersion} of execution ` +
          `${write.expected.executionId}; it was version ${String(row.row_version)} of ${String(row.execution_id)}.`,
      ];
    }),
  );
}

/** No process takes up a message again that its own commit has consumed. */
function checkRepetitions({ written, submitted }: Calls): string[] {
  const consumed = new Map<string, number>();
  written.forEach((commit, index) => {
    for (const { name } of consumedBy(commit)) consumed.set(name, index);
  });
  return submitted.flatMap((commit) =>
    consumedBy(commit)
      .filter(({ name }) => (consumed.get(name) ?? Infinity) < commit.written)
      .map(({ name, instanceId }) => `I4: ${commit.process} took message ${name} to '${instanceId}' up again after its commit had consumed it.`),
  );
}

/** Named with the process that consumes them. */
function consumedBy({ process, batch }: Pick<WrittenCommit, 'process' | 'batch'>): { readonly name: string; readonly instanceId: string }[] {
  return batch.checkpoints.flatMap(({ instanceId, consumedMessages }) => consumedMessages.map((key) => ({ name: nameOf(process, key), instanceId })));
}

const nameOf = (process: string, { partition, key, sender }: MessageKey) => `${key} of sender ${sender} in partition ${partition} (${process})`;
