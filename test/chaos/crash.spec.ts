/**
 * The crash test: workers are killed by SIGKILL at random moments, a hundred times and more, while hundreds of
 * orchestrations run; in the end every one of them must have the output that it would have had without any kill.
 *
 * CHAOS_SEED repeats plans and delays of a run; CHAOS_KILLS and CHAOS_ORCHESTRATIONS make it longer or shorter.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createDatabase, type DatabaseKind, type TestDatabase } from '../support/databases.js';
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { checkEffects, interrupted, runAgain } from './checker/check-effects.js';
import { checkJourneys } from './checker/check-journeys.js';
import { readTables } from './checker/tables.js';
import { Driver } from './driver.js';
import { readEffects } from './effects.js';
import { Fleet } from './fleet.js';
import { killAtRandom } from './killer.js';
import { expectedAttempts } from './model.js';
import { Observer } from './observer.js';
import { randomPlan, type Plan } from './plan.js';
import { Random } from './random.js';
import { printReport, type Report } from './report.js';

const KILLS = Number(process.env.CHAOS_KILLS ?? 100);
const ORCHESTRATIONS = Number(process.env.CHAOS_ORCHESTRATIONS ?? 500);
/** Journeys under way at the same time. */
const IN_FLIGHT = 40;
const LEASE = 1_500;

const reports: Report[] = [];
let undo: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

afterAll(() => printReport(reports));

it.each<[DatabaseKind, number]>([['mysql', 2], ['sqlite', 1]])('[A4] kill -9 loses nothing and does nothing twice, on %s with %i worker(s)', async (kind, workers) => {
  const random = Random.fromEnvironment();
  process.stderr.write(`crash test on ${kind}: CHAOS_SEED=${random.seed}\n`);
  const began = performance.now();
  const database = await openDatabase(kind);
  const effects = mkdtempSync(join(process.env.DURABLE_TEST_DIRECTORY!, 'effects-'));
  const fleet = new Fleet({ storage: database.storage, leaseDuration: LEASE, effects });
  undo.push(() => fleet.close());
  await fleet.start(workers);
  const driver = await Driver.open({ storage: database.storage, leaseDuration: LEASE, fleet, random, maxPause: 300 });
  undo.push(() => driver.close());
  const observer = await Observer.open(database.storage);
  undo.push(() => observer.close());

  let isKilling = true;
  const plans = plansWhile(random, (count) => isKilling || count < ORCHESTRATIONS);
  const travelling = driver.keepInFlight(IN_FLIGHT, plans);
  const [kills] = await Promise.all([killAtRandom(fleet, observer, random, KILLS).finally(() => (isKilling = false)), travelling]);

  await observer.look();
  const tables = await readSettledTables(database.storage);
  const runs = readEffects(effects);
  const { journeys } = driver;
  const expected = journeys.flatMap(({ plan }) => expectedAttempts(plan));
  reports.push({
    database: kind, workers, seed: random.seed, seconds: Math.round((performance.now() - began) / 1_000),
    kills: kills.working, 'idle kills': kills.idle,
    orchestrations: journeys.length, instances: tables.instances.length,
    events: journeys.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0), 'events, no worker': driver.acknowledgedWithoutWorker,
    takeovers: fleet.takeovers, 'refused commits': fleet.refused,
    activities: expected.length, interrupted: interrupted(runs), 'run again': runAgain(runs), 'seen committed': observer.committed.size,
  });

  expect(checkJourneys(journeys, tables.instances)).toEqual([]);
  expect(checkDatabase(tables)).toEqual([]);
  expect(checkEffects(runs, expected, observer.committed)).toEqual([]);
  expect(fleet.errors).toEqual([]);
  // The run put the engine to the test.
  const report = reports.at(-1)!;
  for (const number of ['takeovers', 'run again', 'events, no worker', 'seen committed'] as const) expect([number, report[number]]).not.toEqual([number, 0]);
  expect(report.kills).toBeGreaterThanOrEqual(KILLS);
  expect(report.orchestrations).toBeGreaterThanOrEqual(ORCHESTRATIONS);

  // A clean stop gives everything back.
  expect(await fleet.stop()).toEqual(fleet.workers.map(() => 0));
  expect(new Set((await readTables(database.storage)).owners)).toEqual(new Set([null]));
});

async function openDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const database = await createDatabase(kind);
  undo.push(() => database.drop());
  return database;
}

/** Plans of journeys, as long as `more` answers the number of plans so far with true. */
function* plansWhile(random: Random, more: (count: number) => boolean): Generator<Plan, undefined> {
  const own = random.fork();
  for (let count = 0; more(count); count += 1) yield randomPlan(`journey-${count}`, own);
  return undefined;
}
