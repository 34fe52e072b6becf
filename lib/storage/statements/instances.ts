import type { SelectQueryBuilder } from 'typeorm';
import { instanceEntity, type InstanceRecord } from '../entities.js';
import { StaleMemberError } from '../errors.js';
import { isDuplicateKey } from '../error-mapping.js';
import { INSTANCE_COLUMNS, instanceValues, toInstanceRow } from '../instance-records.js';
import type { Session } from '../session.js';
import type { Checkpoint, InstanceKey, InstanceQuery, InstanceRow } from '../store.js';
import { whereTuples } from './where-tuples.js';

const KEY = ['hub', 'partition_no', 'instance_id'] as const;
/** What a checkpoint may change, besides the key and what never changes. */
const CHANGED = INSTANCE_COLUMNS.filter((column) => !KEY.includes(column as (typeof KEY)[number]));

/** Inserts and updates the rows of checkpoints; each update is guarded by execution id and version (I8). */
export async function writeInstances(session: Session, hub: number, checkpoints: readonly Checkpoint[]): Promise<void> {
  const inserts = checkpoints.flatMap(({ write }) => (write.kind === 'insert' ? [instanceValues(hub, write.row)] : []));
  const updates = checkpoints.flatMap(({ write }) =>
    write.kind === 'update' || write.kind === 'replace' ? [[...instanceValues(hub, write.row), write.expected.executionId, write.expected.rowVersion]] : [],
  );
  try {
    await session.insert('durable_instances', INSTANCE_COLUMNS, inserts);
  } catch (error) {
    if (isDuplicateKey(error)) throw new StaleMemberError('An instance that was to be created exists already.');
    throw error;
  }
  const matched = await session.updateMany(
    {
      table: 'durable_instances',
      columns: [...INSTANCE_COLUMNS, 'expected_execution', 'expected_version'],
      where: [...KEY.map((column) => `t.${column} = v.${column}`), 't.execution_id = v.expected_execution', 't.row_version = v.expected_version'],
      set: CHANGED.map((column) => `${column} = v.${column}`),
    },
    updates,
  );
  if (matched !== updates.length) throw new StaleMemberError('An instance is no longer as it was when its episode ran.');
}

/** Rows by key, in the order of the keys; what is missing is left out. */
export async function findInstances(session: Session, hub: number, keys: readonly InstanceKey[]): Promise<InstanceRow[]> {
  const found = new Map<string, InstanceRow>();
  for (const chunk of session.chunks(keys.map(({ partition, instanceId }) => [hub, partition, instanceId]))) {
    const query = instances(session);
    whereTuples(query, session, ['i.hub', 'i.partition_no', 'i.instance_id'], chunk);
    for (const record of await query.getMany()) found.set(record.instanceId, toInstanceRow(record));
  }
  return keys.flatMap(({ instanceId }) => found.get(instanceId) ?? []);
}

/** One keyset page, in the order of creation. */
export async function queryInstances(session: Session, hub: number, filter: InstanceQuery): Promise<InstanceRow[]> {
  const query = instances(session).where('i.hub = :hub', { hub });
  if (filter.statuses) query.andWhere('i.status IN (:...statuses)', { statuses: filter.statuses });
  if (filter.createdFrom !== undefined) query.andWhere('i.created_at >= :from', { from: filter.createdFrom });
  if (filter.createdTo !== undefined) query.andWhere('i.created_at <= :to', { to: filter.createdTo });
  if (filter.name !== undefined) query.andWhere('i.name = :name', { name: filter.name });
  if (filter.instanceIdPrefix) {
    // A range in binary order is exact; LIKE would fold case on SQLite.
    query.andWhere('i.instance_id >= :prefix AND i.instance_id <= :last', { prefix: filter.instanceIdPrefix, last: `${filter.instanceIdPrefix}\u{10FFFF}` });
  }
  Object.entries(filter.tags ?? {}).forEach(([key, value], index) => {
    const text = session.dialect.jsonText('i.tags').replace('?', `:path${index}`);
    query.andWhere(`${text} = :tag${index}`, { [`path${index}`]: `$.${JSON.stringify(key)}`, [`tag${index}`]: value });
  });
  if (filter.after) {
    query.andWhere('(i.created_at > :afterTime OR (i.created_at = :afterTime AND i.instance_id > :afterId))', {
      afterTime: filter.after.createdAt,
      afterId: filter.after.instanceId,
    });
  }
  const records = await query.orderBy('i.createdAt').addOrderBy('i.instanceId').limit(filter.limit).getMany();
  return records.map(toInstanceRow);
}

function instances(session: Session): SelectQueryBuilder<InstanceRecord> {
  return session.runner.manager.getRepository(instanceEntity).createQueryBuilder('i');
}
