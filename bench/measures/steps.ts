import type { BenchApplication } from '../application/application.js';
import { Shapes } from '../application/shapes.js';
import type { Sample, Samples } from '../figures.js';
import { observe } from './observation.js';

/**
 * From the start to the result of one orchestration with so many activities in sequence, s.
 * @param share of a whole round, for the warm-up
 */
export async function measureSteps(app: BenchApplication, share: number): Promise<Samples> {
  return { steps1000: await inSequence(app, 1_000 * share), steps2000: await inSequence(app, 2_000 * share) };
}

async function inSequence(app: BenchApplication, steps: number): Promise<Sample> {
  const { long } = app.client.orchestrators(Shapes);
  const { seconds, checkpointsPerSecond } = await observe(app, async () => {
    const result = await app.completed(await long(steps));
    if (result !== steps) throw new Error(`A sequence of ${steps} activities ended with ${String(result)}.`);
  });
  return { value: seconds, checkpointsPerSecond };
}
