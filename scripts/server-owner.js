/**
 * A shell in a session of its own that owns a server process and its directory.
 *
 * Invariant: they never outlive the process that asked for them, however that one ends. The shell reads from a pipe whose other
 * end only this process holds; at the end of the pipe it kills the server and removes the directory.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * Reads `start`, with further arguments for this one start, `kill` and `quit`, answers the last two with `ended`. What a server has started ends with it.
 * A shell starts its children with QUIT ignored: until a server has its own handlers, the TERM after it is what ends it.
 */
const OWNER = `
  dir=$1; signal=$2; shift 2; pid=
  trap : TERM
  end() { [ -z "$pid" ] || { kill -s "$signal" "$pid"; kill "$pid"; wait "$pid"; pid=; } 2>/dev/null; }
  while read -r command more; do
    [ "$command" != quit ] || { kill "$pid"; wait "$pid"; pid=; } 2>/dev/null
    end
    case $command in
      start) "$@" $more </dev/null >>"$dir/log" 2>&1 & pid=$! ;;
      kill|quit) echo ended ;;
    esac
  done
  end; kill -TERM 0; rm -rf "$dir"`;

/**
 * @param {string} directory removed in the end
 * @param {string[]} command the server's
 * @param {'KILL' | 'QUIT'} [endSignal] what it is killed with: PostgreSQL ends as abruptly by QUIT, and leaves no shared memory behind
 */
export function ownServer(directory, command, endSignal = 'KILL') {
  const shell = spawn('/bin/sh', ['-c', OWNER, 'server-owner', directory, endSignal, ...command], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const answers = createInterface({ input: shell.stdout });
  // The server must not keep a process alive that has nothing else to do.
  const handles = /** @type {import('node:net').Socket[]} */ ([shell.stdin, shell.stdout]).concat(/** @type {any} */ (shell));
  for (const handle of handles) handle.unref();
  /** @param {'kill' | 'quit'} command */
  const end = async (command) => {
    for (const handle of handles) handle.ref();
    const ended = once(answers, 'line');
    shell.stdin.write(`${command}\n`);
    await ended;
    for (const handle of handles) handle.unref();
  };
  return {
    /** Starts the server. @param {string[]} options without blanks, after those of the command */
    start: (...options) => void shell.stdin.write(`start ${options.join(' ')}\n`),
    /** Kills it, as a power cut of the process; the data stays. */
    kill: () => end('kill'),
    /** Asks it to end, and waits until it has. */
    quit: () => end('quit'),
    /** Ends it and removes the directory; idempotent. */
    stop: async () => {
      if (shell.exitCode !== null || shell.signalCode !== null) return;
      shell.ref();
      const ended = once(shell, 'exit');
      shell.stdin.end();
      await ended;
    },
  };
}

/**
 * Ports of 127.0.0.1 that nobody listens at, below those that systems give to outgoing connections: a server that is started
 * again finds its port free.
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) {
    const port = randomInt(10_000, 30_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

/** @param {number} port @returns {Promise<boolean>} */
async function isFree(port) {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}
