import { TransientStoreError } from '../../../../lib/storage/errors.js';
import { askServer, checkProduct } from '../../../../lib/storage/server/server.js';
import { sessionSettings } from '../../../../lib/storage/server/session-settings.js';

/** A server that answers what the module asks at the start. */
function answering(version: string, pairs: Readonly<Record<string, string>> = {}, comment = '') {
  return async <Row>(sql: string): Promise<Row[]> => {
    if (sql.startsWith('SELECT')) return [{ version, comment, packet: '16777216' }] as Row[];
    const asked = Object.entries(pairs).filter(([name]) => sql.includes(`'${name}'`));
    return asked.map(([Variable_name, Value]) => ({ Variable_name, Value })) as Row[];
  };
}

describe('what the server is', () => {
  it.each([
    ['10.6.0-MariaDB', 'mariadb'],
    ['5.5.5-10.11.6-MariaDB-1:10.11.6+maria~ubu2204', 'mariadb'],
    ['11.4.2-MariaDB-log', 'mariadb'],
    ['8.0.17', 'mysql'],
    ['8.0.36-0ubuntu0.22.04.1', 'mysql'],
    ['8.4.0', 'mysql'],
    ['9.7.0', 'mysql'],
  ])('%s is taken', (version, kind) => {
    expect(checkProduct(version)).toBe(kind);
  });

  it.each([
    ['10.5.23-MariaDB', 'MariaDB 10.6.0 or newer'],
    ['5.5.5-10.5.23-MariaDB', 'MariaDB 10.6.0 or newer'],
    ['5.7.44-log', 'MySQL 8.0.17 or newer'],
    ['8.0.16', 'MySQL 8.0.17 or newer'],
  ])('%s is refused, with what is needed', (version, needed) => {
    expect(() => checkProduct(version)).toThrow(`The database server is ${version}; nestjs-durable needs ${needed}`);
  });

  it.each([
    ['8.0.11-TiDB-v8.5.6', 'TiDB Server (Apache License 2.0) Community Edition', /TiDB takes .*SKIP LOCKED and locks nothing/],
    ['8.0.30-Vitess', 'Version: 19.0.0', /not atomic across its shards/],
    ['8.0.31', 'SingleStoreDB source distribution', /nobody has tested/],
    ['5.7.25-OceanBase-v4.2.1.0', '', /nobody has tested/],
  ])('%s is refused, though it speaks the protocol, with the reason', (version, comment, reason) => {
    expect(() => checkProduct(version, comment)).toThrow(reason);
  });

  it('a server of its own has no cluster in its title', async () => {
    expect(await askServer(answering('9.7.4', { wsrep_on: 'OFF' }))).toEqual({ kind: 'mysql', title: 'MySQL 9.7.4', galera: false, maxStatementBytes: 16_777_216 });
  });

  it('a Galera node is known, with the size of its cluster', async () => {
    const server = await askServer(answering('10.11.6-MariaDB', { wsrep_on: 'ON', wsrep_ready: 'ON', wsrep_cluster_size: '3' }));
    expect(server).toMatchObject({ galera: true, title: 'MariaDB 10.11.6-MariaDB, a node of a Galera cluster of 3' });
  });

  it('a Galera node that has lost touch with its cluster is tried again', async () => {
    const asked = askServer(answering('10.11.6-MariaDB', { wsrep_on: 'ON', wsrep_ready: 'OFF', wsrep_local_state_comment: 'Joining' }));
    await expect(asked).rejects.toBeInstanceOf(TransientStoreError);
    await expect(asked).rejects.toThrow(/not ready \(Joining\)/);
  });

  it('a Galera node that keeps its tables to itself is refused', async () => {
    await expect(askServer(answering('10.11.6-MariaDB', { wsrep_on: 'ON', wsrep_OSU_method: 'RSU' }))).rejects.toThrow(/wsrep_OSU_method=RSU.*TOI/);
  });

  it('of replication groups, those with one primary are taken', async () => {
    const group = { group_replication_group_name: 'aaaa', group_replication_single_primary_mode: 'ON' };
    expect((await askServer(answering('8.4.6', group))).title).toBe('MySQL 8.4.6, a member of a replication group with one primary');
    await expect(askServer(answering('8.4.6', { ...group, group_replication_single_primary_mode: 'OFF' }))).rejects.toThrow(/several primaries/);
  });

  it.each(['super_read_only', 'innodb_read_only'])('a replica (%s) is named as such, and tried again: it may become the primary', async (variable) => {
    const asked = askServer(answering('8.4.6', { [variable]: 'ON' }));
    await expect(asked).rejects.toBeInstanceOf(TransientStoreError);
    await expect(asked).rejects.toThrow(/read-only.*name the primary/);
  });
});

describe('the settings of a session', () => {
  it('have the collation without padding that the server has', () => {
    expect(sessionSettings({ kind: 'mariadb', galera: false }).join()).toContain('utf8mb4_nopad_bin');
    expect(sessionSettings({ kind: 'mysql', galera: false }).join()).toContain('utf8mb4_0900_bin');
  });

  it('let a Galera node catch up before it answers, and only such a node', () => {
    expect(sessionSettings({ kind: 'mariadb', galera: true }).join()).toContain('wsrep_sync_wait = 7');
    expect(sessionSettings({ kind: 'mariadb', galera: false }).join()).not.toContain('wsrep');
  });
});
