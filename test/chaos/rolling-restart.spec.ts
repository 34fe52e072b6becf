/** A rolling restart: SIGTERM for one process after the other while orchestrations run. */
import { interrupted, runAgain } from './checker/check-effects.js';
import { readTables } from './checker/tables.js';
import { CrashRun } from './crash-run.js';
import { plansWhile } from './plan.js';
import { Random } from './random.js';

const WORKERS = 4;
/** Journeys under way at the same time. */
const IN_FLIGHT = 40;
/** Activities take up to 800 ms, so that some run in each process that is stopped. */
const SLOWNESS = 10;
/** Who waited for a lease or for the next heartbeat, a third of it, would fail the test by its time limit. */
const LEASE = 300_000;
const TIME_LIMIT = 90_000;

let run: CrashRun | undefined;

afterEach(() => run?.close());

it('[A4] a clean stop of one process after the other loses nothing and runs no activity twice; the others go on at once', async () => {
  const random = Random.fromEnvironment();
  process.stderr.write(`Rolling restart: CHAOS_SEED=${random.seed}\n`);
  run = await CrashRun.open({ kind: 'mysql', random, leaseDuration: LEASE, maxPause: 300 });
  const { fleet, driver, observer, stage } = run;
  await fleet.start(WORKERS);

  let isRestarting = true;
  const travelling = driver.keepInFlight(IN_FLIGHT, plansWhile(random.fork(), () => isRestarting, SLOWNESS));
  await fleet.whenWorking();
  for (let place = 0; place < WORKERS; place += 1) {
    expect(await observer.look()).toBeGreaterThan(0);
    expect(await fleet.restart(place)).toBe('SIGTERM');
  }
  isRestarting = false;
  await travelling;

  const { problems, effects } = await run.check();
  expect(problems).toEqual([]);
  expect(fleet.errors).toEqual([]);
  expect({ interrupted: interrupted(effects), 'run again': runAgain(effects) }).toEqual({ interrupted: 0, 'run again': 0 });
  expect({ takeovers: fleet.takeovers, 'refused commits': fleet.refused }).toEqual({ takeovers: 0, 'refused commits': 0 });
  expect(await fleet.stop()).toEqual(fleet.workers.map(() => 0));
  expect(new Set((await readTables(stage.database.storage)).owners)).toEqual(new Set([null]));
}, TIME_LIMIT);
