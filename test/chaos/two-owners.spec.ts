/**
 * Two owners of one partition on MariaDB or MySQL: a worker stops (SIGSTOP, as a machine that hangs or swaps) in the middle of
 * a commit for longer than its lease, another takes over, and the first goes on as if nothing had happened (I2).
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createDatabase, type TestDatabase } from '../support/databases.js';
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { checkEffects } from './checker/check-effects.js';
import { checkJourneys } from './checker/check-journeys.js';
import { Driver } from './driver.js';
import { readEffects } from './effects.js';
import { Fleet } from './fleet.js';
import { expectedAttempts } from './model.js';
import { Observer } from './observer.js';
import { list, randomPlan } from './plan.js';
import { Random } from './random.js';

const LEASE = 1_500;
const JOURNEYS = 40;

let database: TestDatabase;
let fleet: Fleet;
let driver: Driver;
let observer: Observer;

afterEach(async () => {
  await fleet.close();
  await driver.close();
  await observer.close();
  await database.drop();
});

it.each([
  // Nothing is locked: the other owner finishes everything meanwhile, so what this commit would consume is gone.
  ['before', 'StaleMemberError'],
  // Everything is written and locked when the other takes over: only the fence is left to refuse it.
  ['inside', 'FenceLostError'],
] as const)("[A4] an owner that stops %s a commit's transaction until another has taken over is refused: %s", async (place, reason) => {
  const random = Random.fromEnvironment();
  process.stderr.write(`two owners, ${place} the transaction: CHAOS_SEED=${random.seed}\n`);
  database = await createDatabase('mysql');
  const { storage } = database;
  const effects = mkdtempSync(join(process.env.DURABLE_TEST_DIRECTORY!, 'effects-'));
  fleet = new Fleet({ storage, leaseDuration: LEASE, effects });
  driver = await Driver.open({ storage, leaseDuration: LEASE, fleet, random, maxPause: 200 });
  observer = await Observer.open(storage);
  const [first] = await fleet.start(1, { freeze: { commit: 20, place } });
  await fleet.start(1);

  const freezing = first!.next('freezing');
  const plans = list(JOURNEYS, (index) => randomPlan(`journey-${index}`, random))[Symbol.iterator]();
  const travelling = driver.keepInFlight(JOURNEYS, plans);
  await freezing;
  await fleet.whenTakenOver();
  if (place === 'before') await travelling;
  await observer.look();
  const refused = first!.next('refused');
  first!.signal('SIGCONT');
  expect((await refused).reason).toBe(reason);
  await travelling;

  await observer.look();
  const tables = await readSettledTables(storage);
  const { journeys } = driver;
  expect(checkJourneys(journeys, tables.instances)).toEqual([]);
  expect(checkDatabase(tables)).toEqual([]);
  expect(checkEffects(readEffects(effects), journeys.flatMap(({ plan }) => expectedAttempts(plan)), observer.committed)).toEqual([]);
  expect(await fleet.stop()).toEqual([0, 0]);
});
