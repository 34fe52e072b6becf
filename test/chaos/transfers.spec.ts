/**
 * Transfers between accounts, which are entities, under locks: workers are killed by SIGKILL at random moments while dozens of
 * orchestrations transfer, and the client pays in by signals. In the end every account holds what the histories say, each amount
 * once, and nothing is locked.
 *
 * CHAOS_SEED repeats plans and delays of a run; CHAOS_KILLS and CHAOS_ORCHESTRATIONS make it longer or shorter.
 */
import { rowsOfDatabases, type DatabaseKind } from '../support/databases.js';
import { countTorn, countTransfers, readBookings } from './checker/bookings.js';
import { checkAccounts, readAccounts, readReceipts } from './checker/check-accounts.js';
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { interrupted, runAgain } from './checker/check-effects.js';
import { checkTransfers } from './checker/check-transfers.js';
import { readEffects } from './effects.js';
import { killAtRandom, type Pause } from './killer.js';
import { Observer } from './observer.js';
import { Random } from './random.js';
import { printReport, type Report } from './report.js';
import { Stage } from './stage.js';
import { transferPlansWhile } from './transfer-plan.js';
import { GIFT_FAILED, TransferTraffic } from './transfer-traffic.js';

/** Orchestrations under way at the same time. */
const IN_FLIGHT = 50;

const reports: Report[] = [];
let stage: Stage | undefined;
let observer: Observer | undefined;

afterEach(async () => {
  await observer?.close();
  await stage?.close();
});
afterAll(() => printReport('Transfers', reports));

it.each(rowsOfDatabases<[DatabaseKind, number, number, Pause]>([
  // A transfer needs several owners at a time, and each dead one is missed for as long as its lease stands.
  ['mysql', 2, 30, { least: 100, most: 1_000 }],
  ['sqlite', 1, 50, { least: 20, most: 500 }],
]))('[N4] [L1] kill -9 loses no transfer, makes none twice and leaves no lock, on %s with %i worker(s)', async (kind, workers, usualKills, pause) => {
  const wantedKills = Number(process.env.CHAOS_KILLS ?? usualKills);
  const wantedOrchestrations = Number(process.env.CHAOS_ORCHESTRATIONS ?? IN_FLIGHT);
  const random = Random.fromEnvironment();
  process.stderr.write(`Transfers on ${kind}: CHAOS_SEED=${random.seed}\n`);
  const began = performance.now();
  stage = await Stage.open(kind, { leaseDuration: 1_500 });
  const { client, database: { storage } } = stage;
  observer = await Observer.open(storage);
  const fleet = stage.fleet();
  const traffic = new TransferTraffic(client, fleet);
  await fleet.start(workers);

  let isKilling = true;
  const plans = transferPlansWhile(random.fork(), (count) => isKilling || count < wantedOrchestrations);
  const [kills] = await Promise.all([
    killAtRandom(fleet, observer, random.fork(), wantedKills, pause).finally(() => (isKilling = false)),
    traffic.keepInFlight(IN_FLIGHT, plans),
    traffic.give(random.fork(), () => isKilling),
  ]);

  const tables = await readSettledTables(storage);
  const instances = readBookings(tables);
  const effects = readEffects(stage.effects);
  const { runs, gifts, giftsWithoutWorker } = traffic;
  const report = {
    database: kind, workers, seed: random.seed, seconds: Math.round((performance.now() - began) / 1_000),
    kills: kills.working, 'idle kills': kills.idle, takeovers: fleet.takeovers, 'refused commits': fleet.refused,
    orchestrations: runs.length, terminated: runs.filter(({ end }) => end?.runtimeStatus === 'Terminated').length,
    failed: runs.filter(({ end }) => end?.runtimeStatus === 'Failed').length, instances: tables.instances.length,
    transfers: countTransfers(instances), torn: countTorn(instances), gifts: gifts.length, 'gifts, no worker': giftsWithoutWorker,
    interrupted: interrupted(effects), 'run again': runAgain(effects),
  };
  reports.push(report);

  expect([
    ...runs.flatMap(checkTransfers),
    ...checkDatabase(tables),
    ...checkAccounts(readAccounts(tables), instances, gifts, readReceipts(tables)),
  ]).toEqual([]);
  expect(fleet.errors.filter((error) => !GIFT_FAILED.test(error))).toEqual([]);
  // The run put the engine to the test.
  for (const number of ['takeovers', 'terminated', 'failed', 'torn', 'run again', 'gifts, no worker'] as const) expect([number, report[number]]).not.toEqual([number, 0]);
  expect(report.kills).toBeGreaterThanOrEqual(wantedKills);
  expect(report.orchestrations).toBeGreaterThanOrEqual(wantedOrchestrations);
  expect(await fleet.stop()).toEqual(fleet.workers.map(() => 0));
});
