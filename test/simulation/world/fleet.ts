import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { ChildMessage, SeedRange } from './child.js';
import type { SeedResult } from './simulation.js';

export interface FleetOptions extends SeedRange {
  /** Where the compiled simulation is: the folder of this file, or of a copy. */
  readonly folder?: string;
  /** Told of each result, in no order; answers whether to go on. */
  readonly finished: (result: SeedResult) => boolean;
}

/** Seeds that a child gets at a time. */
const PORTION = 10;

/** Runs seeds in as many child processes as the machine has cores. */
export async function runFleet(options: FleetOptions): Promise<void> {
  const { folder = import.meta.dirname, first, count, finished } = options;
  let next = first;
  let goesOn = true;
  const portion = (): SeedRange | undefined => {
    if (!goesOn || next >= first + count) return undefined;
    const range = { first: next, count: Math.min(PORTION, first + count - next) };
    next += range.count;
    return range;
  };
  const children = Array.from({ length: Math.min(availableParallelism(), Math.ceil(count / PORTION)) }, () => fork(resolve(folder, 'child.js')));
  const ends = children.map((child) =>
    serve(child, portion, (result) => {
      goesOn &&= finished(result);
      // What others are at work on would only be thrown away.
      if (!goesOn) for (const each of children) each.kill();
    }),
  );
  const results = await Promise.allSettled(ends);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed && goesOn) throw failed.reason;
}

/** Gives a child its portions until there are none. */
function serve(child: ChildProcess, portion: () => SeedRange | undefined, finished: (result: SeedResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let under: SeedRange | undefined;
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'result') return finished(message.result);
      under = portion();
      if (under) child.send(under);
      else child.disconnect();
    });
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`A child process that ran seeds from ${under?.first} on ended with ${signal ?? `code ${code}`}: its output tells why.`));
    });
  });
}
