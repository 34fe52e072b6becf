import type { Caller } from '../core/history.js';
import type { Value } from './dialect.js';
import type { EntityRecord } from './schemas.js';
import type { EntityRow } from './store.js';

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

export function toEntityRow(record: EntityRecord): EntityRow {
  return {
    partition: record.partition,
    instanceId: record.instanceId,
    state: record.state ?? undefined,
    lock: record.lockHolder === null ? undefined : (JSON.parse(record.lockHolder) as Caller),
    updatedAt: record.updatedAt,
    rowVersion: record.rowVersion,
    attempts: record.attempts || undefined,
  };
}
