/** What several processes of one task hub see of each other. Each application here stands for a process. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { Gates } from '../support/harness.js';
import { eventually, useApps } from './start-app.js';
import { Work } from './work.js';

@Injectable()
class Orders {
  @Orchestrator()
  *collects(ctx: OrchestrationContext, count: number): Orchestration<unknown[]> {
    const data: unknown[] = [];
    while (data.length < count) data.push(yield* ctx.waitForExternalEvent('item'));
    return data;
  }

  @Orchestrator()
  *fansOut(ctx: OrchestrationContext, count: number): Orchestration<number[]> {
    const { work } = ctx.activities(Work);
    return yield* ctx.all(Array.from({ length: count }, (_, item) => work(item)));
  }

  /** A sub-orchestration for each page, in whatever partition its id lies. */
  @Orchestrator()
  *printsAll(ctx: OrchestrationContext, pages: string[]): Orchestration<unknown[]> {
    return yield* ctx.all(pages.map((page) => ctx.callSubOrchestrator('usesPrinter', page, { instanceId: `print ${page}` })));
  }

  @Orchestrator()
  *usesPrinter(ctx: OrchestrationContext, text: string): Orchestration<unknown> {
    return yield* ctx.callActivity('print', text);
  }
}

/** Of one process only. */
@Injectable()
class Printer {
  readonly aborted: unknown[] = [];

  constructor(private readonly gates: Gates) {}

  @Activity()
  async print(text: string, ctx: ActivityContext): Promise<string> {
    ctx.signal.addEventListener('abort', () => this.aborted.push(ctx.signal.reason));
    await this.gates.pass(text);
    return `printed ${text}`;
  }
}

describe.each(DATABASES)('a process with worker: false beside a worker, on %s', (kind) => {
  const startApp = useApps();
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase(kind);
  });

  const both = async () => {
    const { storage } = database;
    const worker = await startApp({ storage }, { providers: [Work, Orders] });
    const outside = await startApp({ storage, worker: false });
    return { worker, client: outside.client };
  };

  it('[K1] [K5] its starts reach the worker, and it sees them end', async () => {
    const { client } = await both();
    const ids = await Promise.all([client.startNew('collects', { input: 0, instanceId: 'own id' }), client.startNew('collects', { input: 0 })]);
    for (const id of ids) expect(await client.waitForCompletion(id)).toMatchObject({ runtimeStatus: 'Completed', output: [] });
  });

  it('[K4] its events reach the instance, each once, in the order sent', async () => {
    const { client, worker } = await both();
    await worker.client.startNew('collects', { input: 60, instanceId: 'a' });
    for (let item = 0; item < 10; item += 1) await client.raiseEvent('a', 'item', item);
    await Promise.all(Array.from({ length: 50 }, (_, item) => client.raiseEvent('a', 'item', item + 10)));
    expect((await client.waitForCompletion('a')).output).toEqual(Array.from({ length: 60 }, (_, item) => item));
  });

  it('[K4] [K6] it suspends, resumes and terminates', async () => {
    const { client, worker } = await both();
    await worker.client.startNew('waits', { instanceId: 'a' });
    const becomes = (status: string) => eventually(async () => (await worker.client.getStatus('a'))!.runtimeStatus === status);
    await becomes('Running');
    await client.suspend('a');
    await becomes('Suspended');
    await client.resume('a');
    await becomes('Running');
    const seen = worker.client.waitForCompletion('a');
    await client.terminate('a', 'from outside');
    expect(await seen).toMatchObject({ runtimeStatus: 'Terminated', output: 'from outside' });
  });

  it('[K9] its terminate aborts the signals of activities in the worker, with recursive also those of sub-orchestrations', async () => {
    const { storage } = database;
    const gates = new Gates();
    const worker = await startApp({ storage }, { providers: [Work, Orders, Printer], gates });
    const { client } = await startApp({ storage, worker: false });
    await client.startNew('usesPrinter', { input: 'alone', instanceId: 'alone' });
    await client.startNew('printsAll', { input: ['a', 'b'], instanceId: 'all' });
    await Promise.all(['alone', 'a', 'b'].map((page) => gates.reached(page)));
    const { aborted } = worker.context.get(Printer);
    await client.terminate('alone');
    await eventually(() => aborted.length === 1);
    await client.terminate('all', 'enough', { recursive: true });
    await eventually(() => aborted.length === 3);
  });

  it('[K1] it knows the orchestrators of live workers, and of those only', async () => {
    const { storage } = database;
    const { client } = await startApp({ storage, worker: false }, { providers: [Work, Orders] });
    await expect(client.startNew('waits')).rejects.toThrow("There is no orchestrator 'waits'. Known: none.");
    const worker = await startApp({ storage }, { providers: [Work, Orders] });
    await client.startNew('waits', { instanceId: 'a' });
    await expect(client.startNew('other')).rejects.toThrow("Known: 'collects', 'fansOut', 'printsAll', 'usesPrinter', 'waits'");
    await worker.close();
    await expect(client.startNew('waits')).rejects.toThrow('Known: none.');
  });

  it('what it sends while no worker lives is kept until one comes', async () => {
    const { client, worker } = await both();
    await client.startNew('collects', { input: 2, instanceId: 'a' });
    await worker.close();
    await client.raiseEvent('a', 'item', 1);
    await client.raiseEvent('a', 'item', 2);
    const end = client.waitForCompletion('a');
    await startApp({ storage: database.storage }, { providers: [Work, Orders] });
    expect(await end).toMatchObject({ runtimeStatus: 'Completed', output: [1, 2] });
  });

  it('[I6] a message of another process is seen within a second, by polling alone', async () => {
    const { client } = await both();
    const begun = performance.now();
    await client.waitForCompletion(await client.startNew('collects', { input: 0 }));
    // Both the start and the end are found by polling; generous for a busy machine.
    expect(performance.now() - begun).toBeLessThan(4_000);
  });
});

