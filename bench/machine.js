import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release } from 'node:os';
import { join } from 'node:path';
import { scratchDirectory } from '../scripts/scratch-directory.js';
import { quantileOf } from './statistics.js';

/**
 * @typedef {object} Machine
 * @property {number} cores
 * @property {string} cpu
 * @property {string} system
 * @property {string} node
 * @property {number} load of the minute before
 *
 * @typedef {object} Speed of the machine at some moment: it is not always the same
 * @property {number} flush median of writing and flushing 4 KiB where the databases are, ms: what durability costs here at least
 * @property {number} processor small values that one thread writes as JSON and reads again, per second
 */

/** How long {@link measureProcessor} takes, ms. */
const PROCESSOR_DURATION = 200;

/** @returns {Machine} */
export function describeMachine() {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    load: loadavg()[0] ?? 0,
  };
}

/** @returns {Promise<Speed>} */
export async function measureSpeed() {
  return { flush: await measureFlush(), processor: measureProcessor() };
}

async function measureFlush() {
  const scratch = scratchDirectory('flush');
  const file = openSync(join(scratch.path, 'file'), 'w');
  try {
    const page = Buffer.alloc(4096, 1);
    const times = Array.from({ length: 200 }, () => {
      const begin = performance.now();
      writeSync(file, page);
      fdatasyncSync(file);
      return performance.now() - begin;
    });
    return quantileOf(times, 0.5);
  } finally {
    closeSync(file);
    await scratch.remove();
  }
}

function measureProcessor() {
  const begin = performance.now();
  let count = 0;
  while (performance.now() - begin < PROCESSOR_DURATION) {
    for (const end = count + 1_000; count < end; count += 1) JSON.parse(JSON.stringify({ number: count, text: 'a value', list: [1, 2, 3] }));
  }
  return (1_000 * count) / (performance.now() - begin);
}
