/** An orchestrator, an activity and an operation of an entity that end their process, again and again, while others want to run there [Y8]. */
import { rowsOfDatabases, type DatabaseKind } from '../support/databases.js';
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { EXIT_CODES } from './killers.js';
import { Stage } from './stage.js';

const INNOCENTS = 40;
const MAX_DISPATCH_COUNT = 3;
const TIME_LIMIT = 120_000;

let stage: Stage;

afterEach(() => stage.close());

it.each(rowsOfDatabases<[DatabaseKind, number, number]>([
  // The operating system gives the lock back at once: a restart that waited for the lease would pass the time limit.
  ['sqlite', 1, 60_000],
  ['mysql', 2, 1_000],
]))('[Y8] they fail after maxDispatchCount, all others complete: %s, %d processes', async (kind, processes, leaseDuration) => {
  stage = await Stage.open(kind, { leaseDuration });
  const { client } = stage;
  const fleet = stage.fleet({ maxDispatchCount: MAX_DISPATCH_COUNT });
  await fleet.start(processes);

  // In one batch: later there may be no live worker that has them.
  const [, , , ...ids] = await Promise.all([
    client.startNew('callsExit', { instanceId: 'activity' }),
    client.startNew('killsItsWorker', { instanceId: 'orchestrator' }),
    client.startNew('callsBomb', { instanceId: 'entity' }),
    ...Array.from({ length: INNOCENTS }, (_, input) => client.startNew('quadruples', { instanceId: `innocent-${input}`, input })),
  ]);

  const [orchestrator, activity, entity] = await Promise.all(['orchestrator', 'activity', 'entity'].map((id) => client.waitForCompletion(id)));
  expect(orchestrator).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'PoisonMessageError' } });
  expect(orchestrator!.failureDetails?.errorMessage).toContain("Orchestrator 'killsItsWorker' of instance 'orchestrator'");
  expect(activity).toMatchObject({ runtimeStatus: 'Completed', output: { errorType: 'PoisonMessageError' } });
  // What came before it has counted, and what comes after it runs.
  expect(entity).toMatchObject({ runtimeStatus: 'Completed', output: { failure: { errorType: 'PoisonMessageError' }, count: 2 } });
  const ends = await Promise.all(ids.map((id) => client.waitForCompletion(id)));
  expect(ends.map(({ output }) => output)).toEqual(ids.map((_, input) => input * 4));

  // Each of them once before it was counted, then as often as it may; a process may have died of two.
  const deaths = fleet.errors.map((error) => /ended by itself: (.+)/.exec(error)?.[1]);
  const expected = ['SIGKILL', ...Object.values(EXIT_CODES).map((code) => `exit code ${code}`)];
  expect(deaths.filter((death) => death === undefined || !expected.includes(death))).toEqual([]);
  for (const death of expected) expect(deaths.filter((each) => each === death).length).toBeLessThanOrEqual(MAX_DISPATCH_COUNT + 1);
  expect(deaths.length).toBeGreaterThan(MAX_DISPATCH_COUNT + 1);
  expect(checkDatabase(await readSettledTables(stage.database.storage))).toEqual([]);
}, TIME_LIMIT);
