/** A private PostgreSQL: its defaults, on a free port of 127.0.0.1, as an unprivileged user when this process is root's. */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePorts } from '../../../scripts/server-owner.js';
import { findPostgres } from './binaries.js';
import { startPrivateServer } from './private-server.js';

const run = promisify(execFile);

const SETTINGS = ['fsync', 'synchronous_commit', 'full_page_writes'];

export async function startPostgres() {
  const binaries = findPostgres();
  const [port = 0] = await freePorts(1);
  const user = unprivilegedUser();
  const asUser = user ? ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--'] : [];
  const password = randomBytes(12).toString('hex');
  const url = `postgresql://bench:${password}@127.0.0.1:${port}/postgres`;
  const options = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...SETTINGS.map((setting) => `${setting}=on`)].flatMap((option) => ['-c', option]);
  const { answer, stop } = await startPrivateServer({
    name: 'PostgreSQL',
    command: (directory) => [...asUser, join(binaries, 'postgres'), '-D', join(directory, 'data'), '-p', String(port), ...options],
    prepare: async (directory) => {
      const passwordFile = join(directory, 'password');
      writeFileSync(passwordFile, password, { mode: 0o600 });
      if (user) for (const path of [directory, passwordFile]) chownSync(path, user.uid, user.gid);
      const login = ['-U', 'bench', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
      const [file = '', ...parameters] = [...asUser, join(binaries, 'initdb'), '-D', join(directory, 'data'), ...login, '--encoding=UTF8', '--locale=C'];
      await run(file, parameters, { cwd: directory });
    },
    answer: () => describe(url),
    endSignal: 'QUIT',
  });
  return { url, ...answer, stop };
}

/** @param {string} url */
async function describe(url) {
  const client = new pg.Client(url);
  try {
    await client.connect();
    const { rows } = await client.query(
      `SELECT name || '=' || setting AS text FROM pg_settings WHERE name = ANY($1) ORDER BY array_position($1, name)`,
      [SETTINGS],
    );
    const { rows: versions } = await client.query('SHOW server_version');
    return { version: String(versions[0].server_version).split(' ')[0], durability: rows.map(({ text }) => text).join(', ') };
  } finally {
    await client.end();
  }
}

/** initdb and postgres refuse to run as root. */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid = 0, gid = 0] = ['-u', '-g'].map((option) => Number(execFileSync('id', [option, name], { stdio: ['ignore', 'pipe', 'ignore'] })));
      return { uid, gid };
    } catch {
      // There is no such user: the next one.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody: run the bench as another user.');
}
