import type { SelectQueryBuilder } from 'typeorm';
import { entityValues, toEntityRow, type EntityColumn } from '../entity-records.js';
import { StaleMemberError } from '../errors.js';
import { entitySchema, type EntityRecord } from '../schemas.js';
import type { Session } from '../session.js';
import type { WriteList } from '../write-list.js';
import type { Checkpoint, EntityGuard, EntityQuery, EntityRow, InstanceKey } from '../store.js';
import { compareKeys } from './instances.js';
import { whereTuples } from './where-tuples.js';

const KEY = ['hub', 'partition_no', 'instance_id'] as const;
/** What each step of an entity changes; its state may be megabytes, and is written when it is another. */
const PROGRESS = ['lock_holder', 'updated_at', 'row_version', 'attempts'] as const;

/** Inserts, updates and deletes the rows of entities; each change is guarded by the row's version (I8). */
export function writeEntities(list: WriteList, hub: number, checkpoints: readonly Checkpoint[]): void {
  const writes = checkpoints.flatMap(({ partition, instanceId, entity }) => (entity ? [{ partition, instanceId, ...entity.row }] : []));
  const inserts = writes.flatMap((write) => (write.kind === 'insert' ? [write.row] : []));
  const updates = writes.filter((write) => write.kind === 'update').sort(compareKeys);
  const deletes = writes.filter((write) => write.kind === 'delete').sort(compareKeys);
  const columns = [...KEY, 'state', ...PROGRESS] as const;
  list.insert('durable_entities', columns, inserts.map((row) => entityValues(hub, row, columns)));
  const isSame = ({ row, expected }: Update) => row.state !== undefined && row.state === expected.state;
  updateRows(list, hub, updates.filter(isSame), PROGRESS);
  updateRows(list, hub, updates.filter((update) => !isSame(update)), ['state', ...PROGRESS]);
  list.deleteMany(
    'durable_entities', [...KEY, 'row_version'], deletes.map(({ partition, instanceId, expected }) => [hub, partition, instanceId, expected.rowVersion]),
    () => stale(deletes),
  );
}

type Update = InstanceKey & { readonly row: EntityRow; readonly expected: EntityGuard };

function updateRows(list: WriteList, hub: number, updates: readonly Update[], changed: readonly EntityColumn[]): void {
  const columns = [...KEY, ...changed];
  list.updateMany(
    {
      table: 'durable_entities',
      columns: [...columns, 'expected_version'],
      where: [...KEY.map((column) => `t.${column} = v.${column}`), 't.row_version = v.expected_version'],
      set: changed.map((column) => `${column} = v.${column}`),
    },
    updates.map(({ row, expected }) => [...entityValues(hub, row, columns), expected.rowVersion]),
    () => stale(updates),
  );
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
  return session.repository(entitySchema).createQueryBuilder('e');
}
