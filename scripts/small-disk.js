/** A small file system in memory, to be filled up and freed again. Linux lets root mount one; elsewhere there is none. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {object} SmallDisk
 * @property {string} path
 * @property {() => void} fill takes all the space that is left
 * @property {() => void} free gives it back
 * @property {() => Promise<void>} remove unmounts it; idempotent
 */

/** Removes the disk at the end of a pipe whose other end only this process holds: it never outlives it, however that one ends. */
const OWNER = 'read -r _; umount -l "$1"; rmdir "$1"';

const CHUNK = Buffer.alloc(1024 * 1024);
const LAST_CHUNK = Buffer.alloc(4096);

/**
 * @param {number} megabytes
 * @returns {SmallDisk | undefined} undefined where this process may not mount
 */
export function smallDisk(megabytes) {
  const path = mkdtempSync(join(tmpdir(), 'nestjs-durable-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'nestjs-durable', path], { stdio: 'ignore' });
  } catch {
    rmdirSync(path);
    return undefined;
  }
  const owner = spawn('/bin/sh', ['-c', OWNER, 'disk', path], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  owner.unref();
  /** @type {import('node:net').Socket} */ (owner.stdin).unref();
  const ballast = join(path, 'ballast');
  return {
    path,
    fill: () => {
      const file = openSync(ballast, 'a');
      for (const chunk of [CHUNK, LAST_CHUNK]) writeUntilFull(file, chunk);
      closeSync(file);
    },
    free: () => rmSync(ballast, { force: true }),
    remove: async () => {
      if (owner.exitCode !== null || owner.signalCode !== null) return;
      owner.ref();
      const removed = once(owner, 'exit');
      owner.stdin.end();
      await removed;
    },
  };
}

/** @param {number} file @param {Buffer} chunk */
function writeUntilFull(file, chunk) {
  try {
    for (;;) writeSync(file, chunk);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOSPC') throw error;
  }
}
