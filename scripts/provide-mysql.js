/** The MySQL or MariaDB server that tests and benches run against. It is never skipped: without a server this fails. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { findBinaries } from './mysql-binaries.js';
import { startMysql } from './mysql-server.js';

/** Environment variable with the URL of a server to use, whose user may create databases. */
export const URL_VARIABLE = 'DURABLE_TEST_MYSQL_URL';

const HELP = `No MySQL or MariaDB server for the tests. Do one of these:
  - install one: apt-get install mariadb-server, brew install mariadb (it need not run; a private one is started)
  - docker run -d -p 3306:3306 -e MARIADB_ROOT_PASSWORD=durable mariadb:10.11
    and set ${URL_VARIABLE}=mysql://root:durable@127.0.0.1:3306`;

/**
 * The server named by DURABLE_TEST_MYSQL_URL, else a private one; as root on Debian it installs mariadb-server first
 * when there is none. Prints one line that says which server and version it is.
 * @param {readonly string[]} [options] of a private server's command line
 * @returns {Promise<{ url: string, version: string, stop: () => Promise<void> }>} `stop` leaves a server alone that was
 * not started here
 * @throws when there is no server and none can be installed; the message says what to do
 */
export async function provideMysql(options) {
  const url = process.env[URL_VARIABLE];
  if (url) {
    const version = await versionOf(url);
    announce(`MySQL for the tests: ${version} at ${new URL(url).host} (${URL_VARIABLE})`);
    return { url, version, stop: async () => {} };
  }
  if (!findBinaries()) installMariaDb();
  const server = await startMysql({ options });
  announce(`MySQL for the tests: ${server.version}, a private server at ${new URL(server.url).host}`);
  return server;
}

function installMariaDb() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(HELP);
  announce('No MariaDB or MySQL here: installing mariadb-server with apt-get (about a minute)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    execFileSync('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'mariadb-server'], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch (error) {
    throw new Error(HELP, { cause: error });
  }
  if (!findBinaries()) throw new Error(HELP);
}

/** @param {string} url */
async function versionOf(url) {
  const connection = await createConnection(url).catch((error) => {
    throw new Error(`${URL_VARIABLE} names a server that does not answer: ${error.message}`, { cause: error });
  });
  const [rows] = await connection.query('SELECT VERSION() AS version');
  await connection.end();
  return /** @type {{ version: string }[]} */ (rows)[0]?.version ?? 'unknown';
}

/** Past jest, which holds back what goes through `console`. @param {string} line */
function announce(line) {
  process.stderr.write(`${line}\n`);
}
