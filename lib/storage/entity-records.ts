import type { Caller } from '../core/history.js';
import type { Value } from './dialect.js';
import type { EntityRecord } from './schemas.js';
import type { EntityRow } from './store.js';
import { isRecord, readStored } from './stored-json.js';

export type EntityColumn = 'hub' | 'partition_no' | 'instance_id' | 'state' | 'lock_holder' | 'updated_at' | 'row_version' | 'attempts';

const VALUE_OF: Readonly<Record<Exclude<EntityColumn, 'hub'>, (row: EntityRow) => Value>> = {
  partition_no: ({ partition }) => partition,
  instance_id: ({ instanceId }) => instanceId,
  state: ({ state }) => state ?? null,
  lock_holder: ({ lock }) => (lock === undefined ? null : JSON.stringify(lock)),
  updated_at: ({ updatedAt }) => updatedAt,
  row_version: ({ rowVersion }) => rowVersion,
  attempts: ({ attempts }) => attempts ?? 0,
};

/** A row as values of these columns, in their order. */
export function entityValues(hub: number, row: EntityRow, columns: readonly EntityColumn[]): Value[] {
  return columns.map((column) => (column === 'hub' ? hub : VALUE_OF[column](row)));
}

/** Never throws: a lock that cannot be read is absent, and `unreadable` says so. */
export function toEntityRow(record: EntityRecord): EntityRow {
  let unreadable: string | undefined;
  const problem = (reason: string) => (unreadable = `column 'lock_holder' ${reason}`);
  const lock = record.lockHolder === null ? undefined : readStored<Caller>(record.lockHolder, 'a holder of a lock', isCaller, problem);
  return {
    partition: record.partition,
    instanceId: record.instanceId,
    state: record.state ?? undefined,
    lock,
    updatedAt: record.updatedAt,
    rowVersion: record.rowVersion,
    attempts: record.attempts || undefined,
    ...(unreadable !== undefined && { unreadable }),
  };
}

/** Whether a value says where an answer goes. */
export function isCaller(value: unknown): value is Caller {
  return isRecord(value) && typeof value.instanceId === 'string' && typeof value.executionId === 'string' && typeof value.taskId === 'number';
}
