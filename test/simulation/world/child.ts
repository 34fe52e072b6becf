/** A child process that runs seeds: told the first of some, it sends the result of each. */
import type { SeedResult } from './simulation.js';
import { replaceGlobals } from './globals.js';

export interface SeedRange {
  readonly first: number;
  readonly count: number;
}

export type ChildMessage = { readonly kind: 'ready' } | { readonly kind: 'result'; readonly result: SeedResult };

replaceGlobals();
const { runSeed } = await import('./simulation.js');
const { createScenario } = await import('../scenario/scenario.js');
const send = (message: ChildMessage) => process.send!(message);

// Nobody wants the results any more.
process.on('disconnect', () => process.exit());
process.on('message', ({ first, count }: SeedRange) => {
  void (async () => {
    for (let seed = first; seed < first + count; seed += 1) send({ kind: 'result', result: await runSeed(seed, createScenario) });
    send({ kind: 'ready' });
  })();
});
send({ kind: 'ready' });
