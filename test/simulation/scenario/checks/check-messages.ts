/** Every message, fired timer and result is consumed once, by the checkpoint that records it (I4). */
import type { HistoryEvent } from '../../../../lib/core/history.js';
import { isEntityId } from '../../../../lib/core/entity-id.js';
import { isFinished, type RuntimeStatus } from '../../../../lib/core/history.js';
import type { AuditEntry } from '../../contract.js';
import { bodyOf, eventsOf, keyOf, ofTable, rowOf, transactionsOf, type ActivityAudit, type HistoryAudit, type InstanceAudit, type MessageAudit, type TimerAudit } from './rows.js';

export function checkMessages(audit: readonly AuditEntry[]): string[] {
  return new Messages().check(audit);
}

/** What a transaction consumed, as events of an execution. */
type Consumed = Map<string, string[]>;

class Messages {
  private readonly places = new Map<string, 'waiting' | 'consumed'>();
  /** When each message came. */
  private readonly cameAt = new Map<string, number>();
  /** When a client put an instance in its place, or rewound it. */
  private readonly startedAt = new Map<string, number>();
  private readonly instances = new Map<string, InstanceAudit>();
  private readonly problems: string[] = [];

  check(audit: readonly AuditEntry[]): string[] {
    for (const transaction of transactionsOf(audit)) {
      this.follow(transaction);
      this.compare(transaction);
      for (const { change, row, order } of ofTable(transaction, 'durable_instances')) {
        const instance = row as unknown as InstanceAudit;
        const { instance_id, execution_id, status } = instance;
        const last = this.instances.get(instance_id);
        const isNew = status === 'Pending' && last?.execution_id !== execution_id;
        const isRewound = last !== undefined && isFinished(last.status as RuntimeStatus) && !isFinished(status as RuntimeStatus);
        if (isNew || isRewound) this.startedAt.set(instance_id, order);
        if (change === 'delete') this.instances.delete(instance_id);
        else this.instances.set(instance_id, instance);
      }
    }
    return this.problems;
  }

  /** Where each message is: one that a transaction takes from an inbox and puts into a queue was moved. */
  private follow(transaction: readonly AuditEntry[]): void {
    const added = new Set<string>();
    const removed = new Set<string>();
    for (const entry of transaction) {
      if (entry.table !== 'durable_inbox' && entry.table !== 'durable_entity_queue') continue;
      const message = rowOf<MessageAudit>(entry);
      const key = keyOf(message);
      if (entry.change === 'insert') added.add(key);
      else removed.add(key);
      if (entry.change === 'insert') this.cameAt.set(key, entry.order);
      if (entry.table === 'durable_inbox' && entry.change === 'insert' && this.places.has(key)) {
        this.problems.push(`I4: message ${key} to '${message.instance_id}' was written twice`);
      }
      if (entry.change === 'delete' && this.places.get(key) !== 'waiting' && !added.has(key)) this.problems.push(`I4: message ${key} to '${message.instance_id}' was consumed twice`);
    }
    for (const key of removed) this.places.set(key, 'consumed');
    for (const key of added) this.places.set(key, 'waiting');
  }

  private compare(transaction: readonly AuditEntry[]): void {
    const recorded = new Map<string, HistoryEvent[]>();
    for (const entry of ofTable(transaction, 'durable_history', 'insert')) {
      const row = rowOf<HistoryAudit>(entry);
      // What continueAsNew hands on was consumed before.
      const events = row.sequence_no === 0 && this.isContinued(transaction, row.execution_id) ? [] : eventsOf(row);
      recorded.set(row.execution_id, [...(recorded.get(row.execution_id) ?? []), ...events]);
    }
    const consumed = this.consumedBy(transaction);
    for (const [executionId, events] of recorded) this.compareRecorded(executionId, events.flatMap(nameOf), consumed.get(executionId) ?? []);
    const ended = new Set(ofTable(transaction, 'durable_garbage', 'insert').map((entry) => rowOf<HistoryAudit>(entry).execution_id));
    for (const [executionId, names] of consumed) {
      if (ended.has(executionId)) continue;
      for (const name of missing(names, (recorded.get(executionId) ?? []).flatMap(nameOf))) {
        this.problems.push(`I4: ${name} of execution ${executionId} was consumed, but is not in its history`);
      }
    }
  }

  private compareRecorded(executionId: string, recorded: readonly string[], consumed: readonly string[]): void {
    for (const name of missing(recorded, consumed)) {
      this.problems.push(`I4: ${name} is in the history of execution ${executionId}, but was not consumed by the same checkpoint`);
    }
  }

