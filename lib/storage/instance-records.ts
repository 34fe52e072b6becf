import { RUNTIME_STATUSES, type RuntimeStatus } from '../core/history.js';
import type { Value } from './dialect.js';
import type { InstanceRecord } from './schemas.js';
import type { InstanceRow } from './store.js';
import { isRecord, readStored } from './stored-json.js';

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

/** Never throws: what cannot be read is absent, and `unreadable` says so. */
export function toInstanceRow(record: InstanceRecord): InstanceRow {
  const problems: string[] = [];
  const read = <T>(column: string, text: string | null): T | undefined =>
    text === null ? undefined : readStored<T>(text, 'an object', isRecord, (reason) => problems.push(`column '${column}' ${reason}`));
  if (!isStatus(record.status)) problems.push(`column 'status' holds '${record.status}', which is none`);
  return {
    partition: record.partition,
    instanceId: record.instanceId,
    executionId: record.executionId,
    name: record.name,
    version: record.version ?? undefined,
    status: record.status as RuntimeStatus,
    input: record.input ?? undefined,
    output: record.output ?? undefined,
    failureDetails: read('failure', record.failure),
    customStatus: record.customStatus ?? undefined,
    tags: read('tags', record.tags),
    parent: read('parent', record.parent),
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    startAt: record.startAt ?? undefined,
    historyLength: record.historyLength,
    rowVersion: record.rowVersion,
    attempts: record.attempts || undefined,
    ...(problems.length > 0 && { unreadable: problems.join('; ') }),
  };
}

function isStatus(status: string): boolean {
  return (RUNTIME_STATUSES as readonly string[]).includes(status);
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
