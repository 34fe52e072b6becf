/** The tables that TypeORM reads. Its entities are rows of any kind: here they are called schemas, as an entity is a durable one. */
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';

/** A row of instances as the database holds it: payloads and lists are JSON text. */
export interface InstanceRecord {
  hub: number;
  partition: number;
  instanceId: string;
  executionId: string;
  name: string;
  version: string | null;
  status: string;
  input: string | null;
  output: string | null;
  failure: string | null;
  customStatus: string | null;
  tags: string | null;
  parent: string | null;
  createdAt: number;
  updatedAt: number;
  startAt: number | null;
  historyLength: number;
  rowVersion: number;
  attempts: number;
}

/** A row of durable entities. */
export interface EntityRecord {
  hub: number;
  partition: number;
  instanceId: string;
  /** Missing where it was not asked for. */
  state?: string | null;
  lockHolder: string | null;
  updatedAt: number;
  rowVersion: number;
  attempts: number;
}

/** Consecutive events of one execution, as one checkpoint wrote them. */
export interface HistoryRecord {
  hub: number;
  partition: number;
  executionId: string;
  sequence: number;
  events: number;
  format: number;
  body: string;
}

/** 64-bit integers that JavaScript holds exactly: drivers may hand them out as text. */
const integer = (name: string): EntitySchemaColumnOptions => ({
  name,
  type: 'bigint',
  transformer: { to: (value: number | null) => value, from: (value: string | number | null) => (value === null ? null : Number(value)) },
});
const text = (name: string): EntitySchemaColumnOptions => ({ name, type: 'varchar' });
const payload = (name: string): EntitySchemaColumnOptions => ({ name, type: 'text', nullable: true });

export const instanceSchema = new EntitySchema<InstanceRecord>({
  name: 'DurableInstance',
  tableName: 'durable_instances',
  columns: {
    hub: { ...integer('hub'), primary: true },
    partition: { ...integer('partition_no'), primary: true },
    instanceId: { ...text('instance_id'), primary: true },
    executionId: text('execution_id'),
    name: text('name'),
    version: { ...text('version'), nullable: true },
    status: text('status'),
    input: payload('input'),
    output: payload('output'),
    failure: payload('failure'),
    customStatus: payload('custom_status'),
    tags: payload('tags'),
    parent: payload('parent'),
    createdAt: integer('created_at'),
    updatedAt: integer('updated_at'),
    startAt: { ...integer('start_at'), nullable: true },
    historyLength: integer('history_length'),
    rowVersion: integer('row_version'),
    attempts: integer('attempts'),
  },
});

export const entitySchema = new EntitySchema<EntityRecord>({
  name: 'DurableEntity',
  tableName: 'durable_entities',
  columns: {
    hub: { ...integer('hub'), primary: true },
    partition: { ...integer('partition_no'), primary: true },
    instanceId: { ...text('instance_id'), primary: true },
    // Megabytes, which not everybody wants.
    state: { ...payload('state'), select: false },
    lockHolder: payload('lock_holder'),
    updatedAt: integer('updated_at'),
    rowVersion: integer('row_version'),
    attempts: integer('attempts'),
  },
});

export const historySchema = new EntitySchema<HistoryRecord>({
  name: 'DurableHistory',
  tableName: 'durable_history',
  columns: {
    hub: { ...integer('hub'), primary: true },
    partition: { ...integer('partition_no'), primary: true },
    executionId: { ...text('execution_id'), primary: true },
    sequence: { ...integer('sequence_no'), primary: true },
    events: integer('event_count'),
    format: integer('format'),
    body: { name: 'body', type: 'text' },
  },
});

export const durableSchemas = [instanceSchema, entitySchema, historySchema];
