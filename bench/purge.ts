/** How much a purge of many finished instances slows down those that run. */
import { DataSource } from 'typeorm';
import type { StorageOptions } from '../lib/index.js';
import { startApplication } from './application.js';
import { addFinishedInstances } from './finished-instances.js';
import { medianOf } from './statistics.js';
import { SteadyLoad } from './steady-load.js';

/** Sequences under way at the same time. */
const IN_FLIGHT = 100;
/** Sequences of a window, over which one rate is taken. */
const WINDOW = 500;
/** Windows without a purge before each one, and before the first. */
const WINDOWS = 4;
const WARM_UP_WINDOWS = 4;

export interface PurgeImpact {
  /** Orchestrations per second: medians of the windows while nothing was purged, and while something was. */
  readonly without: number;
  readonly during: number;
  /** `during` ÷ `without`. */
  readonly ratio: number;
  /** Windows of each kind. */
  readonly windows: { readonly without: number; readonly during: number };
  /** Finished instances that were deleted per second, with their histories. */
  readonly instancesPerSecond: number;
}

/**
 * Purges `instances` finished instances in `rounds` lots while others run, and measures before and during each, so that what
 * disturbs the machine for a while disturbs both sides. A purge counts as under way until the last history is deleted.
 */
export async function measurePurge(storage: StorageOptions, instances: number, rounds: number): Promise<PurgeImpact> {
  const created = await addFinishedInstances(storage, instances);
  const app = await startApplication(storage);
  const source = await new DataSource(storage).initialize();
  const load = new SteadyLoad(app, IN_FLIGHT);
  const without: number[] = [];
  const during: number[] = [];
  let purging = 0;
  try {
    for (let window = 0; window < WARM_UP_WINDOWS; window += 1) await load.measure(WINDOW);
    for (let round = 0; round < rounds; round += 1) {
      for (let window = 0; window < WINDOWS; window += 1) without.push(await load.measure(WINDOW));
      const lot = instances / rounds;
      const first = created + round * lot;
      const begin = performance.now();
      let isUnderWay = true;
      const purge = app.purgeLonger(first, first + lot - 1).finally(() => (isUnderWay = false));
      const measureDuring = async () => {
        while (isUnderWay || (await hasGarbage(source))) during.push(await load.measure(WINDOW));
      };
      const [purged] = await Promise.all([purge, measureDuring()]);
      if (purged !== lot) throw new Error(`${purged} of ${lot} instances were purged.`);
      purging += performance.now() - begin;
    }
    await load.stop();
  } finally {
    await source.destroy();
    await app.close();
  }
  const rates = { without: medianOf(without), during: medianOf(during) };
  return {
    ...rates,
    ratio: rates.during / rates.without,
    windows: { without: without.length, during: during.length },
    instancesPerSecond: (instances / purging) * 1_000,
  };
}

/** Whether histories of purged instances are still to be deleted. */
async function hasGarbage(source: DataSource): Promise<boolean> {
  const rows = await source.query<unknown[]>('SELECT 1 AS found FROM durable_garbage LIMIT 1');
  return rows.length > 0;
}
