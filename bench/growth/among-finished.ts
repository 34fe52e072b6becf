import type { StorageOptions } from '../../lib/index.js';
import { startApplication } from '../application/application.js';
import { inRounds, type Bench } from '../bench.js';
import type { Figure, Figures } from '../figures.js';
import { fillWith } from '../measures/finished.js';
import { sequenceRate } from '../measures/throughput.js';

/** One database, which is measured empty, with a tenth of the finished instances, and with all of them. */
export async function measureAmongFinished(bench: Bench): Promise<Figures> {
  const storage = await bench.database.createStorage();
  const tenth = Math.round(bench.finished / 10);
  const amongNone = await measureRate(bench, storage, 'no finished instances');
  await fillWith(storage, tenth, bench);
  const amongTenth = await measureRate(bench, storage, `${tenth} finished instances`);
  await fillWith(storage, bench.finished - tenth, bench);
  const amongAll = await measureRate(bench, storage, `${bench.finished} finished instances`);
  return { amongNone, amongTenth, amongAll, amongCount: { value: bench.finished } };
}

async function measureRate(bench: Bench, storage: StorageOptions, what: string): Promise<Figure | undefined> {
  const app = await startApplication(storage);
  try {
    for (let round = 0; round < 2; round += 1) await sequenceRate(app);
    return (await inRounds(bench, what, async () => ({ generated: await sequenceRate(app) }))).generated;
  } finally {
    await app.close();
  }
}
