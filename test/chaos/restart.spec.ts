/** On SQLite the operating system gives the worker's lock back at death: whoever starts next goes on at once. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createDatabase } from '../support/databases.js';
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { checkEffects } from './checker/check-effects.js';
import { checkJourneys } from './checker/check-journeys.js';
import { Driver } from './driver.js';
import { readEffects } from './effects.js';
import { Fleet } from './fleet.js';
import { expectedAttempts } from './model.js';
import { Observer } from './observer.js';
import type { Plan } from './plan.js';
import { Random } from './random.js';

/** A worker that waited for this would fail the test by its time limit. */
const LEASE = 60_000;
const TIME_LIMIT = 30_000;

const PLAN: Plan = {
  id: 'held',
  rounds: [{ sequence: [0, 0, 0], fan: [0], failures: 0, pause: 1, events: 1, legs: [{ named: false, laps: 1, says: 1 }], doomed: false }],
};

let fleet: Fleet;
let driver: Driver;
let observer: Observer;

afterEach(async () => {
  await fleet.close();
  await driver.close();
  await observer.close();
});

it('[A4] a restart after kill -9 on SQLite goes on at once, without waiting for the lease', async () => {
  const { storage } = await createDatabase('sqlite');
  const effects = mkdtempSync(join(process.env.DURABLE_TEST_DIRECTORY!, 'effects-'));
  fleet = new Fleet({ storage, leaseDuration: LEASE, effects });
  driver = await Driver.open({ storage, leaseDuration: LEASE, fleet, random: new Random(1), maxPause: 0 });
  observer = await Observer.open(storage);
  const [worker] = await fleet.start(1, { hold: 'held.0.sequence1' });

  const holding = worker!.next('holding');
  const end = driver.run(PLAN, new Random(1));
  await holding;
  await observer.look();
  await worker!.kill();
  const restarted = performance.now();
  const journey = await end;
  expect(performance.now() - restarted).toBeLessThan(LEASE / 3);

  const runs = readEffects(effects);
  expect(checkJourneys([journey], (await readSettledTables(storage)).instances)).toEqual([]);
  expect(checkDatabase(await readSettledTables(storage))).toEqual([]);
  expect(checkEffects(runs, expectedAttempts(PLAN), observer.committed)).toEqual([]);
  // What was committed before the kill did not run again, the held one did.
  const begun = (call: string) => runs.filter(({ kind, input }) => kind === 'begin' && input.call === call).length;
  expect([begun('held.0.sequence0'), begun('held.0.sequence1'), begun('held.0.sequence2')]).toEqual([1, 2, 1]);
}, TIME_LIMIT);
