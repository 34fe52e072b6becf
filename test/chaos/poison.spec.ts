/** An orchestrator and an activity that end their process, again and again, while others want to run there [Y8]. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DurableClient, DurableModule } from '../../lib/index.js';
import { createDatabase, type TestDatabase } from '../support/databases.js';
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { Fleet } from './fleet.js';
import { EXIT_CODE } from './killers.js';

const INNOCENTS = 40;
const MAX_DISPATCH_COUNT = 3;
const TIME_LIMIT = 120_000;

let database: TestDatabase;
let outside: INestApplicationContext;
let fleet: Fleet;

afterEach(async () => {
  await fleet.close();
  await outside.close();
  await database.drop();
});

it.each([
  // The operating system gives the lock back at once: a restart that waited for the lease would pass the time limit.
  ['sqlite', 1, 60_000],
  ['mysql', 2, 1_000],
] as const)('[Y8] they fail after maxDispatchCount, all others complete: %s, %d processes', async (kind, processes, leaseDuration) => {
  database = await createDatabase(kind);
  const { storage } = database;
  @Module({ imports: [DurableModule.forRoot({ storage, leaseDuration, worker: false })] })
  class ClientModule {}
  const effects = mkdtempSync(join(process.env.DURABLE_TEST_DIRECTORY!, 'effects-'));
  fleet = new Fleet({ storage, leaseDuration, effects, maxDispatchCount: MAX_DISPATCH_COUNT });
  outside = await NestFactory.createApplicationContext(ClientModule, { logger: ['error'] });
  const client = outside.get(DurableClient, { strict: false });
  await fleet.start(processes);

  // In one batch: later there may be no live worker that has them.
  const [, , ...ids] = await Promise.all([
    client.startNew('callsExit', { instanceId: 'activity' }),
    client.startNew('killsItsWorker', { instanceId: 'orchestrator' }),
    ...Array.from({ length: INNOCENTS }, (_, input) => client.startNew('quadruples', { instanceId: `innocent-${input}`, input })),
  ]);

  const [orchestrator, activity] = await Promise.all(['orchestrator', 'activity'].map((id) => client.waitForCompletion(id)));
  expect(orchestrator).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'PoisonMessageError' } });
  expect(orchestrator!.failureDetails?.errorMessage).toContain("Orchestrator 'killsItsWorker' of instance 'orchestrator'");
  expect(activity).toMatchObject({ runtimeStatus: 'Completed', output: { errorType: 'PoisonMessageError' } });
  const ends = await Promise.all(ids.map((id) => client.waitForCompletion(id)));
  expect(ends.map(({ output }) => output)).toEqual(ids.map((_, input) => input * 4));

  // Each of them once before it was counted, then as often as it may; a process may have died of both.
  const deaths = fleet.errors.map((error) => /ended by itself: (.+)/.exec(error)?.[1]);
  const expected = ['SIGKILL', `exit code ${EXIT_CODE}`];
  expect(deaths.filter((death) => death === undefined || !expected.includes(death))).toEqual([]);
  for (const death of expected) expect(deaths.filter((each) => each === death).length).toBeLessThanOrEqual(MAX_DISPATCH_COUNT + 1);
  expect(deaths.length).toBeGreaterThan(MAX_DISPATCH_COUNT + 1);
  expect(checkDatabase(await readSettledTables(storage))).toEqual([]);
}, TIME_LIMIT);
