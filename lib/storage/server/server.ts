import { TransientStoreError } from '../errors.js';

/** What the module needs of a MySQL or MariaDB server. */
const MINIMUM = { mariadb: [10, 6, 0], mysql: [8, 0, 17] } as const;
const NAMES = { mariadb: 'MariaDB', mysql: 'MySQL' } as const;

/** Products that speak MySQL's protocol, by what they say of themselves, and why they cannot be used. */
const REFUSED: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /tidb/i,
    'TiDB takes SELECT … FOR UPDATE SKIP LOCKED and locks nothing (pingcap/tidb#69720, #18207), so two processes could take the same partition or activity',
  ],
  [/vitess|planetscale/i, 'a transaction of Vitess is not atomic across its shards unless told so, and nobody has tested nestjs-durable on it'],
  [/singlestore|memsql|oceanbase|tddl|polardb-x|xpand|clustrix|dolt/i, 'its transactions and locks are not those of InnoDB, and nobody has tested nestjs-durable on it'],
];

export type ServerKind = keyof typeof MINIMUM;

/** A server that the module can work with, as it was when it was asked. */
export interface Server {
  readonly kind: ServerKind;
  /** Product, version and cluster, for people. */
  readonly title: string;
  /** Whether the server is a node of a Galera cluster: each node has locks of its own, and shows what others have committed a moment later. */
  readonly galera: boolean;
  /** Bytes that a statement may have. */
  readonly maxStatementBytes: number;
}

type Query = <Row>(sql: string) => Promise<Row[]>;

const VARIABLES = ['wsrep_on', 'wsrep_OSU_method', 'super_read_only', 'innodb_read_only', 'group_replication_group_name', 'group_replication_single_primary_mode'];

/**
 * Asks the server what it is.
 * @throws Error when the module cannot work with it, with the reason
 * @throws TransientStoreError when it cannot be written to, which may pass
 */
export async function askServer(query: Query): Promise<Server> {
  const [row] = await query<{ version: string; comment: string; packet: number | string }>(
    'SELECT VERSION() AS version, @@version_comment AS comment, @@max_allowed_packet AS packet',
  );
  const { version, comment, packet } = row!;
  const kind = checkProduct(version, comment);
  const variables = await readPairs(query, `VARIABLES WHERE Variable_name IN (${VARIABLES.map((name) => `'${name}'`).join(', ')})`);
  const galera = variables.get('wsrep_on') === 'ON';
  const cluster = galera ? await askGalera(query, variables) : askGroup(variables);
  if (variables.get('super_read_only') === 'ON' || variables.get('innodb_read_only') === 'ON') {
    throw new TransientStoreError(`the server (${NAMES[kind]} ${version}) is read-only, as replicas are: name the primary`);
  }
  return { kind, title: `${NAMES[kind]} ${version}${cluster}`, galera, maxStatementBytes: Number(packet) };
}

/** Refuses products that are others than they seem, and versions that are too old. */
export function checkProduct(version: string, comment = ''): ServerKind {
  const refused = REFUSED.find(([pattern]) => pattern.test(version) || pattern.test(comment));
  if (refused) {
    throw new Error(`The database server is ${version} (${comment}), which nestjs-durable refuses: ${refused[1]}. Use MariaDB, MySQL, or SQLite (type 'better-sqlite3').`);
  }
  const kind = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  const numbers = (/(\d+)\.(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-/, '')) ?? []).slice(1).map(Number);
  const minimum = MINIMUM[kind];
  if (compare(numbers, minimum) < 0) {
    throw new Error(
      `The database server is ${version}; nestjs-durable needs ${NAMES[kind]} ${minimum.join('.')} or newer. Upgrade the server, or use SQLite (type 'better-sqlite3').`,
    );
  }
  return kind;
}

async function askGalera(query: Query, variables: ReadonlyMap<string, string>): Promise<string> {
  if (variables.get('wsrep_osu_method') === 'RSU') {
    throw new Error('The Galera node has wsrep_OSU_method=RSU, with which tables would be made on this node only. Set it to TOI.');
  }
  const status = await readPairs(query, "STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_cluster_size', 'wsrep_local_state_comment')");
  if (status.get('wsrep_ready') !== 'ON') {
    throw new TransientStoreError(`the Galera node is not ready (${status.get('wsrep_local_state_comment') ?? 'no state'}): it is joining its cluster, or has lost touch with it`);
  }
  return `, a node of a Galera cluster of ${status.get('wsrep_cluster_size')}`;
}

function askGroup(variables: ReadonlyMap<string, string>): string {
  if (!variables.get('group_replication_group_name')) return '';
  if (variables.get('group_replication_single_primary_mode') === 'ON') return ', a member of a replication group with one primary';
  throw new Error(
    'The database server is a member of a MySQL replication group with several primaries, on which nobody has tested nestjs-durable: ' +
      'use single-primary mode (SELECT group_replication_switch_to_single_primary_mode()).',
  );
}

/** Of SHOW GLOBAL, which answers for names that a product does not know with nothing; names in lower case. */
async function readPairs(query: Query, what: string): Promise<ReadonlyMap<string, string>> {
  const rows = await query<{ Variable_name: string; Value: string }>(`SHOW GLOBAL ${what}`);
  return new Map(rows.map(({ Variable_name, Value }) => [Variable_name.toLowerCase(), Value]));
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < b.length; index += 1) {
    const difference = (a[index] ?? 0) - b[index]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
