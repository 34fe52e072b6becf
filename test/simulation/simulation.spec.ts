/** The simulation as `npm test` runs it: a fixed set of seeds, and whether a seed is the same run each time. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const PROGRAM = resolve(import.meta.dirname, '../../build/test/simulation/main.js');
/** Bytes that a failing run may say. */
const MAX_OUTPUT = 64 * 1024 * 1024;

const simulate = async (...args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...args], { maxBuffer: MAX_OUTPUT });
  return stdout;
};

interface Result {
  readonly hash: string;
  readonly commits: number;
}

const resultOf = async (seed: number) => JSON.parse(await simulate('--seed', String(seed), '--quiet')) as Result;

it('keeps the invariants under all faults, in a fixed set of seeds', async () => {
  expect(await simulate()).toContain(' 0 seeds failed');
});

it('repeats a seed step by step', async () => {
  const first = await resultOf(7);
  expect(first.commits).toBeGreaterThan(0);
  expect(await resultOf(7)).toEqual(first);
  expect((await resultOf(8)).hash).not.toBe(first.hash);
});
