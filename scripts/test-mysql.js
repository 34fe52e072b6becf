/**
 * `npm run test:mysql`: the suites that need a database, on a MySQL server instead of MariaDB: the one that
 * DURABLE_TEST_MYSQL_URL names, or a private one of the binary that DURABLE_TEST_MYSQLD names. Arguments are jest's
 * patterns of files: `npm run test:mysql -- test/contract`.
 */
import { spawnSync } from 'node:child_process';
import { createConnection } from 'mysql2/promise';
import { BINARY_VARIABLE, findBinaries, versionOf } from './mysql-binaries.js';
import { URL_VARIABLE } from './provide-mysql.js';

const SUITES = ['contract', 'e2e', 'chaos'];

const HELP = `No MySQL server for npm run test:mysql. Give one of these (CONTRIBUTING.md tells how to get a MySQL on Debian):
  ${URL_VARIABLE}=mysql://user:password@127.0.0.1:3306   a server that runs; the user must be allowed to create databases
  ${BINARY_VARIABLE}=/usr/sbin/mysqld                       a binary of which private servers are started`;

const { [URL_VARIABLE]: url, [BINARY_VARIABLE]: binary } = process.env;
if (!url && !binary) fail(HELP);
const server = url ? await askServer(url) : versionOf(/** @type {string} */ (binary));
if (!isMysql(server)) fail(`npm run test:mysql needs MySQL 8 or newer, and this is ${server}. MariaDB is what npm test runs on.`);
const own = findBinaries()?.server;
if (!own) fail(`Some tests stop and start servers of their own, and there is no binary for them: set ${BINARY_VARIABLE}.`);
const ownVersion = versionOf(own);
console.error(`MySQL for the tests: ${server}\nTests that stop and start servers of their own run ${ownVersion} (${BINARY_VARIABLE} names another)`);

const { status } = spawnSync(process.execPath, ['node_modules/jest/bin/jest.js', '--selectProjects', ...SUITES, '--', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, DURABLE_TEST_DATABASES: 'mysql' },
});
process.exitCode = status ?? 1;

/** @param {string} address */
async function askServer(address) {
  const connection = await createConnection(address).catch((error) => fail(`${URL_VARIABLE} names a server that does not answer: ${error.message}\n${HELP}`));
  const [rows] = await connection.query('SELECT VERSION() AS version, @@version_comment AS comment');
  await connection.end();
  const { version, comment } = /** @type {{ version: string, comment: string }[]} */ (rows)[0] ?? {};
  return `${version} ${comment}`;
}

/** @param {string} text version and what the server says of itself */
function isMysql(text) {
  return !/mariadb|tidb/i.test(text) && Number(/(\d+)\.\d+\.\d+/.exec(text)?.[1]) >= 8;
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message);
  process.exit(1);
}
