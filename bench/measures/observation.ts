import type { BenchApplication } from '../application/application.js';

/** What a piece of work took. */
export interface Observation {
  readonly seconds: number;
  readonly checkpoints: number;
  readonly commits: number;
  readonly checkpointsPerSecond: number;
}

export async function observe(app: BenchApplication, work: () => Promise<unknown>): Promise<Observation> {
  const before = app.written();
  const begin = performance.now();
  await work();
  const seconds = (performance.now() - begin) / 1_000;
  const after = app.written();
  const checkpoints = after.checkpoints - before.checkpoints;
  return { seconds, checkpoints, commits: after.commits - before.commits, checkpointsPerSecond: checkpoints / seconds };
}
