/**
 * A private MariaDB or MySQL server for tests and benches: from the binaries that the machine has, in a temporary
 * directory, on a free port of 127.0.0.1, as durable as a production server (a commit is flushed before it returns).
 * It never outlives the process that started it, however that one ends.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { findBinaries } from './mysql-binaries.js';
import { freePorts, ownServer } from './server-owner.js';

/**
 * @typedef {object} MysqlServer
 * @property {string} url `mysql://user:password@127.0.0.1:port`; the user may create databases
 * @property {string} version what `SELECT VERSION()` says
 * @property {() => Promise<void>} kill kills the server at once, as a power cut of the process; the data stays
 * @property {() => Promise<void>} quit ends the server in good order; the data stays
 * @property {() => Promise<void>} restart starts a server that has ended again on the same data and port
 * @property {() => Promise<void>} stop ends the server and removes its data; idempotent
 * @property {() => string} log what it has said
 */

const START_TIMEOUT = 30_000;

/**
 * @typedef {object} MysqlServerSettings
 * @property {string} [dataDirectory] an empty directory for its data, which is not removed; default: in the server's own
 * @property {readonly string[]} [options] further options of the server's command line
 */

/**
 * Starts a private server and waits until it answers.
 * @param {MysqlServerSettings} [settings]
 * @returns {Promise<MysqlServer>}
 * @throws when no server binaries are found, or the server does not start; the message holds the end of its log
 */
export async function startMysql({ dataDirectory, options = [] } = {}) {
  const binaries = findBinaries();
  if (!binaries) throw new Error('no mariadbd or mysqld on this machine: install mariadb-server');
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-durable-mysql-'));
  if (dataDirectory) symlinkSync(dataDirectory, join(directory, 'data'));
  const [port = 0] = await freePorts(1);
  const login = { user: 'durable', password: randomBytes(12).toString('hex'), port };
  const initFile = writeInitFile(directory, login);
  const owner = ownServer(directory, [binaries.server, ...serverOptions(directory, login.port), ...options, `--init-file=${initFile}`]);
  try {
    await binaries.install(join(directory, 'data'));
    const start = () => {
      owner.start();
      return answer(login);
    };
    return {
      version: await start(),
      url: `mysql://${login.user}:${login.password}@127.0.0.1:${login.port}`,
      kill: owner.kill,
      quit: owner.quit,
      restart: async () => void (await start()),
      stop: owner.stop,
      log: () => logOf(directory),
    };
  } catch (error) {
    const log = endOfLog(directory);
    await owner.stop();
    throw new Error(`a private ${binaries.server} did not start\n${log}`, { cause: error });
  }
}

/**
 * Makes the user of the tests, and lets it do everything.
 * @param {string} directory @param {{ user: string, password: string }} login
 * @returns {string} path of a file for the server's `--init-file`
 */
export function writeInitFile(directory, { user, password }) {
  const path = join(directory, 'init.sql');
  writeFileSync(
    path,
    `CREATE USER IF NOT EXISTS '${user}'@'127.0.0.1' IDENTIFIED BY '${password}';\n` +
      `GRANT ALL PRIVILEGES ON *.* TO '${user}'@'127.0.0.1' WITH GRANT OPTION;\n`,
  );
  return path;
}

/** @param {string} directory @param {number} port @param {string} [user] of the operating system, whose directory it is */
export function serverOptions(directory, port, user = userInfo().username) {
  return [
    // First: without it the machine's own configuration would apply.
    '--no-defaults',
    `--datadir=${join(directory, 'data')}`,
    `--tmpdir=${directory}`,
    `--socket=${join(directory, 's')}`,
    `--pid-file=${join(directory, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-networking=OFF',
    '--skip-name-resolve',
    // MySQL only: its second protocol would listen on all addresses. Packages point the directory of files to one that may be missing.
    '--loose-mysqlx=OFF',
    `--secure-file-priv=${directory}`,
    `--user=${user}`,
    '--max-connections=300',
    '--innodb-flush-log-at-trx-commit=1',
    '--innodb-buffer-pool-size=256M',
  ];
}

/**
 * Waits until the server lets the user in.
 * @param {{ user: string, password: string, port: number }} login
 * @returns {Promise<string>} its version
 */
export async function answer(login) {
  const deadline = Date.now() + START_TIMEOUT;
  for (;;) {
    try {
      const connection = await createConnection({ host: '127.0.0.1', ...login });
      const [rows] = await connection.query('SELECT VERSION() AS version');
      await connection.end();
      return /** @type {{ version: string }[]} */ (rows)[0]?.version ?? 'unknown';
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(50);
    }
  }
}

/** @param {string} directory */
export function endOfLog(directory) {
  return logOf(directory).split('\n').slice(-15).join('\n');
}

/** @param {string} directory */
function logOf(directory) {
  const log = join(directory, 'log');
  return existsSync(log) ? readFileSync(log, 'utf8') : '';
}
