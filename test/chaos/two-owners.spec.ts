/**
 * Two owners of one partition on MariaDB or MySQL: a worker stops (SIGSTOP, as a machine that hangs or swaps) in the middle of
 * a commit for longer than its lease, another takes over, and the first goes on as if nothing had happened (I2).
 */
import { CrashRun } from './crash-run.js';
import { list, randomPlan } from './plan.js';
import { Random } from './random.js';

const JOURNEYS = 40;
/** An owner that nobody refuses would let the test wait for ever. */
const TIME_LIMIT = 180_000;

let run: CrashRun | undefined;

afterEach(() => run?.close());

// Nothing is locked either way: the other owner finishes everything meanwhile. What this commit would consume is gone, and so is its fence.
it.each(['before', 'inside'] as const)("[A4] an owner that stops %s a commit until another has taken over is refused", async (place) => {
  const random = Random.fromEnvironment();
  process.stderr.write(`Two owners, stopped ${place} the transaction: CHAOS_SEED=${random.seed}\n`);
  run = await CrashRun.open({ kind: 'mysql', random, leaseDuration: 1_500, maxPause: 200 });
  const { fleet, driver, observer } = run;
  const [first] = await fleet.start(1, { freeze: { commit: 20, place } });
  await fleet.start(1);

  const freezing = first!.next('freezing');
  const plans = list(JOURNEYS, (index) => randomPlan(`journey-${index}`, random));
  const travelling = driver.keepInFlight(JOURNEYS, plans.values());
  await freezing;
  await fleet.whenTakenOver();
  if (place === 'before') await travelling;
  await observer.look();
  const refused = first!.next('refused');
  first!.signal('SIGCONT');
  expect((await refused).reason).toBe('FenceLostError');
  await travelling;

  expect((await run.check()).problems).toEqual([]);
  expect(fleet.errors).toEqual([]);
  expect(await fleet.stop()).toEqual([0, 0]);
}, TIME_LIMIT);
