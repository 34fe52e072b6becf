/** One orchestration's activities on all processes. CHAOS_ACTIVITIES makes the fan-out wider or narrower. */
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { checkEffects, runAgain } from './checker/check-effects.js';
import { visitCalls, type CensusInput, type Shares } from './census.js';
import { CrashRun } from './crash-run.js';
import { readEffects } from './effects.js';
import { attemptName } from './model.js';
import { Random } from './random.js';

const ACTIVITIES = Number(process.env.CHAOS_ACTIVITIES ?? 10_000);
const WORKERS = 4;
/** Work of an activity, ms: one process alone is busy for seconds, so that the others find its work while it lasts. */
const DURATION = 50;

let run: CrashRun | undefined;

afterEach(() => run?.close());

it(`[A4] four processes share one fan-out of ${ACTIVITIES} activities: each runs a tenth at least, none runs twice`, async () => {
  run = await CrashRun.open({ kind: 'mysql', random: new Random(1), leaseDuration: 15_000, maxPause: 0 });
  const { fleet, stage: { client, database, effects: directory } } = run;
  await fleet.start(WORKERS);

  const input: CensusInput = { count: ACTIVITIES, duration: DURATION };
  const { runtimeStatus, output } = await client.waitForCompletion(await client.startNew('census', { input }));
  const shares = output as Shares;
  process.stderr.write(`Shares of ${ACTIVITIES} activities: ${JSON.stringify(shares)}\n`);

  expect(runtimeStatus).toBe('Completed');
  expect(Object.keys(shares).sort()).toEqual(fleet.workers.map(({ name }) => name).sort());
  expect(Math.min(...Object.values(shares))).toBeGreaterThanOrEqual(ACTIVITIES / 10);
  const effects = readEffects(directory);
  expect(checkEffects(effects, visitCalls(input).map((call) => attemptName(call, 1)), new Map())).toEqual([]);
  expect(runAgain(effects)).toBe(0);
  expect(checkDatabase(await readSettledTables(database.storage))).toEqual([]);
  expect(fleet.errors).toEqual([]);
});
