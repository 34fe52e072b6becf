/** The setting `maxBacklog`: starts are refused while too much waits in the hub; what runs goes on. */
import { Injectable } from '@nestjs/common';
import { Activity, EntityId, HubOverloadedError, Orchestrator, type DurableClient, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DataSource } from 'typeorm';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { Diary } from '../support/diary.js';
import { Gates } from '../support/harness.js';
import { eventually, useApps } from './start-app.js';

const LIMIT = 20;

@Injectable()
class Orders {
  constructor(private readonly gates: Gates) {}

  @Activity()
  async held(gate: string): Promise<string> {
    await this.gates.pass(gate);
    return gate;
  }

  @Orchestrator()
  *fansOut(ctx: OrchestrationContext, count: number): Orchestration<number> {
    return (yield* ctx.all(Array.from({ length: count }, () => ctx.callActivity('held', 'gate')))).length;
  }

  /** Waits for an event, then calls as many sub-orchestrations. */
  @Orchestrator()
  *calls(ctx: OrchestrationContext, count: number): Orchestration<number> {
    yield* ctx.waitForExternalEvent('go');
    return (yield* ctx.all(Array.from({ length: count }, () => ctx.callSubOrchestrator('returns')))).length;
  }

  @Orchestrator()
  returns(_ctx: OrchestrationContext): string {
    return 'done';
  }
}

describe.each(DATABASES)('maxBacklog on %s', (kind) => {
  const startApp = useApps();
  const ADA = new EntityId('diary', 'Ada');
  let database: TestDatabase;
  let gates: Gates;

  beforeEach(async () => {
    database = await createDatabase(kind);
    gates = new Gates();
  });
  afterEach(async () => {
    gates.reset();
    await database.drop();
  });

  /** A worker that runs one activity at a time. */
  const start = (changes: object = {}) =>
    startApp({ storage: database.storage, maxBacklog: LIMIT, maxConcurrentActivityFunctions: 1, ...changes }, { providers: [Orders, Diary], gates });

  it('refuses starts of all kinds in all processes, and takes everything else; afterwards starts are taken again', async () => {
    const { client } = await start();
    const outside = await start({ worker: false });
    await client.waitForCompletion(await client.startNew('returns', { instanceId: 'finished' }));
    const [waiting, doomed, wide] = ['waiting', 'doomed', 'wide'];
    await client.startNew('calls', { instanceId: waiting, input: 30 });
    await client.startNew('calls', { instanceId: doomed, input: 1 });
    await client.startNew('fansOut', { instanceId: wide, input: LIMIT + 10 });
    await gates.reached('gate');
    const isRefused = (call: () => Promise<unknown>) => call().then(() => false, (error: unknown) => error instanceof HubOverloadedError);
    const startNew = () => client.startNew('returns', { instanceId: 'new', onConflict: 'useExisting' });
    await eventually(() => isRefused(startNew));

    const error = (await startNew().catch((refusal: unknown) => refusal)) as HubOverloadedError;
    expect(error).toMatchObject({ name: 'HubOverloadedError', taskHub: 'DurableHub', limit: LIMIT });
    expect(error.backlog).toBeGreaterThanOrEqual(LIMIT);
    const calls = [
      () => client.startNew('returns'), () => client.startNew('returns', { instanceId: 'new', onConflict: 'terminateAndReplace' }),
      () => client.orchestrators(Orders).returns(), () => client.restart('finished'), () => client.restart('finished', { newInstanceId: false }),
      () => outside.client.startNew('returns'),
    ];
    for (const call of calls) await expect(call()).rejects.toBeInstanceOf(HubOverloadedError);
    await expect(client.startNew('missing')).rejects.toMatchObject({ name: 'UnknownHandlerError' });
    if (kind === 'mysql') await expectJoinedRefusal(client);

    await client.signalEntity(ADA, 'write', 'taken');
    await client.raiseEvent(waiting, 'go');
    expect((await client.waitForCompletion(waiting)).output).toBe(30);
    await client.suspend(doomed);
    await eventually(async () => (await client.getStatus(doomed))?.runtimeStatus === 'Suspended');
    await client.resume(doomed);
    await client.terminate(doomed);
    expect((await client.waitForCompletion(doomed)).runtimeStatus).toBe('Terminated');
    expect((await client.getStatus('finished'))?.runtimeStatus).toBe('Completed');
    await eventually(async () => (await client.readEntityState(ADA)).entityExists);

    gates.open('gate');
    expect((await client.waitForCompletion(wide)).output).toBe(LIMIT + 10);
    await eventually(async () => !(await isRefused(startNew)));
  });

  /** The application's own transaction is not harmed by it. */
  async function expectJoinedRefusal(client: DurableClient): Promise<void> {
    const source = await new DataSource(database.storage).initialize();
    try {
      await source.transaction(async (entityManager) => {
        await expect(client.startNew('returns', { entityManager })).rejects.toBeInstanceOf(HubOverloadedError);
        await client.raiseEvent('doomed', 'another', 1, { entityManager });
      });
    } finally {
      await source.destroy();
    }
  }
});
