/**
 * Pages of instances in the order of their creation. There is an index for each filter and none for two of them: of several filters
 * the one that the fewest instances meet leads to the page, and what it leads to is checked for the others.
 */
import { toInstanceRow } from '../instance-records.js';
import type { Value } from '../dialect.js';
import type { Session } from '../session.js';
import type { InstanceQuery, InstanceRow } from '../store.js';
import { instances } from './instances.js';
import { tagKey } from './tags.js';
import { together } from './together.js';
import { named } from './where-tuples.js';

/**
 * How far instances are counted to find out which filter leads: to the second number only where all have more than the first. Where
 * all have more than that, the first in the order of `leadsOf` leads; a prefix never does then, as its instances have to be sorted.
 */
const COUNTS = [1_000, 30_000] as const;
/** That of creation, as the indexes of instances have it. */
const ORDER = 'i.created_at, i.instance_id';

interface Sql {
  readonly text: string;
  readonly values: readonly Value[];
}

/** One way to instances: along an index, `i` being the table of instances. */
interface Path {
  /** Tables, with their index. */
  readonly from: string;
  /** What the index is for, and the time. */
  readonly where: Sql;
  /** Where the order of creation is that of the index, its columns. */
  readonly order: string;
}

/** A filter with the paths that lead to all that meet it. */
interface Lead {
  /** As it is checked where another filter leads. */
  readonly condition: Sql;
  readonly paths: readonly Path[];
  /** Its instances, to be counted: tables and condition. */
  readonly counted: { readonly from: string; readonly where: Sql };
  /** Its paths follow no order: all that they lead to is sorted. */
  readonly isSorted?: boolean;
}

/** One keyset page. @param partitions all partitions of the hub */
export async function queryInstances(session: Session, hub: number, partitions: readonly number[], query: InstanceQuery): Promise<InstanceRow[]> {
  if (query.statuses?.length === 0) return [];
  const leads = [...leadsOf(session, hub, partitions, query)];
  const lead = await choose(session, leads);
  const checked = leads.filter((each) => each !== lead).map(({ condition }) => condition);
  const paths = lead?.paths ?? [{ from: instancesBy(session, 'created'), where: all([sql('i.hub = ?', hub), timeRange('i', query)]), order: ORDER }];
  const parts = paths.map(({ from, where, order }) => {
    const conditions = all([where, ...checked]);
    return sql(`SELECT i.hub, i.partition_no, i.instance_id FROM ${from} WHERE ${conditions.text} ORDER BY ${order} LIMIT ?`, ...conditions.values, query.limit);
  });
  // In one statement: what goes from one status to another meanwhile is neither missed nor met twice.
  const keys = named(`(${together(parts.map(({ text }) => text), 'part')})`, parts.flatMap(({ values }) => values), 'k');
  const records = await instances(session)
    .innerJoin(keys.sql, 'k', 'i.hub = k.hub AND i.partition_no = k.partition_no AND i.instance_id = k.instance_id')
    .setParameters(keys.parameters)
    // Without the index of that order, which would lead through all instances of the hub.
    .orderBy('i.created_at + 0')
    .addOrderBy('i.instance_id')
    .limit(query.limit)
    .getMany();
  return records.map(toInstanceRow);
}

