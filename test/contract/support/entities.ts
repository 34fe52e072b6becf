import { partitionOf } from '../../../lib/core/ids.js';
import type { Caller } from '../../../lib/core/history.js';
import type { Checkpoint, EntityOperation, EntityRow, EntityWrite, InstanceKey, QueuedMessage } from '../../../lib/storage/store.js';
import { checkpoint, message, PARTITION_COUNT } from './rows.js';

export function newEntity(instanceId: string, changes: Partial<EntityRow> = {}): EntityRow {
  return { partition: partitionOf(instanceId, PARTITION_COUNT), instanceId, state: '1', updatedAt: 1_000, rowVersion: 1, ...changes };
}

/** A step of an entity that changes nothing but what is given. */
export function entityStep(key: InstanceKey, entity: Partial<EntityWrite>, changes: Partial<Checkpoint> = {}): Checkpoint {
  return checkpoint(key, { entity: { row: { kind: 'none' }, queued: [], dequeued: [], withdrawn: [], ...entity }, ...changes });
}

export const created = (row: EntityRow, entity: Partial<EntityWrite> = {}): Checkpoint =>
  entityStep(row, { row: { kind: 'insert', row }, ...entity });

/** A row as the next step leaves it. */
export const next = (before: EntityRow, changes: Partial<EntityRow>): EntityRow => ({ ...before, rowVersion: before.rowVersion + 1, ...changes });

export const changed = (before: EntityRow, changes: Partial<EntityRow>, entity: Partial<EntityWrite> = {}): Checkpoint =>
  entityStep(before, { row: { kind: 'update', row: next(before, changes), expected: before }, ...entity });

export const removed = (row: EntityRow): Checkpoint => entityStep(row, { row: { kind: 'delete', expected: row } });

export const caller = (executionId: string, taskId = 0): Caller => ({ instanceId: 'caller', executionId, taskId });

/** A signal in the queue of an entity. */
export function queued(key: InstanceKey, changes: Partial<QueuedMessage> = {}): QueuedMessage {
  const body: EntityOperation = { type: 'EntityOperation', operation: 'add', input: '1' };
  return { ...message(key, { body }), ...changes };
}

export const request = (key: InstanceKey, holder: Caller): QueuedMessage => queued(key, { body: { type: 'LockEntity', holder } });
