import { randomUUID } from 'node:crypto';
import type { EventRaised, HistoryEvent } from '../../../lib/core/history.js';
import { partitionOf } from '../../../lib/core/ids.js';
import type {
  Checkpoint, Deliver, InboxMessage, InstanceKey, InstanceRow, RunningActivity, TimerRow,
} from '../../../lib/storage/store.js';

/** Partitions of the hubs that these tests use. */
export const PARTITION_COUNT = 4;

/** An id that lies in a partition. */
export function idIn(partition: number, prefix = 'id'): string {
  for (let count = 0; ; count += 1) {
    const id = `${prefix}-${count}`;
    if (partitionOf(id, PARTITION_COUNT) === partition) return id;
  }
}

export function newRow(instanceId: string, changes: Partial<InstanceRow> = {}): InstanceRow {
  return {
    partition: partitionOf(instanceId, PARTITION_COUNT),
    instanceId,
    executionId: randomUUID(),
    name: 'fulfil',
    status: 'Pending',
    createdAt: 1_000,
    updatedAt: 1_000,
    historyLength: 0,
    rowVersion: 1,
    ...changes,
  };
}

/** A checkpoint that changes nothing but what is given. */
export function checkpoint(key: InstanceKey, changes: Partial<Checkpoint> = {}): Checkpoint {
  return {
    partition: key.partition,
    instanceId: key.instanceId,
    write: { kind: 'none' },
    history: [],
    consumedMessages: [],
    consumedActivities: [],
    deletedTimers: [],
    cancelledTimers: [],
    messages: [],
    timers: [],
    readyActivities: [],
    runningActivities: [],
    garbage: [],
    abandonedActivities: [],
    ...changes,
  };
}

export const inserted = (row: InstanceRow, changes: Partial<Checkpoint> = {}): Checkpoint => checkpoint(row, { write: { kind: 'insert', row }, ...changes });

/** A checkpoint that changes a row as a later episode does. */
export function updated(before: InstanceRow, row: Partial<InstanceRow>, changes: Partial<Checkpoint> = {}): Checkpoint {
  return checkpoint(before, { write: { kind: 'update', row: { ...before, rowVersion: before.rowVersion + 1, ...row }, expected: before }, ...changes });
}

let lastKey = 0;

export function message(key: InstanceKey, changes: Partial<InboxMessage> = {}): InboxMessage {
  const body: Deliver = { type: 'Deliver', event: { type: 'EventRaised', name: 'go' } };
  return { partition: key.partition, instanceId: key.instanceId, key: (lastKey += 1), sender: 0, body, ...changes };
}

export function timer(row: InstanceRow, changes: Partial<TimerRow> = {}): TimerRow {
  return { partition: row.partition, instanceId: row.instanceId, executionId: row.executionId, taskId: 0, fireAt: 5_000, ...changes };
}

export function activity(row: InstanceRow, changes: Partial<RunningActivity> = {}): RunningActivity {
  return {
    partition: row.partition, instanceId: row.instanceId, executionId: row.executionId, taskId: 0, name: 'charge', input: '1', callId: 0, attempt: 1,
    claimToken: randomUUID(), claimedBy: 'nobody', ...changes,
  };
}

/** An event of history that is recognized by its number and takes up about so many characters. */
export function event(number: number, size = 0): EventRaised & HistoryEvent {
  return { type: 'EventRaised', name: `e${number}`, input: JSON.stringify('x'.repeat(size)) };
}
