/** What a process costs its database while nothing happens: the one place where real time is measured. */
import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Logger } from 'typeorm';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { createDatabase, DATABASES } from '../../support/databases.js';
import { useApps } from './start-app.js';

/** Longer than polling takes to slow down, ms. */
const SETTLE = 2_500;
const MEASURED = 3_000;

/** TypeORM's logger, as a counter of statements, BEGIN and COMMIT included. */
class StatementCounter implements Logger {
  statements: string[] = [];

  logQuery(query: string): void {
    this.statements.push(query);
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}

@Injectable()
class Waiter {
  @Activity()
  nothing(): void {}

  @Orchestrator()
  *waits(ctx: OrchestrationContext): Orchestration<unknown> {
    yield* ctx.callActivity('nothing');
    ctx.createTimer(86_400_000);
    return yield* ctx.waitForExternalEvent('go');
  }
}

describe.each(DATABASES)('an idle process on %s', (kind) => {
  const startApp = useApps();

  it.each([
    ['a worker', true],
    ['a client', false],
  ])('%s issues about 2 statements a second, however many instances and waiters it has', async (_what, worker) => {
    const { storage } = await createDatabase(kind);
    const logger = new StatementCounter();
    const host = worker ? undefined : await startApp({ storage }, { providers: [Waiter] });
    const app = await startApp({ storage: { ...storage, logger, logging: ['query'] }, worker }, { providers: [Waiter] });
    const instances = await Promise.all(Array.from({ length: 100 }, (_, index) => (host ?? app).client.startNew('waits', { instanceId: `instance ${index}` })));
    await setTimeout(SETTLE);
    expect(await perSecond(logger)).toBeLessThanOrEqual(3);

    const waits = instances.map((id) => app.client.waitForCompletion(id));
    await setTimeout(SETTLE);
    expect(await perSecond(logger)).toBeLessThanOrEqual(4);
    await Promise.all(instances.map((id) => app.client.raiseEvent(id, 'go')));
    expect(await Promise.all(waits)).toHaveLength(100);
  });
});

async function perSecond(logger: StatementCounter): Promise<number> {
  logger.statements = [];
  await setTimeout(MEASURED);
  return logger.statements.length / (MEASURED / 1_000);
}
