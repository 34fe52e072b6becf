import type { BenchApplication } from '../application/application.js';
import type { Sample, Samples } from '../figures.js';
import { observe, type Observation } from './observation.js';

/** Whether the module chooses the instance ids, or the caller gives them. */
export type Ids = 'generated' | 'supplied';

/** Sequences of one round. */
export const SEQUENCES = 2_000;

let round = 0;

/** From the first start to the last result of `count` sequences, all started at once. */
export function runSequences(app: BenchApplication, count: number, ids: Ids = 'generated'): Promise<Observation> {
  const prefix = `round-${round++}`;
  const idOf = (index: number) => (ids === 'supplied' ? `${prefix}-${index}` : undefined);
  return observe(app, () => Promise.all(Array.from({ length: count }, (_, index) => app.run(index, idOf(index)))));
}

/** Sequences per second, all started at once. */
export async function sequenceRate(app: BenchApplication, count = SEQUENCES): Promise<Sample> {
  const { seconds, checkpointsPerSecond } = await runSequences(app, count);
  return { value: count / seconds, checkpointsPerSecond };
}

/** @param share of a whole round, for the warm-up */
export async function measureThroughput(app: BenchApplication, share: number): Promise<Samples> {
  const count = SEQUENCES * share;
  const generated = await runSequences(app, count, 'generated');
  const supplied = await runSequences(app, count, 'supplied');
  return {
    generated: { value: count / generated.seconds, checkpointsPerSecond: generated.checkpointsPerSecond },
    generatedCheckpoints: { value: generated.checkpoints / count },
    generatedCommits: { value: generated.commits / count },
    supplied: { value: count / supplied.seconds, checkpointsPerSecond: supplied.checkpointsPerSecond },
    suppliedCheckpoints: { value: supplied.checkpoints / count },
    suppliedCommits: { value: supplied.commits / count },
  };
}