describe('two workers on mysql', () => {
  const startApp = useApps();
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase('mysql');
  });

  it('share the partitions, and instances of both run, whoever started them', async () => {
    const { storage } = database;
    const first = await startApp({ storage, leaseDuration: 1_500 }, { providers: [Work, Orders] });
    const second = await startApp({ storage, leaseDuration: 1_500 }, { providers: [Work, Orders] });
    const ids = await Promise.all(
      Array.from({ length: 40 }, (_, index) => [first, second][index % 2]!.client.startNew('waits', { instanceId: `instance ${index}` })),
    );
    await Promise.all(ids.map((id, index) => [second, first][index % 2]!.client.raiseEvent(id, 'go', index)));
    const ends = await Promise.all(ids.map((id, index) => [first, second][index % 3 % 2]!.client.waitForCompletion(id)));
    expect(ends.map(({ output }) => output)).toEqual(ids.map((_, index) => index));
  });

  it('one wide fan-out spreads over both, and every activity runs once', async () => {
    const { storage } = database;
    const gates = new Gates();
    const settings = { storage, leaseDuration: 1_500, maxConcurrentActivityFunctions: 5 };
    const first = await startApp(settings, { providers: [Work, Orders], gates });
    const second = await startApp(settings, { providers: [Work, Orders], gates });
    await first.client.startNew('fansOut', { input: 40, instanceId: 'a' });
    const worked = [first, second].map(({ context }) => context.get(Work).worked);
    await eventually(() => worked.every(({ length }) => length === 5));
    gates.open('work');
    expect((await first.client.waitForCompletion('a')).output).toEqual(Array.from({ length: 40 }, (_, item) => item));
    expect(worked.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, item) => item));
  });

  it('an activity runs where its handler is', async () => {
    const { storage } = database;
    const gates = new Gates();
    const first = await startApp({ storage, leaseDuration: 1_500 }, { providers: [Work, Orders], gates });
    await startApp({ storage, leaseDuration: 1_500 }, { providers: [Work, Orders, Printer], gates });
    gates.open('page');
    const ids = await Promise.all(Array.from({ length: 10 }, () => first.client.startNew('usesPrinter', { input: 'page' })));
    for (const id of ids) expect(await first.client.waitForCompletion(id)).toMatchObject({ runtimeStatus: 'Completed', output: 'printed page' });
  });

  it('[K9] terminate aborts the signal of an activity that runs in the other process', async () => {
    const { storage } = database;
    const gates = new Gates();
    const first = await startApp({ storage, leaseDuration: 1_500 }, { providers: [Work, Orders], gates });
    const printer = await startApp({ storage, leaseDuration: 1_500 }, { providers: [Work, Orders, Printer], gates });
    const pages = Array.from({ length: 8 }, (_, index) => `page ${index}`);
    const ids = await Promise.all(pages.map((page) => first.client.startNew('usesPrinter', { input: page, instanceId: `print ${page}` })));
    await Promise.all(pages.map((page) => gates.reached(page)));
    for (const id of ids.slice(1)) await first.client.terminate(id);
    const { aborted } = printer.context.get(Printer);
    await eventually(() => aborted.length === 7);
    gates.open('page 0');
    expect(await first.client.waitForCompletion(ids[0]!)).toMatchObject({ output: 'printed page 0' });
    expect(aborted).toHaveLength(7);
  });

  it('[K9] [K4] a recursive terminate aborts activities of sub-orchestrations wherever they run', async () => {
    const { storage } = database;
    const gates = new Gates();
    const first = await startApp({ storage, leaseDuration: 1_500 }, { providers: [Work, Orders], gates });
    const printer = await startApp({ storage, leaseDuration: 1_500 }, { providers: [Work, Orders, Printer], gates });
    const pages = Array.from({ length: 8 }, (_, index) => `page ${index}`);
    for (const id of ['a', 'b']) await first.client.startNew('printsAll', { input: pages.map((page) => `${id} ${page}`), instanceId: id });
    await Promise.all(['a', 'b'].flatMap((id) => pages.map((page) => gates.reached(`${id} ${page}`))));
    await first.client.terminate('a', 'enough', { recursive: true });
    const children = pages.map((page) => `print a ${page}`);
    for (const id of children) expect(await first.client.waitForCompletion(id)).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
    const { aborted } = printer.context.get(Printer);
    await eventually(() => aborted.length === 8);
    for (const page of pages) gates.open(`b ${page}`);
    expect(await first.client.waitForCompletion('b')).toMatchObject({ runtimeStatus: 'Completed' });
    expect(aborted).toHaveLength(8);
  });

  it('a clean stop hands everything over at once: no wait for a lease', async () => {
    const { storage } = database;
    const leaseDuration = 60_000;
    const first = await startApp({ storage, leaseDuration }, { providers: [Work, Orders] });
    const ids = await Promise.all(Array.from({ length: 20 }, (_, index) => first.client.startNew('waits', { instanceId: `instance ${index}` })));
    const second = await startApp({ storage, leaseDuration }, { providers: [Work, Orders] });
    await first.close();
    await Promise.all(ids.map((id) => second.client.raiseEvent(id, 'go', id)));
    for (const id of ids) expect(await second.client.waitForCompletion(id)).toMatchObject({ output: id });
  });
});

describe('a second worker process on sqlite', () => {
  const startApp = useApps();

  it('stands by as a client, and goes on at once when the first one stops', async () => {
    const { storage } = await createDatabase('sqlite');
    const first = await startApp({ storage }, { providers: [Work, Orders] });
    const second = await startApp({ storage }, { providers: [Work, Orders] });
    await second.client.startNew('collects', { input: 2, instanceId: 'a' });
    await second.client.raiseEvent('a', 'item', 1);
    await eventually(async () => (await second.client.getStatus('a'))!.runtimeStatus === 'Running');
    await first.close();
    await second.client.raiseEvent('a', 'item', 2);
    expect(await second.client.waitForCompletion('a')).toMatchObject({ output: [1, 2] });
  });
});
