import type { RuntimeStatus } from '../core/history.js';
import type { Value } from './dialect.js';
import type { InstanceRecord } from './entities.js';
import type { InstanceRow } from './store.js';

/** Columns of instances in the order of {@link instanceValues}. */
export const INSTANCE_COLUMNS = [
  'hub', 'partition_no', 'instance_id', 'execution_id', 'name', 'version', 'status', 'input', 'output', 'failure', 'custom_status', 'tags', 'parent',
  'created_at', 'updated_at', 'start_at', 'history_length', 'row_version',
] as const;

export function instanceValues(hub: number, row: InstanceRow): Value[] {
  return [
    hub, row.partition, row.instanceId, row.executionId, row.name, row.version ?? null, row.status, row.input ?? null, row.output ?? null,
    json(row.failureDetails), row.customStatus ?? null, json(row.tags), json(row.parent), row.createdAt, row.updatedAt, row.startAt ?? null,
    row.historyLength, row.rowVersion,
  ];
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
  };
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function parse<T>(text: string | null): T | undefined {
  return text === null ? undefined : (JSON.parse(text) as T);
}
