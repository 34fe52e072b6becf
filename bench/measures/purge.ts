/** How much a purge of many finished instances slows down those that run. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { StorageOptions } from '../../lib/index.js';
import { startApplication } from '../application/application.js';
import type { Bench } from '../bench.js';
import type { Figures } from '../figures.js';
import { addFinishedInstances, openBeside } from '../finished-instances.js';
import { medianOf } from '../statistics.js';
import { SteadyLoad } from '../steady-load.js';

/** Finished instances that are purged while others run, and in how many lots. */
const PURGED = 100_000;
const LOTS = 8;

/** Sequences under way at the same time. */
const IN_FLIGHT = 100;
/** Sequences before and after each purge, over which the rate without one is taken; as many warm up. */
const SEQUENCES = 2_000;
/** Pause between two looks whether histories are left, ms. */
const LOOK = 100;

export interface PurgeImpact {
  /** Orchestrations per second, medians: before and after a purge, and from its begin until its last history is deleted. */
  readonly without: number;
  readonly during: number;
  /** During each purge ÷ the mean of before and after it: the median. */
  readonly ratio: number;
  /** Finished instances that were deleted per second, with their histories. */
  readonly instancesPerSecond: number;
}

export async function measurePurging({ database, progress }: Bench): Promise<Figures> {
  progress(`purging ${PURGED} instances`);
  const { ratio, instancesPerSecond } = await measurePurge(await database.createStorage(), PURGED, LOTS);
  return { purgeRatio: { value: ratio }, purged: { value: instancesPerSecond } };
}

/**
 * Purges `instances` finished instances in `rounds` lots while others run, and measures before, during and after each, so
 * that what disturbs the machine for a while disturbs both sides.
 */
export async function measurePurge(storage: StorageOptions, instances: number, rounds: number): Promise<PurgeImpact> {
  const created = await addFinishedInstances(storage, instances, { template: (app) => app.runLonger() });
  const app = await startApplication(storage);
  const source = await openBeside(storage);
  const lot = instances / rounds;
  const purge = async (first: number): Promise<void> => {
    const count = await app.purgeLonger(first, first + lot - 1);
    if (count !== lot) throw new Error(`${count} of ${lot} instances were purged.`);
    while (await hasGarbage(source)) await delay(LOOK);
  };
  const without: number[] = [];
  const during: number[] = [];
  let purging = 0;
  try {
    const load = new SteadyLoad(app, IN_FLIGHT);
    await load.measure(SEQUENCES);
    without.push(await load.measure(SEQUENCES));
    for (let round = 0; round < rounds; round += 1) {
      const begin = performance.now();
      during.push(await load.measureDuring(purge(created + round * lot)));
      purging += performance.now() - begin;
      without.push(await load.measure(SEQUENCES));
    }
    await load.stop();
  } finally {
    await source.destroy();
    await app.close();
  }
  const ratios = during.map((rate, round) => (2 * rate) / (without[round]! + without[round + 1]!));
  return { without: medianOf(without), during: medianOf(during), ratio: medianOf(ratios), instancesPerSecond: (instances / purging) * 1_000 };
}

/** Whether histories of purged instances are still to be deleted. */
async function hasGarbage(source: DataSource): Promise<boolean> {
  const rows = await source.query<unknown[]>('SELECT 1 AS found FROM durable_garbage LIMIT 1');
  return rows.length > 0;
}
