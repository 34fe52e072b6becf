/** Where the server binaries of MariaDB and MySQL are, and how each of the two makes an empty data directory. */
import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * @typedef {object} Binaries
 * @property {string} server path of `mariadbd` or `mysqld`
 * @property {(dataDirectory: string) => Promise<unknown>} install makes the data directory with the system tables
 */

/** Environment variable with the path of the `mysqld` or `mariadbd` that private servers run, in place of what is found. */
export const BINARY_VARIABLE = 'DURABLE_TEST_MYSQLD';

/** Ordinary users of Debian and macOS do not have these in PATH. */
const MORE_PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/usr/local/bin', '/opt/homebrew/bin', '/usr/local/mysql/bin'];

const run = promisify(execFile);

/**
 * What DURABLE_TEST_MYSQLD names, else MariaDB's binaries if it is installed, else MySQL's.
 * @returns {Binaries | undefined} undefined when there are none
 * @throws when DURABLE_TEST_MYSQLD names nothing that can be run
 */
export function findBinaries() {
  const chosen = process.env[BINARY_VARIABLE];
  if (chosen && !isExecutable(chosen)) throw new Error(`${BINARY_VARIABLE} names no program: ${chosen}. Give the path of a mysqld or mariadbd.`);
  for (const server of chosen ? [chosen] : [find('mariadbd'), find('mysqld')]) {
    const binaries = server && binariesOf(server);
    if (binaries) return binaries;
  }
  return undefined;
}

/** @param {string} server @returns {Binaries | undefined} undefined when MariaDB's installer is missing */
function binariesOf(server) {
  const user = `--user=${userInfo().username}`;
  if (!isMariaDb(server)) {
    return { server, install: (data) => run(server, ['--no-defaults', '--initialize-insecure', '--secure-file-priv=NULL', `--datadir=${data}`, user]) };
  }
  const installer = find('mariadb-install-db') ?? find('mysql_install_db');
  if (!installer) return undefined;
  const options = ['--auth-root-authentication-method=normal', '--skip-test-db', user];
  // Two installations at once get in each other's way in a common temporary directory.
  return { server, install: (data) => run(installer, ['--no-defaults', `--datadir=${data}`, ...options], { env: { ...process.env, TMPDIR: dirname(data) } }) };
}

/** @param {string} name */
function find(name) {
  const places = (process.env.PATH ?? '').split(delimiter).concat(MORE_PLACES);
  return places.map((place) => join(place, name)).find(isExecutable);
}

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a binary says of itself, without its path. @param {string} server */
export function versionOf(server) {
  return execFileSync(server, ['--no-defaults', '--version'], { encoding: 'utf8' }).replace(/^\S+\s+Ver /, '').trim();
}

/** MariaDB before 10.5, and some of its packages, call the server `mysqld` too. @param {string} server */
function isMariaDb(server) {
  return versionOf(server).includes('MariaDB');
}
