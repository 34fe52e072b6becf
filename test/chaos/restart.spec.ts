/** On SQLite the operating system gives the worker's lock back at death: whoever starts next goes on at once. */
import { CrashRun } from './crash-run.js';
import type { Plan } from './plan.js';
import { Random } from './random.js';

/** A worker that waited for this would fail the test by its time limit. */
const LEASE = 60_000;
const TIME_LIMIT = 40_000;

const PLAN: Plan = {
  id: 'held',
  rounds: [{ sequence: [0, 0, 0], fan: [0], failures: 0, pause: 1, events: 1, legs: [{ named: false, laps: 1, says: 1 }], doomed: false }],
};

let run: CrashRun | undefined;

afterEach(() => run?.close());

it('[A4] a restart after kill -9 on SQLite goes on at once, without waiting for the lease', async () => {
  run = await CrashRun.open({ kind: 'sqlite', random: new Random(1), leaseDuration: LEASE, maxPause: 0 });
  const { fleet, driver, observer } = run;
  const [worker] = await fleet.start(1, { hold: 'held.0.sequence1' });

  const holding = worker!.next('holding');
  const end = driver.run(PLAN, new Random(1));
  await holding;
  await observer.look();
  await worker!.kill();
  await end;

  const { problems, effects } = await run.check();
  expect(problems).toEqual([]);
  // What was committed before the kill did not run again, the held one did.
  const begun = (call: string) => effects.filter(({ kind, input }) => kind === 'begin' && input.call === call).length;
  expect([begun('held.0.sequence0'), begun('held.0.sequence1'), begun('held.0.sequence2')]).toEqual([1, 2, 1]);
}, TIME_LIMIT);
