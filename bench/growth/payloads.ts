import { startApplication, type BenchApplication } from '../application/application.js';
import { Shapes } from '../application/shapes.js';
import { inRounds, type Bench } from '../bench.js';
import type { Figures, Sample } from '../figures.js';
import { observe } from '../measures/observation.js';

/** Sequences of three activities, each of which takes and gives back a text of 100 B, 10 KB and 1 MB, all started at once. */
export async function measurePayloads(bench: Bench): Promise<Figures> {
  const app = await startApplication(await bench.database.createStorage());
  const round = async () => ({
    payload100B: await carry(app, 2_000, 100),
    payload10KB: await carry(app, 500, 10_000),
    payload1MB: await carry(app, 20, 1_000_000),
  });
  try {
    await round();
    return await inRounds(bench, 'payloads', round);
  } finally {
    await app.close();
  }
}

async function carry(app: BenchApplication, count: number, size: number): Promise<Sample> {
  const { heavy } = app.client.orchestrators(Shapes);
  const text = 'x'.repeat(size);
  const { seconds, checkpointsPerSecond } = await observe(app, () => Promise.all(Array.from({ length: count }, async () => {
    const length = await app.completed(await heavy(text));
    if (length !== size) throw new Error(`A text of ${size} characters came back with ${String(length)}.`);
  })));
  return { value: count / seconds, checkpointsPerSecond };
}
