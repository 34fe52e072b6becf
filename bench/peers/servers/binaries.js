/** Where the server binaries of this machine are. */
import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isExecutable } from '../../../scripts/mysql-binaries.js';

/** Debian keeps PostgreSQL's binaries here, by version, and puts only clients in PATH. */
const POSTGRES_VERSIONS = '/usr/lib/postgresql';

/** The folder of `postgres` and `initdb`: of the newest version. @throws when there is none */
export function findPostgres() {
  const folders = versionsIn(POSTGRES_VERSIONS).map((version) => join(POSTGRES_VERSIONS, version, 'bin'));
  const found = [...folders, ...path()].find((folder) => isExecutable(join(folder, 'initdb')));
  if (!found) throw new Error(missing('PostgreSQL', `no initdb in ${POSTGRES_VERSIONS}/*/bin or PATH`, 'postgresql'));
  return found;
}

/** @throws when there is none */
export function findRedis() {
  const found = path().map((folder) => join(folder, 'redis-server')).find(isExecutable);
  if (!found) throw new Error(missing('Redis', 'no redis-server in PATH', 'redis-server'));
  return found;
}

/** @param {string} product @param {string} what @param {string} debianPackage */
function missing(product, what, debianPackage) {
  return `${product} is not installed: ${what}. Install the Debian package: apt-get install ${debianPackage}; the service that it starts is not needed.`;
}

/** Newest first. @param {string} folder */
function versionsIn(folder) {
  try {
    return readdirSync(folder).sort((a, b) => Number(b) - Number(a));
  } catch {
    return [];
  }
}

function path() {
  return (process.env.PATH ?? '').split(delimiter);
}
