/**
 * Two applications of the sample, each on a database of its own: orchestrations of the shop start orchestrations of the warehouse
 * over the management API, and wait for them. test/chaos/cross-application.spec.ts kills them meanwhile.
 */
import { isDeepStrictEqual } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DurableClient, getDurableClientToken, type DurableOrchestrationStatus, type HistoryRecord } from 'nestjs-durable';
import { DURABLE_CLOCK, VirtualClock } from 'nestjs-durable/testing';
import { AppModule } from '../../../sample-app/src/app.module.js';
import { AppConfig, WAREHOUSE_KEY } from '../../../sample-app/src/support/app-config.js';
import { WarehouseAppModule } from '../../../sample-app/src/warehouse/warehouse-app.module.js';
import { createDatabase, DATABASES, type TestDatabase } from '../../support/databases.js';
import { BASE_PATH, listen } from './support/api-app.js';
import { call, expectRefusal } from './support/calls.js';

const CUP = { sku: 'cup', quantity: 6 };

describe.each(DATABASES)('the shop and the warehouse on %s', (kind) => {
  const clock = new VirtualClock();
  const databases: TestDatabase[] = [];
  const apps: INestApplication[] = [];
  let shopUrl: string;
  let warehouseUrl: string;
  let shop: DurableClient;
  let warehouse: DurableClient;
  let returns: DurableClient;

  async function start(rootModule: new () => object, config: object): Promise<[INestApplication, string]> {
    const module = await Test.createTestingModule({ imports: [rootModule] }).overrideProvider(AppConfig).useValue({ stepDelay: 0, ...config })
      .overrideProvider(DURABLE_CLOCK).useValue(clock).compile();
    const app = module.createNestApplication({ logger: false });
    apps.push(app);
    return [app, await listen(app)];
  }

  beforeAll(async () => {
    databases.push(await createDatabase(kind), await createDatabase(kind));
    const [{ storage }, { storage: warehouseStorage }] = databases as [TestDatabase, TestDatabase];
    let app: INestApplication;
    [app, warehouseUrl] = await start(WarehouseAppModule, { warehouseStorage });
    warehouse = app.get(DurableClient, { strict: false });
    returns = app.get<DurableClient>(getDurableClientToken('returns'), { strict: false });
    [app, shopUrl] = await start(AppModule, { storage, warehouseUrl, warehouseKey: WAREHOUSE_KEY });
    shop = app.get(DurableClient, { strict: false });
  });

  afterAll(async () => {
    for (const app of apps) await app.close();
    for (const database of databases) await database.drop();
  });

  const api = (path: string) => `${warehouseUrl}${BASE_PATH}/${path}`;
  const key = { 'x-functions-key': WAREHOUSE_KEY };
  const post = (path: string, json: object) => call('POST', `${shopUrl}${path}`, { json });

  async function order(id: string, details: object = {}): Promise<void> {
    expect(await post('/orders', { id, customer: 'Dan', delivery: 'warehouse', lines: [CUP], ...details })).toMatchObject({ status: 202 });
  }

  /** Lets the time pass in which the shop waits to ask again. */
  async function endOf(client: DurableClient, id: string): Promise<DurableOrchestrationStatus> {
    for (;;) {
      const status = (await client.getStatus(id))!;
      if (status.runtimeStatus !== 'Pending' && status.runtimeStatus !== 'Running') return status;
      clock.advance(1_000);
      await new Promise(setImmediate);
    }
  }

  const outcomeOf = async (id: string): Promise<unknown> => (await endOf(shop, id)).output;

  async function becomes(question: () => Promise<unknown>, wanted: unknown): Promise<void> {
    while (!isDeepStrictEqual(await question(), wanted)) await new Promise(setImmediate);
  }

  interface Stock { sku: string; available: number; reserved: number; sold: number }

  async function cups(): Promise<Stock> {
    const { body } = await call('GET', `${shopUrl}/stock`);
    return (body as Stock[]).find(({ sku }) => sku === 'cup')!;
  }

  /** Once all that was sold has left the house, of which orders tell by signals. */
  async function settledCups(): Promise<Stock> {
    await becomes(async () => (await cups()).reserved, 0);
    return cups();
  }

  const requests = (history: readonly HistoryRecord[]) =>
    history.filter(({ eventType, name }) => eventType === 'TaskScheduled' && name === 'BuiltIn::HttpActivity').length;

  describe('with callHttp', () => {
    it('[H1] [H2] [W1] [W2] an orchestration starts one of the other application, and gets its output', async () => {
      await order('far');
      expect(await outcomeOf('far')).toMatchObject({ state: 'shipped', total: 48, trackingNumber: 'lorry-far' });

      expect(await warehouse.getStatus('dispatch-far')).toMatchObject({
        name: 'dispatch', runtimeStatus: 'Completed', output: 'lorry-far', input: { orderId: 'far', customer: 'Dan', pieces: 6 },
      });
      // The start, and at least the question that found the end.
      const { history = [] } = (await shop.getStatus('far:shipping', { showHistory: true }))!;
      expect(requests(history)).toBeGreaterThanOrEqual(2);
      expect(history.filter(({ eventType }) => eventType === 'TimerFired').length).toBe(requests(history) - 1);
    });

    it('[W1] a start that is repeated finds the first one, under way', async () => {
      // As the shop sent it before its process died.
      await warehouse.startNew('dispatch', { instanceId: 'dispatch-again', input: { orderId: 'again', customer: 'Dan', pieces: 6 } });
      const { createdTime } = (await warehouse.getStatus('dispatch-again'))!;
      await order('again');
      expect(await outcomeOf('again')).toMatchObject({ state: 'shipped', trackingNumber: 'lorry-again' });
      expect((await warehouse.getStatus('dispatch-again'))!.createdTime).toEqual(createdTime);
    });

    it('[W1] … or finished: it does not run again', async () => {
      const first = await warehouse.startNew('dispatch', { instanceId: 'dispatch-done', input: { orderId: 'done', customer: 'Dan', pieces: 6 } });
      const end = await endOf(warehouse, first);
      await order('done');
      expect(await outcomeOf('done')).toMatchObject({ state: 'shipped', trackingNumber: 'lorry-done' });
      expect(await warehouse.getStatus(first)).toEqual(end);
    });

    it('[H1] [W2] what fails there fails here, and is compensated here', async () => {
      const before = await settledCups();
      await order('heavy', { lines: [{ sku: 'cup', quantity: 600 }] });
      await post('/orders/heavy/approve', { by: 'Carol' });
      const outcome = await outcomeOf('heavy');
      expect(outcome).toMatchObject({ state: 'not shipped', reason: expect.stringContaining('dispatch-heavy of the warehouse is Failed') });
      expect(outcome).toMatchObject({ reason: expect.stringContaining('the lorry does not carry 600 pieces') });
      expect(await cups()).toEqual(before);
    });
  });

  describe('with activities and a timer', () => {
    it('[W1] [W2] a return is inspected in the second task hub, and paid back', async () => {
      await order('back');
      await outcomeOf('back');
      const before = await settledCups();
      expect(await post('/orders/back/return', {})).toMatchObject({ status: 202 });
      expect(await outcomeOf('back:return')).toEqual({ state: 'paid back', remark: 'the parcel is unused' });
      await becomes(cups, { ...before, available: before.available + CUP.quantity, sold: before.sold - CUP.quantity });

      expect(await returns.getStatus('inspection-back')).toMatchObject({ name: 'inspect', runtimeStatus: 'Completed' });
      expect(await warehouse.getStatus('inspection-back')).toBeNull();
      const { body } = await call('GET', `${warehouseUrl}/inspections`);
      expect(body.inspections).toContainEqual({ id: 'inspection-back', status: 'Completed', findings: { accepted: true, remark: 'the parcel is unused' } });
      // What runs in activities is not in the history.
      expect(JSON.stringify(await shop.getStatus('back:return', { showHistory: true, showHistoryOutput: true }))).not.toContain(WAREHOUSE_KEY);
    });

    it('[W1] a start that is repeated finds the first one, finished or not', async () => {
      await order('worn');
      await outcomeOf('worn');
      const first = { instanceId: 'inspection-worn', input: { orderId: 'worn', pieces: 6, condition: 'used' } };
      const end = await returns.waitForCompletion(await returns.startNew('inspect', first));
      await post('/orders/worn/return', { condition: 'used' });
      expect(await outcomeOf('worn:return')).toEqual({ state: 'refused', remark: 'the parcel is used' });
      expect(await returns.getStatus('inspection-worn')).toEqual(end);
    });

    it('[A6] [W2] what does not complete there fails here at once: it is not asked for again', async () => {
      await order('lost');
      await outcomeOf('lost');
      // It waits for its time, so that it can be terminated before.
      const later = new Date(Date.UTC(2100, 0));
      await returns.startNew('inspect', { instanceId: 'inspection-lost', input: { orderId: 'lost', pieces: 6, condition: 'unused' }, startAt: later });
      await returns.terminate('inspection-lost', 'the parcel is lost');
      await returns.waitForCompletion('inspection-lost');
      await post('/orders/lost/return', {});
      expect(await endOf(shop, 'lost:return')).toMatchObject({ runtimeStatus: 'Failed' });
      const { output, history = [] } = (await shop.getStatus('lost:return', { showHistory: true }))!;
      expect(JSON.stringify(output)).toContain('inspection-lost of the warehouse is Terminated');
      expect(history.filter(({ eventType }) => eventType === 'TaskFailed')).toHaveLength(1);
    });

    it('a return is refused for what was not shipped, and the second time', async () => {
      await order('twice');
      await outcomeOf('twice');
      expect(await post('/orders/never/return', {})).toMatchObject({ status: 404 });
      expect(await post('/orders/heavy/return', {})).toMatchObject({ status: 409 });
      expect(await post('/orders/twice/return', { condition: 1 })).toMatchObject({ status: 400 });
      expect(await call('GET', `${shopUrl}/orders/twice/return`)).toMatchObject({ status: 404 });
      await post('/orders/twice/return', {});
      await outcomeOf('twice:return');
      expect(await post('/orders/twice/return', {})).toMatchObject({ status: 409 });
      expect((await call('GET', `${shopUrl}/orders/twice/return`)).body).toMatchObject({ status: 'Completed', outcome: { state: 'paid back' } });
    });
  });

  describe('the API of the warehouse', () => {
    it('answers those who have the key only', async () => {
      expectRefusal(await call('GET', api('instances/')), 401);
      expectRefusal(await call('GET', api('instances/'), { headers: { 'x-functions-key': `${WAREHOUSE_KEY}x` } }), 401);
      expect(await call('GET', api('instances/'), { headers: key })).toMatchObject({ status: 200 });
      expect(await call('GET', api(`instances/?code=${WAREHOUSE_KEY}`))).toMatchObject({ status: 200 });
    });

    it('has both task hubs, the parcels without a name; an unknown one is 404', async () => {
      await warehouse.startNew('dispatch', { instanceId: 'parcel', input: { orderId: 'parcel', customer: 'Eve', pieces: 1 } });
      const find = async (query: string) => (await call('GET', api(`instances/parcel${query}`), { headers: key })).status;
      expect([await find(''), await find('?taskHub=Warehouse'), await find('?taskHub=Returns'), await find('?taskHub=Nowhere')]).toEqual([202, 202, 404, 404]);
    });
  });
});
