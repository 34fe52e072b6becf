import { startApplication, type BenchApplication } from '../application/application.js';
import { inRounds, type Bench } from '../bench.js';
import type { Figures } from '../figures.js';
import { sequenceRate } from '../measures/throughput.js';

/** One process with hubs of 4, 16 and 64 partitions, each in a database of its own, in turn. */
export async function measurePartitions(bench: Bench): Promise<Figures> {
  const apps: BenchApplication[] = [];
  try {
    for (const partitionCount of [4, 16, 64]) apps.push(await startApplication(await bench.database.createStorage(), { partitionCount }));
    const [few, some, many] = apps as [BenchApplication, BenchApplication, BenchApplication];
    for (const app of [...apps, ...apps]) await sequenceRate(app);
    return await inRounds(bench, 'partitions', async () => ({
      partitions4: await sequenceRate(few),
      partitions16: await sequenceRate(some),
      partitions64: await sequenceRate(many),
    }));
  } finally {
    for (const app of apps) await app.close();
  }
}