function* leadsOf(session: Session, hub: number, partitions: readonly number[], query: InstanceQuery): Generator<Lead> {
  const { name, instanceIdPrefix, tags = {} } = query;
  const times = timeRange('i', query);
  for (const tag of Object.entries(tags).map(tagKey)) {
    const table = `durable_tags AS g ${session.dialect.useIndex('durable_tags_created')}`;
    const where = all([sql('g.hub = ? AND g.tag = ?', hub, tag), timeRange('g', query)]);
    const execution = 'i.hub = g.hub AND i.partition_no = g.partition_no AND i.execution_id = g.execution_id';
    const from = `${table} ${session.dialect.joinInOrder} durable_instances AS i ON ${execution} AND i.instance_id = g.instance_id`;
    yield {
      condition: sql(`EXISTS (SELECT 1 FROM durable_tags AS g WHERE ${execution} AND g.tag = ?)`, tag),
      paths: [{ from, where, order: 'g.created_at, g.instance_id' }],
      counted: { from: table, where },
    };
  }
  if (query.statuses) {
    const statuses = [...new Set(query.statuses)];
    const from = instancesBy(session, 'status');
    const isOne = sql(`i.status IN (${statuses.map(() => '?').join(', ')})`, ...statuses);
    yield {
      condition: isOne,
      // Of several at once all instances would have to be sorted.
      paths: statuses.map((status) => ({ from, where: all([sql('i.hub = ? AND i.status = ?', hub, status), times]), order: ORDER })),
      counted: { from, where: all([sql('i.hub = ?', hub), isOne, times]) },
    };
  }
  if (name !== undefined) {
    const from = instancesBy(session, 'name');
    const where = all([sql('i.hub = ? AND i.name = ?', hub, name), times]);
    yield { condition: sql('i.name = ?', name), paths: [{ from, where, order: ORDER }], counted: { from, where } };
  }
  if (instanceIdPrefix) {
    const from = 'durable_instances AS i';
    // In binary order it is exact; LIKE would fold case on SQLite.
    const hasPrefix = sql('i.instance_id >= ? AND i.instance_id <= ?', instanceIdPrefix, `${instanceIdPrefix}\u{10FFFF}`);
    const where = all([sql(`i.hub = ? AND i.partition_no IN (${partitions.map(() => '?').join(', ')})`, hub, ...partitions), hasPrefix]);
    yield {
      condition: hasPrefix,
      paths: [{ from, where: all([where, times]), order: 'i.created_at + 0, i.instance_id' }],
      // The index has no times.
      counted: { from, where },
      isSorted: true,
    };
  }
}

/** The filter that the fewest instances meet; none: the order of creation leads through all. */
async function choose(session: Session, leads: readonly Lead[]): Promise<Lead | undefined> {
  const ordered = leads.find(({ isSorted }) => !isSorted);
  if (leads.length < 2 && ordered) return ordered;
  for (const most of COUNTS) {
    let rarest: Lead | undefined;
    let least: number = most;
    for (const lead of leads) {
      const found = await count(session, lead, least);
      if (found > least || (rarest && found === least)) continue;
      [rarest, least] = [lead, found];
    }
    if (rarest) return rarest;
  }
  return ordered;
}

/** How many instances the filter leads to; more than `most` are not counted. */
async function count(session: Session, { counted: { from, where } }: Lead, most: number): Promise<number> {
  const [row] = await session.rows<{ count: number | string }>(
    `SELECT COUNT(*) AS count FROM (SELECT 1 FROM ${from} WHERE ${where.text} LIMIT ?) AS found`, [...where.values, most + 1],
  );
  return Number(row!.count);
}

function timeRange(table: 'i' | 'g', { createdFrom, createdTo, after }: InstanceQuery): Sql {
  const column = `${table}.created_at`;
  const from = Math.max(createdFrom ?? -Infinity, after?.createdAt ?? -Infinity);
  return all([
    ...(from === -Infinity ? [] : [sql(`${column} >= ?`, from)]),
    ...(createdTo === undefined ? [] : [sql(`${column} <= ?`, createdTo)]),
    ...(after ? [sql(`(${column} > ? OR ${table}.instance_id > ?)`, after.createdAt, after.instanceId)] : []),
  ]);
}

function instancesBy(session: Session, index: 'created' | 'status' | 'name'): string {
  return `durable_instances AS i ${session.dialect.useIndex(`durable_instances_${index}`)}`;
}

function sql(text: string, ...values: readonly Value[]): Sql {
  return { text, values };
}

function all(conditions: readonly Sql[]): Sql {
  const some = conditions.filter(({ text }) => text !== '');
  return { text: some.map(({ text }) => text).join(' AND '), values: some.flatMap(({ values }) => values) };
}
