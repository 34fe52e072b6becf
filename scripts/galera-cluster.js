/**
 * A private MariaDB Galera cluster on loopback for tests and benches: three nodes with data directories of their own, each commit
 * flushed by the node that answers it. Like a private server it never outlives the process that started it.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { findBinaries } from './mysql-binaries.js';
import { answer, endOfLog, serverOptions, writeInitFile } from './mysql-server.js';
import { freePorts, ownServer } from './server-owner.js';

/**
 * @typedef {object} GaleraNode
 * @property {string} url `mysql://user:password@127.0.0.1:port`; the user may create databases
 * @property {number} port
 * @property {() => Promise<void>} kill kills the node at once, as a power cut of the process; the data stays
 * @property {() => Promise<void>} restart starts a killed node again; resolves when it has caught up with the others
 */

/**
 * @typedef {object} GaleraCluster
 * @property {string} version what `SELECT VERSION()` says
 * @property {GaleraNode[]} nodes
 * @property {() => Promise<void>} stop ends all nodes and removes their data; idempotent
 */

const NODES = 3;
/** How long a node may take to become part of the cluster, a copy of the whole data included, ms. */
const JOIN_TIMEOUT = 60_000;
/** Where distributions keep the library. */
const LIBRARIES = ['/usr/lib/galera/libgalera_smm.so', '/usr/lib64/galera-4/libgalera_smm.so', '/usr/lib/libgalera_smm.so'];
/** Debian's user for the server. As root, rsync would write a node's copy as nobody. */
const UNPRIVILEGED = 'mysql';
const HELP = 'No Galera cluster can be started on this machine. On Debian: apt-get install mariadb-server galera-4 rsync';

/**
 * What a cluster is started from.
 * @throws when it is not on this machine, saying what to install
 */
export function assertGalera() {
  const library = LIBRARIES.find((path) => existsSync(path));
  const binaries = findBinaries();
  if (!library || !binaries?.server.includes('mariadbd') || !existsSync('/usr/bin/rsync')) throw new Error(HELP);
  return { library, ...binaries };
}

/**
 * Starts three nodes and waits until all of them are in the cluster.
 * @returns {Promise<GaleraCluster>}
 * @throws when binaries are missing, saying what to install, or when a node does not start; the message holds the end of its log
 */
export async function startGalera() {
  const { library, server, install } = assertGalera();
  const login = { user: 'durable', password: randomBytes(12).toString('hex') };
  const ports = await freePorts(4 * NODES);
  const places = Array.from({ length: NODES }, (_, index) => {
    const [sql = 0, group = 0, incremental = 0, copy = 0] = ports.slice(4 * index);
    const directory = mkdtempSync(join(tmpdir(), `nestjs-durable-galera${index + 1}-`));
    mkdirSync(join(directory, 'data'));
    return { sql, group, incremental, copy, directory };
  });
  const members = places.map(({ group }) => `127.0.0.1:${group}`).join(',');
  const nodes = places.map((place) => newNode(place, { server, library, members, login }));
  const stop = async () => void (await Promise.all(nodes.map(({ owner }) => owner.stop())));
  try {
    const [first, ...others] = /** @type {[ReturnType<typeof newNode>, ...ReturnType<typeof newNode>[]]} */ (nodes);
    await install(join(first.directory, 'data'));
    const initFile = writeInitFile(first.directory, login);
    if (isRoot()) execFileSync('chown', ['-R', UNPRIVILEGED, ...places.map(({ directory }) => directory)]);
    first.owner.start('--wsrep-new-cluster', `--init-file=${initFile}`);
    const version = await answer({ ...login, port: first.port });
    // They get a copy of the first one's data, one after the other.
    for (const node of others) await node.restart();
    return { version, nodes, stop };
  } catch (error) {
    const logs = places.map(({ directory }) => endOfLog(directory)).join('\n\n');
    await stop();
    throw new Error(`a private Galera cluster did not start\n${logs}`, { cause: error });
  }
}

const isRoot = () => process.getuid?.() === 0;

/**
 * @param {{ sql: number, group: number, incremental: number, copy: number, directory: string }} place
 * @param {{ server: string, library: string, members: string, login: { user: string, password: string } }} cluster
 */
function newNode(place, { server, library, members, login }) {
  const { sql: port, directory } = place;
  const owner = ownServer(directory, [server, ...serverOptions(directory, port, isRoot() ? UNPRIVILEGED : undefined), ...clusterOptions(place, library, members)]);
  return {
    url: `mysql://${login.user}:${login.password}@127.0.0.1:${port}`,
    port,
    directory,
    owner,
    kill: owner.kill,
    restart: async () => {
      owner.start();
      await untilSynced({ ...login, port });
    },
  };
}

/** @param {{ group: number, incremental: number, copy: number }} ports @param {string} library @param {string} members */
function clusterOptions({ group, incremental, copy }, library, members) {
  return [
    '--wsrep-on=ON',
    `--wsrep-provider=${library}`,
    '--wsrep-cluster-name=nestjs-durable',
    `--wsrep-cluster-address=gcomm://${members}`,
    '--wsrep-node-address=127.0.0.1',
    `--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:${group};ist.recv_addr=127.0.0.1:${incremental};gcache.size=64M`,
    '--wsrep-sst-method=rsync',
    `--wsrep-sst-receive-address=127.0.0.1:${copy}`,
    '--wsrep-slave-threads=2',
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
  ];
}

/** @param {{ user: string, password: string, port: number }} login */
async function untilSynced(login) {
  const deadline = Date.now() + JOIN_TIMEOUT;
  for (;;) {
    const state = await stateOf(login).catch(String);
    if (state === 'Synced') return;
    if (Date.now() > deadline) throw new Error(`a Galera node did not join its cluster; its state is: ${state}`);
    await setTimeout(100);
  }
}

/** @param {{ user: string, password: string, port: number }} login @returns {Promise<string | undefined>} */
async function stateOf(login) {
  const connection = await createConnection({ host: '127.0.0.1', ...login });
  try {
    const [rows] = await connection.query("SHOW GLOBAL STATUS LIKE 'wsrep_local_state_comment'");
    return /** @type {{ Value: string }[]} */ (rows)[0]?.Value;
  } finally {
    await connection.end();
  }
}
