/**
 * Pages of instances in the order of their creation. However many there are, a page comes from an index that leads to it. There is
 * one for each filter and none for two of them: what several have in common is looked for among the instances of one.
 */
import type { SelectQueryBuilder } from 'typeorm';
import { toInstanceRow } from '../instance-records.js';
import type { InstanceRecord } from '../schemas.js';
import type { Session } from '../session.js';
import type { InstanceQuery, InstanceRow } from '../store.js';
import { instances } from './instances.js';
import { countTagged, readTagged } from './tags.js';
import { whereTuples } from './where-tuples.js';

/** Instances with a prefix that are sorted, at most; of more than that, a page is soon found among all. */
const MAX_SORTED = 1_000;
/** Instances with a tag that one statement looks at, at most. */
const MAX_TAGGED = 500;

type Query = SelectQueryBuilder<InstanceRecord>;

/** One keyset page. @param partitions all partitions of the hub */
export async function queryInstances(session: Session, hub: number, partitions: readonly number[], filter: InstanceQuery): Promise<InstanceRow[]> {
  const { statuses, instanceIdPrefix, limit } = filter;
  if (statuses?.length === 0) return [];
  const all = () => instances(session).where('i.hub = :hub', { hub });
  const tag = await rarestTag(session, hub, filter);
  if (tag) return queryTagged(session, hub, tag, filter);
  if (instanceIdPrefix && (await isRare(session, hub, partitions, instanceIdPrefix))) {
    const query = all().andWhere('i.partition_no IN (:...partitions)', { partitions });
    return read(sorted(restrict(query, filter)).limit(limit));
  }
  const pages: InstanceRow[][] = [];
  // One after the other: all instances of several would have to be sorted.
  for (const status of statuses ?? [undefined]) {
    const query = restrict(all(), { ...filter, statuses: status && [status] });
    pages.push(await read(query.orderBy('i.createdAt').addOrderBy('i.instanceId').limit(limit)));
  }
  return pages.length === 1 ? pages[0]! : pages.flat().sort(compareByCreation).slice(0, limit);
}

/** Adds all conditions but those of tags. */
function restrict(query: Query, { statuses, createdFrom, createdTo, name, instanceIdPrefix, after }: InstanceQuery): Query {
  if (statuses) query.andWhere('i.status IN (:...statuses)', { statuses });
  if (createdFrom !== undefined) query.andWhere('i.created_at >= :createdFrom', { createdFrom });
  if (createdTo !== undefined) query.andWhere('i.created_at <= :createdTo', { createdTo });
  if (name !== undefined) query.andWhere('i.name = :name', { name });
  if (instanceIdPrefix) query.andWhere('i.instance_id >= :first AND i.instance_id <= :last', prefixRange(instanceIdPrefix));
  if (after) {
    query.andWhere('i.created_at >= :afterTime AND (i.created_at > :afterTime OR i.instance_id > :afterId)', {
      afterTime: after.createdAt,
      afterId: after.instanceId,
    });
  }
  return query;
}

/** In the order of creation, without the index of that order, which would lead through all instances of the hub. */
function sorted(query: Query): Query {
  return query.orderBy('i.created_at + 0').addOrderBy('i.instance_id');
}

async function read(query: Query): Promise<InstanceRow[]> {
  return (await query.getMany()).map(toInstanceRow);
}

/** In binary order it is exact; LIKE would fold case on SQLite. */
function prefixRange(prefix: string): { first: string; last: string } {
  return { first: prefix, last: `${prefix}\u{10FFFF}` };
}

async function isRare(session: Session, hub: number, partitions: readonly number[], prefix: string): Promise<boolean> {
  const { first, last } = prefixRange(prefix);
  const [row] = await session.rows<{ count: number | string }>(
    'SELECT COUNT(*) AS count FROM (SELECT 1 FROM durable_instances ' +
      `WHERE hub = ? AND partition_no IN (${partitions.map(() => '?').join(', ')}) AND instance_id >= ? AND instance_id <= ? LIMIT ?) AS found`,
    [hub, ...partitions, first, last, MAX_SORTED + 1],
  );
  return Number(row!.count) <= MAX_SORTED;
}

/** The tag of which there are fewest, if it matters: many may have one of them and none all. */
async function rarestTag(session: Session, hub: number, { tags = {} }: InstanceQuery): Promise<readonly [name: string, value: string] | undefined> {
  const [first, ...others] = Object.entries(tags);
  let rarest = first;
  let least = first && others.length > 0 ? await countTagged(session, hub, first, MAX_SORTED) : 0;
  for (const tag of others) {
    const count = await countTagged(session, hub, tag, least);
    if (count < least) [rarest, least] = [tag, count];
  }
  return rarest;
}

async function queryTagged(session: Session, hub: number, tag: readonly [string, string], filter: InstanceQuery): Promise<InstanceRow[]> {
  const { limit, tags = {} } = filter;
  const found: InstanceRow[] = [];
  let { after } = filter;
  for (let size = Math.min(limit, MAX_TAGGED); ; size = MAX_TAGGED) {
    const keys = await readTagged(session, hub, tag, { ...filter, after }, size);
    if (keys.length === 0) return found;
    const room = limit - found.length;
    const query = instances(session);
    const tuples = keys.map(({ partition, instanceId, createdAt }) => [hub, partition, instanceId, createdAt]);
    whereTuples(query, session, ['i.hub', 'i.partition_no', 'i.instance_id', 'i.created_at'], tuples);
    const rows = await read(sorted(restrict(query, filter)).limit(room));
    found.push(...rows.filter((row) => hasTags(row, tags)));
    if (found.length >= limit || (keys.length < size && rows.length < room)) return found;
    after = rows.length === room ? rows.at(-1)! : keys.at(-1)!;
  }
}

function compareByCreation(a: InstanceRow, b: InstanceRow): number {
  return a.createdAt - b.createdAt || Buffer.compare(Buffer.from(a.instanceId), Buffer.from(b.instanceId));
}

function hasTags(row: InstanceRow, tags: Readonly<Record<string, string>>): boolean {
  return Object.entries(tags).every(([name, value]) => row.tags?.[name] === value);
}
