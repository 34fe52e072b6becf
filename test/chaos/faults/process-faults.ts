/** What happens to worker processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../effects.js';
import type { Fleet } from '../fleet.js';
import type { Random } from '../random.js';
import type { WorkerProcess } from '../worker-process.js';
import type { Fault } from './fault.js';

const HOUR = 3_600_000;
/** How long a process that is to stop in the midst of a commit may go without one, ms. */
const COMMIT_WAIT = 4_000;

export interface ProcessFaultsOptions {
  readonly fleet: Fleet;
  /** ms */
  readonly leaseDuration: number;
}

export function processFaults({ fleet, leaseDuration }: ProcessFaultsOptions): Fault[] {
  const kill = async (victims: readonly WorkerProcess[]): Promise<number> => {
    await Promise.all(victims.map((victim) => victim.kill()));
    return victims.length;
  };
  /** Longer than a lease: when it goes on, others have taken over. */
  const stop = async (worker: WorkerProcess, random: Random): Promise<void> => {
    const from = now();
    await stopFor(worker, random.between(leaseDuration * 1.2, leaseDuration * 3));
    fleet.stops.push({ worker: worker.name, from, to: now() });
  };
  const onOne = (name: string, strike: (worker: WorkerProcess, random: Random) => Promise<number>): Fault => ({
    name,
    strike: async (random) => {
      await fleet.whenWorking();
      return strike(random.pick(fleet.working), random);
    },
  });

  return [
    onOne('kill -9 of one', (worker) => kill([worker])),
    {
      name: 'kill -9 of several',
      strike: async (random) => {
        const last = random.pick(fleet.workers);
        return kill(fleet.workers.filter((worker) => worker === last || random.chance(0.5)));
      },
    },
    { name: 'kill -9 of all', strike: async () => kill([...fleet.workers]) },
    onOne('SIGTERM', async (worker) => {
      if ((await worker.terminate()) === 'SIGKILL') fleet.errors.push(`${worker.name} did not end after SIGTERM`);
      return 1;
    }),
    onOne('SIGSTOP for longer than the lease', async (worker, random) => {
      await stop(worker, random);
      return 1;
    }),
    onOne('SIGSTOP in the midst of a commit', async (worker, random) => {
      // It may come to it late: whoever has stopped is always let go on.
      const stopped = worker.freeze('inside').then(() => stop(worker, random).then(() => 1), () => 0);
      return Promise.race([stopped, delay(COMMIT_WAIT, 0)]);
    }),
    onOne('clock step', async (worker, random) => {
      worker.shiftClock(random.between(-48, 48) * HOUR);
      return 1;
    }),
  ];
}

/** By a shell of its own: whoever is stopped goes on, also when this process has died meanwhile, and then finds that out. */
async function stopFor({ pid }: WorkerProcess, ms: number): Promise<void> {
  const script = 'kill -STOP "$1"; sleep "$2"; kill -CONT "$1"';
  await once(spawn('/bin/sh', ['-c', script, 'stop', String(pid), String(ms / 1_000)], { detached: true, stdio: 'ignore' }), 'exit');
}
