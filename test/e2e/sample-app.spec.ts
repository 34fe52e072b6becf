import { isDeepStrictEqual } from 'node:util';
import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { DurableClient } from 'nestjs-durable';
import { DURABLE_CLOCK, VirtualClock } from 'nestjs-durable/testing';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { AppModule } from '../../sample-app/src/app.module.js';
import { Bank } from '../../sample-app/src/bank/bank.js';
import { AppConfig } from '../../sample-app/src/support/app-config.js';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.js';

describe.each(DATABASES)('the sample application on %s', (kind) => {
  let database: TestDatabase;
  let app: INestApplication<App>;
  let client: DurableClient;
  const clock = new VirtualClock();

  beforeAll(async () => {
    database = await createDatabase(kind);
    const config = { port: 0, stepDelay: 0, storage: database.storage };
    const module = await Test.createTestingModule({ imports: [AppModule] }).overrideProvider(AppConfig).useValue(config)
      .overrideProvider(DURABLE_CLOCK).useValue(clock).compile();
    app = module.createNestApplication<INestApplication<App>>({ logger: false });
    await app.init();
    client = app.get(DurableClient, { strict: false });
  });

  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const post = (path: string, body?: object) => request(app.getHttpServer()).post(path).send(body);
  const get = (path: string) => request(app.getHttpServer()).get(path);

  /** Lets the time pass that retries and the courier take. */
  async function outcomeOf(id: string): Promise<unknown> {
    for (;;) {
      const { runtimeStatus, output } = (await client.getStatus(id))!;
      if (runtimeStatus !== 'Pending' && runtimeStatus !== 'Running') return output;
      clock.advance(1_000);
      await new Promise(setImmediate);
    }
  }

  interface Stock { available: number; reserved: number; sold: number }

  async function stockOf(sku: string): Promise<Stock> {
    const { body } = await get('/stock').expect(200);
    const { available, reserved, sold } = (body as (Stock & { sku: string })[]).find((article) => article.sku === sku)!;
    return { available, reserved, sold };
  }

  /** Once all that was sold has left the house, of which orders tell by signals. */
  async function settledStock(sku: string): Promise<Stock> {
    await becomes(async () => (await stockOf(sku)).reserved, 0);
    return stockOf(sku);
  }

  const balanceOf = async (holder: string) => ((await get(`/accounts/${holder}`)).body as { balance?: number }).balance;

  /** A signal tells nobody that it was carried out: asks until it has been. */
  async function becomes(question: () => Promise<unknown>, wanted: unknown): Promise<void> {
    while (!isDeepStrictEqual(await question(), wanted)) await new Promise(setImmediate);
  }

  describe('the stock', () => {
    it('is what the price list begins with, until something is ordered or delivered', async () => {
      const { body } = await get('/stock').expect(200);
      expect(body).toEqual([
        { sku: 'cup', price: 8, available: 1_000, reserved: 0, sold: 0 },
        { sku: 'teapot', price: 45, available: 100, reserved: 0, sold: 0 },
        { sku: 'samovar', price: 900, available: 5, reserved: 0, sold: 0 },
      ]);
    });

    it('grows with a delivery', async () => {
      await post('/stock/teapot/deliveries', { quantity: 20 }).expect(202);
      await becomes(() => stockOf('teapot'), { available: 120, reserved: 0, sold: 0 });
      await post('/stock/spoon/deliveries', { quantity: 20 }).expect(404);
      await post('/stock/teapot/deliveries', { quantity: 0 }).expect(400);
    });
  });

  describe('orders', () => {
    it('are priced, reserved, charged in a second attempt and shipped', async () => {
      const lines = [{ sku: 'teapot', quantity: 1 }, { sku: 'cup', quantity: 4 }];
      const started = await post('/orders', { id: 'tea', customer: 'Ada', lines }).expect(202).expect('location', '/orders/tea');
      expect(started.body).toMatchObject({ id: 'tea', links: { self: '/orders/tea' } });

      await outcomeOf('tea');
      const order = await get('/orders/tea').expect(200);
      expect(order.body).toMatchObject({
        status: 'Completed',
        progress: { step: 'done' },
        outcome: { state: 'shipped', total: 77, trackingNumber: 'parcel-tea' },
      });
      expect((await get('/orders?status=completed')).body).toMatchObject({ orders: [{ id: 'tea' }] });
      await becomes(() => stockOf('cup'), { available: 996, reserved: 0, sold: 4 });
    });

    it('of a large total wait for approval, and are rejected when nobody approves', async () => {
      const order = { customer: 'Bob', lines: [{ sku: 'samovar', quantity: 1 }] };
      await post('/orders', { ...order, id: 'approved' });
      await post('/orders', { ...order, id: 'rejected' });
      await post('/orders', { ...order, id: 'forgotten', approvalTimeoutSeconds: 1 });
      await post('/orders/approved/approve', { by: 'Carol' }).expect(202);
      await post('/orders/rejected/reject', { by: 'Carol' }).expect(202);

      expect(await outcomeOf('approved')).toMatchObject({ state: 'shipped', total: 900 });
      expect(await outcomeOf('rejected')).toEqual({ state: 'rejected', by: 'Carol' });
      expect(await outcomeOf('forgotten')).toEqual({ state: 'rejected', by: 'time-out' });
    });

    it('give reserved stock back when a line is out of stock, or the card is declined', async () => {
      const before = await Promise.all([settledStock('cup'), settledStock('teapot')]);
      const lines = [{ sku: 'cup', quantity: 1 }, { sku: 'teapot', quantity: 1_000 }];
      await post('/orders', { id: 'too-much', customer: 'Bob', lines });
      await post('/orders/too-much/approve');
      await post('/orders', { id: 'declined', customer: 'Mallory', card: '40000002', lines: [{ sku: 'cup', quantity: 2 }] });

      expect(await outcomeOf('too-much')).toMatchObject({ state: 'out of stock' });
      expect(await outcomeOf('declined')).toEqual({ state: 'not paid', reason: 'the card was declined' });
      const history = await get('/orders/declined?history=true');
      expect(history.body.history).toContainEqual(expect.objectContaining({ eventType: 'EntityOperationCalled', instanceId: '@article@cup', operation: 'release' }));
      expect(await Promise.all([stockOf('cup'), stockOf('teapot')])).toEqual(before);
    });

    it.each([
      [{}, 'customer must be a non-empty string'],
      [{ customer: 'Ada', lines: [{ sku: 'spoon', quantity: 1 }] }, 'lines[0].sku must be one of cup, teapot, samovar'],
      [{ customer: 'Ada', lines: [{ sku: 'cup', quantity: 0 }] }, 'lines[0].quantity must be a whole number'],
      [{ customer: 'Ada', lines: [], id: 'a/b' }, 'id must be 1 to 100 letters'],
      [{ customer: 'Ada', lines: [], card: '4242', account: 'Ada' }, 'card and account cannot both pay'],
      [{ customer: 'Ada', lines: [], delivery: 'pigeon' }, 'delivery must be courier or warehouse'],
    ])('%j is answered with 400', async (body, problem) => {
      const response = await post('/orders', body).expect(400);
      expect(JSON.stringify(response.body)).toContain(problem);
    });

    it('an id that is taken gives 409, an unknown one 404, a decision that comes too late 409', async () => {
      const order = { id: 'twice', customer: 'Ada', lines: [{ sku: 'cup', quantity: 1 }] };
      expect(await post('/orders', order)).toMatchObject({ status: 202 });
      expect(await post('/orders', order)).toMatchObject({ status: 409, body: { error: 'InstanceAlreadyExistsError' } });
      await outcomeOf('twice');
      expect(await post('/orders', order)).toMatchObject({ status: 409 });
      expect(await post('/orders/twice/approve')).toMatchObject({ status: 409, body: { error: 'InstanceNotRunningError' } });
      expect(await get('/orders/never')).toMatchObject({ status: 404 });
      expect(await post('/orders/never/approve')).toMatchObject({ status: 404 });
      expect(await get('/orders?status=lost')).toMatchObject({ status: 400 });
      expect(await get('/orders?page=lost')).toMatchObject({ status: 400 });
    });
  });

  describe('accounts', () => {
    async function deposit(holder: string, amount: number): Promise<void> {
      const balance = (await balanceOf(holder)) ?? 0;
      await post(`/accounts/${holder}/deposits`, { amount }).expect(202);
      await becomes(() => balanceOf(holder), balance + amount);
    }

    it('are opened by a deposit', async () => {
      await get('/accounts/nobody').expect(404);
      await deposit('Eve', 5);
      await get('/accounts/Eve').expect(200, { holder: 'Eve', balance: 5 });
      expect((await get('/accounts').expect(200)).body).toMatchObject({ accounts: [{ holder: 'Eve', balance: 5 }] });
      await post('/accounts/Eve/deposits', { amount: 1.5 }).expect(400);
      await post('/accounts/a%23b/deposits', { amount: 1 }).expect(400);
      await get('/accounts?page=lost').expect(400);
    });

    it('pay for an order by a transfer to the shop', async () => {
      await deposit('Ada', 100);
      const cups = await settledStock('cup');
      await post('/orders', { id: 'by-account', customer: 'Ada', account: 'Ada', lines: [{ sku: 'cup', quantity: 5 }] }).expect(202);

      expect(await outcomeOf('by-account')).toMatchObject({ state: 'shipped', total: 40, receiptId: 'by-account:payment' });
      expect(await Promise.all([balanceOf('Ada'), balanceOf('shop')])).toEqual([60, 40]);
      await becomes(() => stockOf('cup'), { ...cups, available: cups.available - 5, sold: cups.sold + 5 });
    });

    it('get their money back, and the shop its stock, when the order cannot be shipped', async () => {
      await deposit('Carol', 300);
      const before = await Promise.all([settledStock('cup'), balanceOf('shop')]);
      const lines = [{ sku: 'cup', quantity: 30 }];
      await post('/orders', { id: 'too-many', customer: 'Carol', account: 'Carol', lines });
      await post('/orders', { id: 'too-many-by-card', customer: 'Carol', lines });

      const outcome = { state: 'not shipped', reason: 'the courier does not carry 30 pieces' };
      expect(await outcomeOf('too-many')).toEqual(outcome);
      expect(await outcomeOf('too-many-by-card')).toEqual(outcome);
      expect(await Promise.all([stockOf('cup'), balanceOf('shop')])).toEqual(before);
      expect(await balanceOf('Carol')).toBe(300);
    });

    it('without the money leave the order unpaid, and the stock where it was', async () => {
      const before = await settledStock('cup');
      await post('/orders', { id: 'poor', customer: 'Eve', account: 'Eve', lines: [{ sku: 'cup', quantity: 1 }] });
      expect(await outcomeOf('poor')).toEqual({ state: 'not paid', reason: 'there are only 5 in the account of Eve' });
      expect(await stockOf('cup')).toEqual(before);
    });

    it('keep what they have together when many transfers cross each other', async () => {
      const holders = ['x', 'y', 'z'];
      for (const holder of holders) await deposit(holder, 100);
      const { transfer } = client.orchestrators(Bank);
      const pairs = holders.flatMap((from) => holders.map((to) => ({ from, to })));
      const ids = await Promise.all([...pairs, ...pairs].map(({ from, to }) => transfer({ from, to, amount: 60 })));
      const ends = await Promise.all(ids.map((id) => client.waitForCompletion(id)));
      // Under the lock nobody else has taken the money that the look at the balance has found.
      for (const { failureDetails } of ends) expect(failureDetails?.errorType).not.toBe('TaskFailedError');

      const balances = await Promise.all(holders.map(balanceOf));
      expect(balances.reduce((sum = 0, balance = 0) => sum + balance)).toBe(300);
      expect(Math.min(...(balances as number[]))).toBeGreaterThanOrEqual(0);
    });
  });

  describe('the monitor', () => {
    it('is started once, tells its latest round, and stops', async () => {
      await get('/monitor').expect(404);
      await post('/monitor', { threshold: 0 }).expect(400);
      await post('/monitor', { threshold: 6, intervalSeconds: 1 }).expect(202);
      await post('/monitor').expect(409);
      await request(app.getHttpServer()).delete('/monitor').expect(202);

      await client.waitForCompletion('monitor:stock');
      const monitor = await get('/monitor').expect(200);
      expect(monitor.body).toMatchObject({ status: 'Completed', latest: { low: { samovar: expect.any(Number) } } });
      await request(app.getHttpServer()).delete('/monitor').expect(409);
    });
  });
});
