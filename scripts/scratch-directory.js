import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A temporary directory that is removed when this process ends, however it ends: a shell in a session of its own waits
 * for the end of a pipe whose other end only this process holds.
 * @param {string} name part of the directory's name
 * @returns {{ path: string, remove: () => Promise<void> }} `remove` removes it now; idempotent
 */
export function scratchDirectory(name) {
  const path = mkdtempSync(join(tmpdir(), `nestjs-durable-${name}-`));
  const remover = spawn('/bin/sh', ['-c', 'read -r _; rm -rf "$1"', 'scratch', path], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  remover.unref();
  /** @type {import('node:net').Socket} */ (remover.stdin).unref();
  return {
    path,
    remove: async () => {
      if (remover.exitCode !== null || remover.signalCode !== null) return;
      remover.ref();
      const removed = once(remover, 'exit');
      remover.stdin.end();
      await removed;
    },
  };
}
