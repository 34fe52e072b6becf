import type { RuntimeStatus } from '../core/history.js';
import type { Value } from './dialect.js';
import type { InstanceRecord } from './schemas.js';
import type { InstanceRow } from './store.js';

/** Columns of instances, in the order of the table. */
export const INSTANCE_COLUMNS = [
  'hub', 'partition_no', 'instance_id', 'execution_id', 'name', 'version', 'status', 'input', 'output', 'failure', 'custom_status', 'tags', 'parent',
  'created_at', 'updated_at', 'start_at', 'history_length', 'row_version',
] as const;

/** Written besides, and only where it counts something: a row without it has 0 [Y8]. */
export const ATTEMPTS_COLUMN = 'attempts';

export type InstanceColumn = (typeof INSTANCE_COLUMNS)[number] | typeof ATTEMPTS_COLUMN;

const VALUE_OF: Readonly<Record<Exclude<InstanceColumn, 'hub'>, (row: InstanceRow) => Value>> = {
  partition_no: ({ partition }) => partition,
  instance_id: ({ instanceId }) => instanceId,
  execution_id: ({ executionId }) => executionId,
  name: ({ name }) => name,
  version: ({ version }) => version ?? null,
  status: ({ status }) => status,
  input: ({ input }) => input ?? null,
  output: ({ output }) => output ?? null,
  failure: ({ failureDetails }) => json(failureDetails),
  custom_status: ({ customStatus }) => customStatus ?? null,
  tags: ({ tags }) => json(tags),
  parent: ({ parent }) => json(parent),
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt,
  start_at: ({ startAt }) => startAt ?? null,
  history_length: ({ historyLength }) => historyLength,
  row_version: ({ rowVersion }) => rowVersion,
  attempts: ({ attempts }) => attempts ?? 0,
};

/** A row as values of these columns, in their order. */
export function instanceValues(hub: number, row: InstanceRow, columns: readonly InstanceColumn[] = INSTANCE_COLUMNS): Value[] {
  return columns.map((column) => (column === 'hub' ? hub : VALUE_OF[column](row)));
}

export function toInstanceRow(record: InstanceRecord): InstanceRow {
  return {
    partition: record.partition,
    instanceId: record.instanceId,
    executionId: record.executionId,
    name: record.name,
    version: record.version ?? undefined,
    status: record.status as RuntimeStatus,
    input: record.input ?? undefined,
    output: record.output ?? undefined,
    failureDetails: parse(record.failure),
    customStatus: record.customStatus ?? undefined,
    tags: parse(record.tags),
    parent: parse(record.parent),
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    startAt: record.startAt ?? undefined,
    historyLength: record.historyLength,
    rowVersion: record.rowVersion,
    attempts: record.attempts || undefined,
  };
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function parse<T>(text: string | null): T | undefined {
  return text === null ? undefined : (JSON.parse(text) as T);
}
