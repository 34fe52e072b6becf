/** Orchestrations that sleep in great numbers, and wake at the same time. */
import { setTimeout as delay } from 'node:timers/promises';
import type { StorageOptions } from '../../lib/index.js';
import { inRounds, type Bench } from '../bench.js';
import type { Figures, Samples } from '../figures.js';
import { openBeside } from '../finished-instances.js';
import type { Pace } from '../workers/worker-messages.js';
import { WorkerProcess } from '../workers/worker-process.js';

/** Sleepers that warm up, and tell how long the others will take to start; the second lot counts. */
const WARM_UP = 5_000;
/** How much longer than that the start may take. */
const MARGIN = 2;
/** How long the warm-up sleeps, ms. */
const NAP = 10_000;
/** How long the others sleep at least, ms: V8 gives memory back after half a minute of little work. */
const SLEEP = 60_000;
/** How long before they wake the last look at the memory is, ms. */
const DAWN = 5_000;
/** Of one sleeper. */
const EPISODES = 2;
const BYTES_PER_MB = 1e6;

/** The worker is a process of its own, which starts the orchestrations itself. One round: it takes minutes. */
export function measureSleeping(bench: Bench): Promise<Figures> {
  return inRounds(bench, `${bench.sleeping} sleeping orchestrations`, () => measureOnce(bench), 1);
}

async function measureOnce({ database, sleeping: count, progress }: Bench): Promise<Samples> {
  const storage = await database.createStorage();
  const worker = await WorkerProcess.start({ storage });
  try {
    await warmUp(worker, 1);
    const expected = await warmUp(worker, 2);
    const before = await worker.ask('memory');
    const until = Date.now() + Math.ceil(MARGIN * expected * (count / WARM_UP) * 1_000) + SLEEP;
    const started = await worker.ask('startSleepers', { count, until });
    if (Date.now() > until - SLEEP) {
      throw new Error(`${count} sleepers started far slower than ${WARM_UP} did before: they would wake too early. Try again.`);
    }
    const { resident: atFirst } = await worker.ask('memory');
    progress('they sleep');
    await delay(until - DAWN - Date.now());
    const { resident: asleep } = await worker.ask('memory');
    progress('they wake');
    const finished = await worker.ask('awaken', { until, episodes: EPISODES * (2 * WARM_UP + count) });
    const { peak } = await worker.ask('memory');
    await assertCompleted(storage, count + 2 * WARM_UP);
    return {
      sleepers: { value: count },
      sleepersStarted: rateOf(count, started),
      sleepersMemory: megabytes(asleep),
      sleepersMemoryAtFirst: megabytes(atFirst),
      sleepersMemoryBefore: megabytes(before.resident),
      sleepersMemoryPeak: megabytes(peak),
      sleepersFinished: rateOf(count, finished),
    };
  } finally {
    await worker.close();
  }
}

/** Answers the seconds in which they were started. */
async function warmUp(worker: WorkerProcess, lot: number): Promise<number> {
  const until = Date.now() + NAP;
  const { seconds } = await worker.ask('startSleepers', { count: WARM_UP, until });
  await worker.ask('awaken', { until, episodes: EPISODES * lot * WARM_UP });
  return seconds;
}

function rateOf(count: number, { seconds, checkpoints }: Pace) {
  return { value: count / seconds, checkpointsPerSecond: checkpoints / seconds };
}

const megabytes = (bytes: number) => ({ value: bytes / BYTES_PER_MB });

async function assertCompleted(storage: StorageOptions, count: number): Promise<void> {
  const source = await openBeside(storage);
  try {
    const [row] = await source.query<{ completed: number }[]>("SELECT COUNT(*) AS completed FROM durable_instances WHERE status = 'Completed'");
    if (Number(row?.completed) !== count) throw new Error(`Of ${count} sleepers ${String(row?.completed)} are completed.`);
  } finally {
    await source.destroy();
  }
}
