/** Several registrations of one application, each with a task hub of its own in one database. */
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import {
  Activity, DurableClient, DurableModule, getDurableClientToken, InjectDurableClient, Orchestrator, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { eventually } from '../engine/start-app.js';
import { Gates } from '../support/gates.js';
import { LOG_LINES } from '../support/log-lines.js';
import { refusalOf } from './support.js';

@Injectable()
class Orders {
  constructor(private readonly gates: Gates) {}

  @Activity()
  async work(item: number): Promise<string> {
    await this.gates.pass('orders');
    return `order ${item}`;
  }

  @Orchestrator()
  *fulfil(ctx: OrchestrationContext, item: number): Orchestration<string> {
    return yield* ctx.activities(Orders).work(item);
  }

  /** Continues as new, so that there are histories to be collected. */
  @Orchestrator()
  *counts(ctx: OrchestrationContext, left: number): Orchestration<string> {
    yield* ctx.waitForExternalEvent('next');
    if (left > 0) ctx.continueAsNew(left - 1);
    return 'counted';
  }
}

@Injectable()
class Invoices {
  constructor(
    private readonly gates: Gates,
    @InjectDurableClient('billing') readonly client: DurableClient,
  ) {}

  @Activity({ hub: 'billing' })
  async work(item: number): Promise<string> {
    await this.gates.pass('billing');
    return `invoice ${item}`;
  }

  @Orchestrator({ hub: 'billing' })
  *fulfil(ctx: OrchestrationContext, item: number): Orchestration<string> {
    return yield* ctx.callActivity<string>('work', item);
  }

  @Orchestrator({ hub: 'billing' })
  *waits(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('paid');
  }
}

describe.each(DATABASES)('two task hubs of one application in one database, on %s', (kind) => {
  let database: TestDatabase;
  let app: TestingModule;
  let gates: Gates;
  let orders: DurableClient;
  let billing: DurableClient;

  beforeEach(async () => {
    LOG_LINES.clear();
    database = await createDatabase(kind);
    const { storage } = database;
    gates = new Gates();
    app = await Test.createTestingModule({
      imports: [DurableModule.forRoot({ storage }), DurableModule.forRoot({ name: 'billing', taskHub: 'Billing', storage })],
      providers: [Orders, Invoices, { provide: Gates, useValue: gates }],
    })
      .setLogger(LOG_LINES)
      .compile();
    await app.init();
    orders = app.get(DurableClient, { strict: false });
    billing = app.get<DurableClient>(getDurableClientToken('billing'), { strict: false });
  });

  afterEach(async () => {
    gates.reset();
    await app.close();
    await database.drop();
  });

  const idsOf = async (client: DurableClient) => (await client.getStatusBy()).instances.map(({ instanceId }) => instanceId);

  it('both work at the same time', async () => {
    expect(app.get(Invoices).client).toBe(billing);
    const ids = [await orders.startNew('fulfil', { input: 1 }), await billing.startNew('fulfil', { input: 1 })];
    await Promise.all([gates.reached('orders'), gates.reached('billing')]);
    gates.open('orders');
    gates.open('billing');
    expect((await orders.waitForCompletion(ids[0]!)).output).toBe('order 1');
    expect((await billing.waitForCompletion(ids[1]!)).output).toBe('invoice 1');
  });

  it('the same instance id is an instance of each, with its own status, events and end', async () => {
    const id = 'the same';
    await orders.startNew('counts', { instanceId: id, input: 0 });
    await billing.startNew('waits', { instanceId: id });
    await billing.raiseEvent(id, 'paid', 12);
    expect(await billing.waitForCompletion(id)).toMatchObject({ name: 'waits', output: 12 });
    expect(await orders.getStatus(id)).toMatchObject({ name: 'counts', runtimeStatus: 'Running' });
    await expect(billing.raiseEvent(id, 'next')).rejects.toMatchObject({ name: 'InstanceNotRunningError' });
    await orders.raiseEvent(id, 'next');
    expect(await orders.waitForCompletion(id)).toMatchObject({ output: 'counted' });
  });

  it('lists and purges are of one hub', async () => {
    for (const client of [orders, billing]) {
      gates.open('orders');
      gates.open('billing');
      for (const id of ['a', 'b']) await client.waitForCompletion(await client.startNew('fulfil', { instanceId: id, input: 0 }));
    }
    await orders.startNew('counts', { instanceId: 'c' });
    expect([await idsOf(orders), await idsOf(billing)]).toEqual([['a', 'b', 'c'], ['a', 'b']]);
    expect(await orders.purgeInstanceHistoryBy({ runtimeStatus: ['Completed'] })).toEqual({ instancesDeleted: 2 });
    expect([await idsOf(orders), await idsOf(billing)]).toEqual([['c'], ['a', 'b']]);
    expect(await billing.getStatus('a', { showHistory: true })).toMatchObject({ history: expect.arrayContaining([expect.objectContaining({ eventType: 'ExecutionCompleted' })]) });
  });

  it('garbage of one is collected without touching the other', async () => {
    await billing.startNew('waits', { instanceId: 'the same' });
    await orders.startNew('counts', { instanceId: 'the same', input: 20 });
    for (let left = 20; left >= 0; left -= 1) await orders.raiseEvent('the same', 'next');
    await orders.waitForCompletion('the same');
    const source = await new DataSource(database.storage).initialize();
    const count = async (table: string) => Number((await source.query<{ n: number }[]>(`SELECT COUNT(*) AS n FROM ${table}`))[0]!.n);
    await eventually(async () => (await count('durable_garbage')) === 0);
    expect(await source.query('SELECT DISTINCT hub, execution_id FROM durable_history')).toHaveLength(2);
    await source.destroy();
    await billing.raiseEvent('the same', 'paid', 'still there');
    expect((await billing.waitForCompletion('the same')).output).toBe('still there');
  });

  it('under load neither waits for the other, and nothing is refused', async () => {
    gates.open('orders');
    gates.open('billing');
    const run = async (client: DurableClient, index: number) => (await client.waitForCompletion(await client.startNew('fulfil', { input: index }))).output;
    const outputs = await Promise.all(Array.from({ length: 200 }, (_, index) => run(index % 2 === 0 ? orders : billing, index)));
    expect(outputs).toEqual(outputs.map((_, index) => `${index % 2 === 0 ? 'order' : 'invoice'} ${index}`));
    expect(LOG_LINES.about('cannot be reached')).toEqual([]);
    expect(LOG_LINES.about('stands by')).toEqual([]);
  });
});

describe('two registrations with one task hub', () => {
  it.each(DATABASES)('are refused in one database, on %s, with what to do', async (kind) => {
    const database = await createDatabase(kind);
    const { storage } = database;
    const refusal = await refusalOf({ imports: [DurableModule.forRoot({ name: 'billing', storage })] }, { storage });
    expect(refusal).toContain("the setting 'taskHub' is 'DurableHub' in the registrations ");
    expect(refusal).toContain('which have the same database: give each a task hub of its own, or make one registration of them');
    await database.drop();
  });

  it('are allowed in different databases, and where one is client only', async () => {
    const [one, two] = [await createDatabase('sqlite'), await createDatabase('sqlite')];
    const app = await Test.createTestingModule({
      imports: [
        DurableModule.forRoot({ storage: one.storage }),
        DurableModule.forRoot({ name: 'two', storage: two.storage }),
        DurableModule.forRoot({ name: 'client', storage: one.storage, worker: false }),
      ],
    })
      .setLogger(LOG_LINES)
      .compile();
    await app.init();
    await app.close();
  });
});
