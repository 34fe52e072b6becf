/** How much more worker processes do on one database. */
import { setTimeout as delay } from 'node:timers/promises';
import { inRounds, type Bench } from '../bench.js';
import type { Figures, Samples } from '../figures.js';
import { WorkerProcess } from '../workers/worker-process.js';
import type { Ids } from './throughput.js';

const COUNTS = [1, 2, 4] as const;
/** As many as a hub has by default. */
const PARTITIONS = 16;
/** Sequences under way in all processes together; fewer than would keep the starts of one of them from being eager. */
const IN_FLIGHT = 800;
/** ms */
const WARM_UP = 1_000;
const DURATION = 3_000;
/** Pause between two looks whether the processes share the partitions equally, ms. */
const LOOK = 200;

/**
 * Each process is a whole application, whose own client starts its share of the sequences and awaits them, as requests that a
 * load balancer spreads would. The groups of one, two and four have databases of their own on one server, and are asked in turn;
 * those that are not asked are idle.
 */
export async function measureProcesses(bench: Bench): Promise<Figures> {
  bench.progress('starting one, two and four worker processes');
  const groups: WorkerProcess[][] = [];
  try {
    for (const count of COUNTS) groups.push(await startGroup(bench, count));
    return await inRounds(bench, 'worker processes', async () => ({ ...(await measureGenerated(groups)), ...(await measureSupplied(groups)) }));
  } finally {
    await Promise.all(groups.flat().map((worker) => worker.close()));
  }
}

async function startGroup({ database }: Bench, count: number): Promise<WorkerProcess[]> {
  const storage = await database.createStorage();
  const workers: WorkerProcess[] = [];
  for (let place = 0; place < count; place += 1) workers.push(await WorkerProcess.start({ storage, settings: { partitionCount: PARTITIONS } }));
  for (const worker of workers) {
    while ((await worker.ask('owned')) !== PARTITIONS / count) await delay(LOOK);
  }
  return workers;
}

async function measureGenerated(groups: readonly WorkerProcess[][]): Promise<Samples> {
  const [one, two, four] = await ratesOf(groups, 'generated');
  return {
    processes1: { value: one! },
    processes2: { value: two! },
    processes4: { value: four! },
    processes2Ratio: { value: two! / one! },
    processes4Ratio: { value: four! / one! },
  };
}

/** What one process starts is mostly another's to run: all goes through inboxes that are polled. */
async function measureSupplied(groups: readonly WorkerProcess[][]): Promise<Samples> {
  const [one, two, four] = await ratesOf(groups, 'supplied');
  return { processesSupplied1: { value: one! }, processesSupplied2: { value: two! }, processesSupplied4: { value: four! } };
}

/** Sequences per second of each group. */
async function ratesOf(groups: readonly WorkerProcess[][], ids: Ids): Promise<number[]> {
  const rates: number[] = [];
  for (const workers of groups) {
    const load = { inFlight: IN_FLIGHT / workers.length, ids, warmUp: WARM_UP, duration: DURATION };
    const shares = await Promise.all(workers.map((worker) => worker.ask('carry', load)));
    rates.push(shares.reduce((sum, rate) => sum + rate, 0));
  }
  return rates;
}
