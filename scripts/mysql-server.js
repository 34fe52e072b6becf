/**
 * A private MariaDB or MySQL server for tests and benches: from the binaries that the machine has, in a temporary
 * directory, on a free port of 127.0.0.1, as durable as a production server (a commit is flushed before it returns).
 *
 * Invariant: it never outlives the process that started it, however that one ends. A shell in a session of its own owns
 * the server and reads from a pipe whose other end only this process holds; at the end of the pipe it kills the server
 * and removes the directory.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { findBinaries } from './mysql-binaries.js';

/**
 * @typedef {object} MysqlServer
 * @property {string} url `mysql://user:password@127.0.0.1:port`; the user may create databases
 * @property {string} version what `SELECT VERSION()` says
 * @property {() => Promise<void>} kill kills the server at once, as a power cut of the process; the data stays
 * @property {() => Promise<void>} restart starts a killed server again on the same data and port
 * @property {() => Promise<void>} stop ends the server and removes its data; idempotent
 */

const START_TIMEOUT = 30_000;

/** The shell that owns the server: reads `start` and `kill`, answers `killed`. */
const OWNER = `
  dir=$1; shift; pid=
  end() { [ -z "$pid" ] || { kill -9 "$pid"; wait "$pid"; pid=; } 2>/dev/null; }
  while read -r command; do
    end
    case $command in
      start) "$@" </dev/null >>"$dir/log" 2>&1 & pid=$! ;;
      kill) echo killed ;;
    esac
  done
  end; rm -rf "$dir"`;

/**
 * Starts a private server and waits until it answers.
 * @returns {Promise<MysqlServer>}
 * @throws when no server binaries are found, or the server does not start; the message holds the end of its log
 */
export async function startMysql() {
  const binaries = findBinaries();
  if (!binaries) throw new Error('no mariadbd or mysqld on this machine: install mariadb-server');
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-durable-mysql-'));
  const login = { user: 'durable', password: randomBytes(12).toString('hex'), port: await freePort() };
  const owner = startOwner(directory, [binaries.server, ...serverOptions(directory, login.port)]);
  try {
    await binaries.install(join(directory, 'data'));
    writeFileSync(
      join(directory, 'init.sql'),
      `CREATE USER IF NOT EXISTS '${login.user}'@'127.0.0.1' IDENTIFIED BY '${login.password}';\n` +
        `GRANT ALL PRIVILEGES ON *.* TO '${login.user}'@'127.0.0.1' WITH GRANT OPTION;\n`,
    );
    const start = () => {
      owner.send('start');
      return answer(login);
    };
    return {
      version: await start(),
      url: `mysql://${login.user}:${login.password}@127.0.0.1:${login.port}`,
      kill: owner.kill,
      restart: async () => void (await start()),
      stop: owner.stop,
    };
  } catch (error) {
    const log = endOfLog(directory);
    await owner.stop();
    throw new Error(`a private ${binaries.server} did not start\n${log}`, { cause: error });
  }
}

/** @param {string} directory @param {string[]} command */
function startOwner(directory, command) {
  const shell = spawn('/bin/sh', ['-c', OWNER, 'mysql-owner', directory, ...command], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const answers = createInterface({ input: shell.stdout });
  // The server must not keep a process alive that has nothing else to do.
  const handles = /** @type {import('node:net').Socket[]} */ ([shell.stdin, shell.stdout]).concat(/** @type {any} */ (shell));
  for (const handle of handles) handle.unref();
  return {
    /** @param {string} text */
    send: (text) => shell.stdin.write(`${text}\n`),
    kill: async () => {
      for (const handle of handles) handle.ref();
      const killed = once(answers, 'line');
      shell.stdin.write('kill\n');
      await killed;
      for (const handle of handles) handle.unref();
    },
    stop: async () => {
      if (shell.exitCode !== null || shell.signalCode !== null) return;
      shell.ref();
      const ended = once(shell, 'exit');
      shell.stdin.end();
      await ended;
    },
  };
}

/** @param {string} directory @param {number} port */
function serverOptions(directory, port) {
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
    `--init-file=${join(directory, 'init.sql')}`,
    `--user=${userInfo().username}`,
    '--max-connections=300',
    '--innodb-flush-log-at-trx-commit=1',
    '--innodb-buffer-pool-size=256M',
  ];
}

/** @returns {Promise<number>} */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, 'close');
  return port;
}

/**
 * Waits until the server lets the user in.
 * @param {{ user: string, password: string, port: number }} login
 * @returns {Promise<string>} its version
 */
async function answer(login) {
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
function endOfLog(directory) {
  const log = join(directory, 'log');
  return existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-15).join('\n') : '';
}
