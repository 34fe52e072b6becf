import { setTimeout } from 'node:timers/promises';
import type { BenchApplication } from '../application/application.js';
import type { Samples } from '../figures.js';
import { observe } from './observation.js';

/** What is done with counters: signals to one of them or to as many, or calls of one from 32 orchestrations at once. */
type Counting = 'oneEntity' | 'manyEntities' | 'callers';

/** Operations of one round, in each way of counting. */
const OPERATIONS = 1_000;
const CALLERS = 32;
/** Pause between two looks whether all operations are committed, ms: a look costs nothing. */
const LOOK = 1;

let round = 0;

/** @param share of a whole round, for the warm-up */
export async function measureEntities(app: BenchApplication, share: number): Promise<Samples> {
  const count = OPERATIONS * share;
  return {
    ...(await measureCounting(app, count, 'callers')),
    ...(await measureCounting(app, count, 'manyEntities')),
    ...(await measureCounting(app, count, 'oneEntity')),
  };
}

/** From the first signal or start until the last of `count` operations is committed. */
async function measureCounting(app: BenchApplication, count: number, counting: Counting): Promise<Samples> {
  const prefix = `round-${round++}`;
  const keys = Array.from({ length: counting === 'manyEntities' ? count : 1 }, (_, index) => `${prefix}-${index}`);
  const { seconds, checkpoints, commits, checkpointsPerSecond } = await observe(app, async () => {
    if (counting === 'callers') {
      await Promise.all(Array.from({ length: CALLERS }, (_, caller) => app.call(keys[0]!, Math.ceil((count - caller) / CALLERS))));
      return;
    }
    const before = app.written().operations;
    await Promise.all(Array.from({ length: count }, (_, index) => app.signal(keys[index % keys.length]!)));
    while (app.written().operations < before + count) await setTimeout(LOOK);
  });
  for (const key of keys) {
    const counted = await app.counted(key);
    if (counted !== count / keys.length) throw new Error(`Counter '${key}' has counted ${counted}, not ${count / keys.length}.`);
  }
  return {
    [counting]: { value: count / seconds, checkpointsPerSecond },
    [`${counting}Checkpoints`]: { value: checkpoints / count },
    [`${counting}Commits`]: { value: commits / count },
  };
}