  private isContinued(transaction: readonly AuditEntry[], executionId: string): boolean {
    return ofTable(transaction, 'durable_instances', 'update').some(({ row, before }) => {
      const old = before as unknown as InstanceAudit;
      return row['execution_id'] === executionId && old.execution_id !== executionId && !isFinished(old.status as RuntimeStatus);
    });
  }

  private consumedBy(transaction: readonly AuditEntry[]): Consumed {
    const consumed: Consumed = new Map();
    const add = (executionId: string, name: string) => consumed.set(executionId, [...(consumed.get(executionId) ?? []), name]);
    const recorded = new Set(ofTable(transaction, 'durable_history', 'insert').flatMap((entry) => eventsOf(rowOf<HistoryAudit>(entry)).flatMap((event) => nameOf(event).map((name) => `${rowOf<HistoryAudit>(entry).execution_id} ${name}`))));
    const addRecorded = (executionId: string, name: string) => {
      if (recorded.has(`${executionId} ${name}`)) add(executionId, name);
    };
    const current = new Map(ofTable(transaction, 'durable_instances', 'insert', 'update').map((entry) => [rowOf<InstanceAudit>(entry).instance_id, rowOf<InstanceAudit>(entry)]));
    for (const entry of ofTable(transaction, 'durable_inbox', 'delete')) {
      const message = rowOf<MessageAudit>(entry);
      const body = bodyOf(message);
      if (body.type !== 'Deliver' || isEntityId(message.instance_id)) continue;
      const row = this.ownerOf(message.instance_id, current);
      if (!row || (body.executionId !== undefined && body.executionId !== row.execution_id) || !isChildOf(row, body.parentExecutionId)) continue;
      // Its owner may have looked for the instance before a client put it there, or rewound it: then it was for none, or for a finished one.
      const isOlder = this.cameAt.get(keyOf(message))! < (this.startedAt.get(message.instance_id) ?? -1);
      for (const name of nameOf(body.event)) (isOlder ? addRecorded : add)(row.execution_id, name);
    }
    // Rows of timers that are cancelled, and of activities that are abandoned, are deleted too: they prove nothing by themselves.
    for (const entry of ofTable(transaction, 'durable_timers', 'delete')) {
      const { execution_id, task_id } = rowOf<TimerAudit>(entry);
      addRecorded(execution_id, `TimerFired ${task_id}`);
    }
    for (const entry of ofTable(transaction, 'durable_activities_running', 'delete')) {
      const { execution_id, task_id } = rowOf<ActivityAudit>(entry);
      for (const type of ['TaskCompleted', 'TaskFailed']) addRecorded(execution_id, `${type} ${task_id}`);
    }
    return consumed;
  }

  /** The live instance that a message is for: as it was before the transaction, or as the transaction creates it. */
  private ownerOf(instanceId: string, current: ReadonlyMap<string, InstanceAudit>): InstanceAudit | undefined {
    const before = this.instances.get(instanceId);
    const after = current.get(instanceId);
    if (before && !isFinished(before.status as RuntimeStatus)) return before.execution_id === after?.execution_id || !after ? before : undefined;
    return after;
  }
}

function isChildOf({ parent }: InstanceAudit, parentExecutionId: string | undefined): boolean {
  if (parentExecutionId === undefined) return true;
  return (JSON.parse(parent ?? '{}') as { executionId?: string }).executionId === parentExecutionId;
}

/** Inputs by name; what is no input that something was consumed for has none. */
function nameOf(event: HistoryEvent): string[] {
  switch (event.type) {
    case 'EventRaised':
      return [`${event.type} '${event.name}' ${event.input ?? ''}`];
    case 'TaskCompleted':
    case 'TaskFailed':
    case 'TimerFired':
    case 'SubOrchestrationInstanceCompleted':
    case 'SubOrchestrationInstanceFailed':
    case 'EntityOperationCompleted':
    case 'EntityOperationFailed':
    case 'EntityLockGranted':
      return [`${event.type} ${event.taskId}`];
    case 'ExecutionSuspended':
    case 'ExecutionResumed':
    case 'ExecutionTerminated':
      return [event.type];
    default:
      return [];
  }
}

/** Those that the other list does not have, or has less often. */
function missing(names: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return names.filter((name) => {
    const place = left.indexOf(name);
    if (place === -1) return true;
    left.splice(place, 1);
    return false;
  });
}
