import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchApplication } from '../application/application.js';
import { Shapes } from '../application/shapes.js';
import { SteadyLoad } from '../steady-load.js';
import type { Awakening, Load, Pace, Sleepers, WorkerCalls } from './worker-messages.js';

/** Starts that are awaited at the same time. */
const STARTERS = 500;
/** Pause between two looks whether all sleepers have ended, ms: a look costs nothing. */
const LOOK = 5;

export function workerCalls(app: BenchApplication): WorkerCalls {
  return {
    owned: () => app.client.getMetrics().partitions.owned,
    carry: (load) => carry(app, load),
    startSleepers: (sleepers) => startSleepers(app, sleepers),
    awaken: (awakening) => awaken(app, awakening),
    memory: () => ({ resident: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1_024 }),
    close: () => app.close(),
  };
}

async function carry(app: BenchApplication, { inFlight, ids, warmUp, duration }: Load): Promise<number> {
  const load = new SteadyLoad(app, inFlight, ids === 'supplied' ? randomUUID : undefined);
  await load.measureDuring(delay(warmUp));
  const rate = await load.measureDuring(delay(duration));
  await load.stop();
  return rate;
}

async function startSleepers(app: BenchApplication, { count, until }: Sleepers): Promise<Pace> {
  const { asleep } = app.client.orchestrators(Shapes);
  const { checkpoints } = app.written();
  const begin = performance.now();
  let started = 0;
  await Promise.all(Array.from({ length: STARTERS }, async () => {
    while (started < count) {
      started += 1;
      await asleep(until);
    }
  }));
  return { seconds: (performance.now() - begin) / 1_000, checkpoints: app.written().checkpoints - checkpoints };
}

/** A count in memory tells of the episodes that are committed. */
async function awaken(app: BenchApplication, { until, episodes }: Awakening): Promise<Pace> {
  const { checkpoints } = app.written();
  while (app.client.getMetrics().instances.episodes < episodes) await delay(LOOK);
  return { seconds: (Date.now() - until) / 1_000, checkpoints: app.written().checkpoints - checkpoints };
}
