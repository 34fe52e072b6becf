/** Where the server binaries of MariaDB and MySQL are, and how each of the two makes an empty data directory. */
import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * @typedef {object} Binaries
 * @property {string} server path of `mariadbd` or `mysqld`
 * @property {(dataDirectory: string) => Promise<unknown>} install makes the data directory with the system tables
 */

/** Ordinary users of Debian and macOS do not have these in PATH. */
const MORE_PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/usr/local/bin', '/opt/homebrew/bin', '/usr/local/mysql/bin'];

const run = promisify(execFile);

/**
 * MariaDB's binaries if it is installed, else MySQL's.
 * @returns {Binaries | undefined} undefined when there are none
 */
export function findBinaries() {
  const user = `--user=${userInfo().username}`;
  for (const name of ['mariadbd', 'mysqld']) {
    const server = find(name);
    if (!server) continue;
    if (!isMariaDb(server)) {
      return { server, install: (data) => run(server, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, user]) };
    }
    const installer = find('mariadb-install-db') ?? find('mysql_install_db');
    if (!installer) continue;
    const options = ['--auth-root-authentication-method=normal', '--skip-test-db', user];
    return { server, install: (data) => run(installer, ['--no-defaults', `--datadir=${data}`, ...options]) };
  }
  return undefined;
}

/** @param {string} name */
function find(name) {
  const places = (process.env.PATH ?? '').split(delimiter).concat(MORE_PLACES);
  return places.map((place) => join(place, name)).find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** MariaDB before 10.5, and some of its packages, call the server `mysqld` too. @param {string} server */
function isMariaDb(server) {
  return execFileSync(server, ['--no-defaults', '--version'], { encoding: 'utf8' }).includes('MariaDB');
}
