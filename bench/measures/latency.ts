import type { BenchApplication } from '../application/application.js';
import type { Samples } from '../figures.js';
import { quantileOf } from '../statistics.js';
import { observe } from './observation.js';

/** Sequences of one round. */
const RUNS = 300;

/**
 * From a start to its result, one sequence at a time, ms.
 * @param share of a whole round, for the warm-up
 */
export async function measureLatency(app: BenchApplication, share: number): Promise<Samples> {
  const count = RUNS * share;
  const latencies: number[] = [];
  const { checkpoints } = await observe(app, async () => {
    for (let index = 0; index < count; index += 1) {
      const begin = performance.now();
      await app.run(index);
      latencies.push(performance.now() - begin);
    }
  });
  return {
    latencyP50: { value: quantileOf(latencies, 0.5) },
    latencyP99: { value: quantileOf(latencies, 0.99) },
    latencyCheckpoints: { value: checkpoints / count },
  };
}
