import type { SelectQueryBuilder } from 'typeorm';
import { entityValues, toEntityRow, type EntityColumn } from '../entity-records.js';
import { StaleMemberError } from '../errors.js';
import { isDuplicateKey } from '../error-mapping.js';
import { entitySchema, type EntityRecord } from '../schemas.js';
import type { Session } from '../session.js';
import type { Checkpoint, EntityGuard, EntityQuery, EntityRow, InstanceKey } from '../store.js';
import { compareKeys } from './instances.js';
import { whereTuples } from './where-tuples.js';

const KEY = ['hub', 'partition_no', 'instance_id'] as const;
/** What each step of an entity changes; its state may be megabytes, and is written when it is another. */
const PROGRESS = ['lock_holder', 'updated_at', 'row_version', 'attempts'] as const;

/** Inserts, updates and deletes the rows of entities; each change is guarded by the row's version (I8). */
export async function writeEntities(session: Session, hub: number, checkpoints: readonly Checkpoint[]): Promise<void> {
  const writes = checkpoints.flatMap(({ partition, instanceId, entity }) => (entity ? [{ partition, instanceId, ...entity.row }] : []));
  const inserts = writes.flatMap((write) => (write.kind === 'insert' ? [write.row] : []));
  const updates = writes.filter((write) => write.kind === 'update').sort(compareKeys);
  const deletes = writes.filter((write) => write.kind === 'delete').sort(compareKeys);
  try {
    const columns = [...KEY, 'state', ...PROGRESS] as const;
    await session.insert('durable_entities', columns, inserts.map((row) => entityValues(hub, row, columns)));
  } catch (error) {
    if (isDuplicateKey(error)) throw new StaleMemberError('An entity that was to be created exists already.', { cause: error });
    throw error;
  }
  const isSame = ({ row, expected }: Update) => row.state !== undefined && row.state === expected.state;
  await updateRows(session, hub, updates.filter(isSame), PROGRESS);
  await updateRows(session, hub, updates.filter((update) => !isSame(update)), ['state', ...PROGRESS]);
  const deleted = await session.deleteMany(
    'durable_entities', [...KEY, 'row_version'], deletes.map(({ partition, instanceId, expected }) => [hub, partition, instanceId, expected.rowVersion]),
  );
  if (deleted !== deletes.length) throw stale(deletes);
}

type Update = InstanceKey & { readonly row: EntityRow; readonly expected: EntityGuard };

async function updateRows(session: Session, hub: number, updates: readonly Update[], changed: readonly EntityColumn[]): Promise<void> {
  const columns = [...KEY, ...changed];
  const matched = await session.updateMany(
    {
      table: 'durable_entities',
      columns: [...columns, 'expected_version'],
      where: [...KEY.map((column) => `t.${column} = v.${column}`), 't.row_version = v.expected_version'],
      set: changed.map((column) => `${column} = v.${column}`),
    },
    updates.map(({ row, expected }) => [...entityValues(hub, row, columns), expected.rowVersion]),
  );
  if (matched !== updates.length) throw stale(updates);
}

function stale(keys: readonly InstanceKey[]): StaleMemberError {
  const names = keys.slice(0, 3).map(({ instanceId }) => `'${instanceId}'`).join(', ');
  return new StaleMemberError(`Of the entities ${names}${keys.length > 3 ? ', …' : ''}, one or more are no longer as they were when their operations ran.`);
}

/** Rows by key, in the order of the keys; what is missing is left out. */
export async function findEntities(session: Session, hub: number, keys: readonly InstanceKey[]): Promise<EntityRow[]> {
  const found = new Map<string, EntityRow>();
  for (const chunk of session.chunks(keys.map(({ partition, instanceId }) => [hub, partition, instanceId]))) {
    const query = entities(session).addSelect('e.state');
    whereTuples(query, session, ['e.hub', 'e.partition_no', 'e.instance_id'], chunk);
    for (const record of await query.getMany()) found.set(record.instanceId, toEntityRow(record));
  }
  return keys.flatMap(({ instanceId }) => found.get(instanceId) ?? []);
}

/** One keyset page, in the order of the ids. */
export async function queryEntities(session: Session, hub: number, filter: EntityQuery): Promise<EntityRow[]> {
  const query = entities(session).where('e.hub = :hub', { hub });
  query.andWhere(filter.which === 'existing' ? 'e.state IS NOT NULL' : '(e.state IS NULL OR e.lock_holder IS NOT NULL)');
  if (filter.fetchState) query.addSelect('e.state');
  if (filter.name !== undefined) {
    // A range in binary order is exact: a name holds no '@', and 'A' is the character behind it. LIKE would fold case on SQLite.
    query.andWhere('e.instance_id >= :first AND e.instance_id < :end', { first: `@${filter.name}@`, end: `@${filter.name}A` });
  }
  if (filter.lastOperationFrom !== undefined) query.andWhere('e.updated_at >= :from', { from: filter.lastOperationFrom });
  if (filter.lastOperationTo !== undefined) query.andWhere('e.updated_at <= :to', { to: filter.lastOperationTo });
  if (filter.after !== undefined) query.andWhere('e.instance_id > :after', { after: filter.after });
  const records = await query.orderBy('e.instanceId').limit(filter.limit).getMany();
  return records.map(toEntityRow);
}

function entities(session: Session): SelectQueryBuilder<EntityRecord> {
  return session.runner.manager.getRepository(entitySchema).createQueryBuilder('e');
}
