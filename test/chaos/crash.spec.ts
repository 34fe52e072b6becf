/**
 * The crash test: workers are killed by SIGKILL at random moments, dozens of times and more, while hundreds of
 * orchestrations run; in the end every one of them must have the output that it would have had without any kill.
 *
 * CHAOS_SEED repeats plans and delays of a run; CHAOS_KILLS and CHAOS_ORCHESTRATIONS make it longer or shorter.
 */
import { rowsOfDatabases, type DatabaseKind } from '../support/databases.js';
import { interrupted, runAgain } from './checker/check-effects.js';
import { readTables } from './checker/tables.js';
import { CrashRun } from './crash-run.js';
import { killAtRandom } from './killer.js';
import { plansWhile } from './plan.js';
import { Random } from './random.js';
import { printReport, type Report } from './report.js';

/** Journeys under way at the same time. */
const IN_FLIGHT = 40;

const reports: Report[] = [];
let run: CrashRun | undefined;

afterEach(() => run?.close());
afterAll(() => printReport('Crash test', reports));

it.each(rowsOfDatabases<[DatabaseKind, number, number, number]>([
  ['mysql', 2, 100, 500],
  ['mysql', 4, 50, 250],
  ['sqlite', 1, 100, 500],
]))('[A4] kill -9 loses nothing and does nothing twice, on %s with %i worker(s)', async (kind, workers, usualKills, usualOrchestrations) => {
  const wantedKills = Number(process.env.CHAOS_KILLS ?? usualKills);
  const wantedOrchestrations = Number(process.env.CHAOS_ORCHESTRATIONS ?? usualOrchestrations);
  const random = Random.fromEnvironment();
  process.stderr.write(`Crash test on ${kind}: CHAOS_SEED=${random.seed}\n`);
  const began = performance.now();
  run = await CrashRun.open({ kind, random, leaseDuration: 1_500, maxPause: 300 });
  const { fleet, driver, observer, stage } = run;
  await fleet.start(workers);

  let isKilling = true;
  const plans = plansWhile(random.fork(), (count) => isKilling || count < wantedOrchestrations);
  const [kills] = await Promise.all([
    killAtRandom(fleet, observer, random.fork(), wantedKills).finally(() => (isKilling = false)),
    driver.keepInFlight(IN_FLIGHT, plans),
  ]);

  const { problems, tables, effects, attempts } = await run.check();
  const report = {
    database: kind, workers, seed: random.seed, seconds: Math.round((performance.now() - began) / 1_000),
    kills: kills.working, 'idle kills': kills.idle,
    orchestrations: driver.journeys.length, instances: tables.instances.length,
    events: driver.acknowledged, 'events, no worker': driver.acknowledgedWithoutWorker,
    takeovers: fleet.takeovers, 'refused commits': fleet.refused,
    activities: attempts, interrupted: interrupted(effects), 'run again': runAgain(effects), 'seen committed': observer.committed.size,
  };
  reports.push(report);

  expect(problems).toEqual([]);
  expect(fleet.errors).toEqual([]);
  // The run put the engine to the test.
  for (const number of ['takeovers', 'run again', 'events, no worker', 'seen committed'] as const) expect([number, report[number]]).not.toEqual([number, 0]);
  expect(report.kills).toBeGreaterThanOrEqual(wantedKills);
  expect(report.orchestrations).toBeGreaterThanOrEqual(wantedOrchestrations);
  // A clean stop gives everything back.
  expect(await fleet.stop()).toEqual(fleet.workers.map(() => 0));
  expect(new Set((await readTables(stage.database.storage)).owners)).toEqual(new Set([null]));
});
