import type { BenchApplication } from '../application/application.js';
import { Shapes } from '../application/shapes.js';
import type { Samples } from '../figures.js';
import { medianOf } from '../statistics.js';
import { observe } from './observation.js';

const ACTIVITIES = 1_000;
/** Orchestrations of one round, one after the other. */
const RUNS = 6;

/**
 * From the start to the result of an orchestration that calls 1 000 activities at once, s: the median of several.
 * @param share of a whole round, for the warm-up
 */
export async function measureFanOut(app: BenchApplication, share: number): Promise<Samples> {
  const { wide } = app.client.orchestrators(Shapes);
  const times: number[] = [];
  for (let run = 0; run < RUNS * share; run += 1) {
    const { seconds } = await observe(app, async () => {
      const results = await app.completed(await wide(ACTIVITIES));
      if (results !== ACTIVITIES) throw new Error(`A fan-out of ${ACTIVITIES} activities ended with ${String(results)} results.`);
    });
    times.push(seconds);
  }
  // No share of the raw limit: a few checkpoints with hundreds of activities each are nothing like those.
  return { fanOut: { value: medianOf(times) } };
}
