import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { DurableClient } from 'nestjs-durable';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { AppModule } from '../../sample-app/src/app.module.js';
import { AppConfig } from '../../sample-app/src/support/app-config.js';

let app: INestApplication<App>;
let client: DurableClient;

beforeAll(async () => {
  const config = { port: 0, stepDelay: 0, storage: { type: 'better-sqlite3', database: ':memory:' } };
  const module = await Test.createTestingModule({ imports: [AppModule] }).overrideProvider(AppConfig).useValue(config).compile();
  app = module.createNestApplication<INestApplication<App>>({ logger: false });
  await app.init();
  client = app.get(DurableClient, { strict: false });
});

afterAll(() => app.close());

const post = (path: string, body?: object) => request(app.getHttpServer()).post(path).send(body);
const get = (path: string) => request(app.getHttpServer()).get(path);

describe('orders', () => {
  it('are priced, reserved, charged in a second attempt and shipped', async () => {
    const lines = [{ sku: 'teapot', quantity: 1 }, { sku: 'cup', quantity: 4 }];
    const started = await post('/orders', { id: 'tea', customer: 'Ada', lines }).expect(202).expect('location', '/orders/tea');
    expect(started.body).toMatchObject({ id: 'tea', links: { self: '/orders/tea' } });

    await client.waitForCompletion('tea');
    const order = await get('/orders/tea').expect(200);
    expect(order.body).toMatchObject({
      status: 'Completed',
      progress: { step: 'done' },
      outcome: { state: 'shipped', total: 77, trackingNumber: 'parcel-tea' },
    });
    expect((await get('/orders?status=completed')).body).toMatchObject({ orders: [{ id: 'tea' }] });
  });

  it('of a large total wait for approval, and are rejected when nobody approves', async () => {
    const order = { customer: 'Bob', lines: [{ sku: 'samovar', quantity: 1 }] };
    await post('/orders', { ...order, id: 'approved' });
    await post('/orders', { ...order, id: 'rejected' });
    await post('/orders', { ...order, id: 'forgotten', approvalTimeoutSeconds: 1 });
    await post('/orders/approved/approve', { by: 'Carol' }).expect(202);
    await post('/orders/rejected/reject', { by: 'Carol' }).expect(202);

    expect((await client.waitForCompletion('approved')).output).toMatchObject({ state: 'shipped', total: 900 });
    expect((await client.waitForCompletion('rejected')).output).toEqual({ state: 'rejected', by: 'Carol' });
    expect((await client.waitForCompletion('forgotten')).output).toEqual({ state: 'rejected', by: 'time-out' });
  });

  it('give reserved stock back when a line is out of stock, or the card is declined', async () => {
    const lines = [{ sku: 'cup', quantity: 1 }, { sku: 'teapot', quantity: 1_000 }];
    await post('/orders', { id: 'too-much', customer: 'Bob', lines });
    await post('/orders/too-much/approve');
    await post('/orders', { id: 'declined', customer: 'Mallory', card: '40000002', lines: [{ sku: 'cup', quantity: 2 }] });

    expect((await client.waitForCompletion('too-much')).output).toMatchObject({ state: 'out of stock' });
    expect((await client.waitForCompletion('declined')).output).toEqual({ state: 'not paid', reason: 'the card was declined' });
    const history = await get('/orders/declined?history=true');
    expect(history.body.history).toContainEqual(expect.objectContaining({ eventType: 'TaskScheduled', name: 'release' }));
  });

  it.each([
    [{}, 'customer must be a non-empty string'],
    [{ customer: 'Ada', lines: [{ sku: 'spoon', quantity: 1 }] }, 'lines[0].sku must be one of cup, teapot, samovar'],
    [{ customer: 'Ada', lines: [{ sku: 'cup', quantity: 0 }] }, 'lines[0].quantity must be a whole number'],
    [{ customer: 'Ada', lines: [], id: 'a/b' }, 'id must be 1 to 100 letters'],
  ])('%j is answered with 400', async (body, problem) => {
    const response = await post('/orders', body).expect(400);
    expect(JSON.stringify(response.body)).toContain(problem);
  });

  it('an id that is taken gives 409, an unknown one 404, a decision that comes too late 409', async () => {
    const order = { id: 'twice', customer: 'Ada', lines: [{ sku: 'cup', quantity: 1 }] };
    expect(await post('/orders', order)).toMatchObject({ status: 202 });
    expect(await post('/orders', order)).toMatchObject({ status: 409, body: { error: 'InstanceAlreadyExistsError' } });
    await client.waitForCompletion('twice');
    expect(await post('/orders', order)).toMatchObject({ status: 409 });
    expect(await post('/orders/twice/approve')).toMatchObject({ status: 409, body: { error: 'InstanceNotRunningError' } });
    expect(await get('/orders/never')).toMatchObject({ status: 404 });
    expect(await post('/orders/never/approve')).toMatchObject({ status: 404 });
    expect(await get('/orders?status=lost')).toMatchObject({ status: 400 });
    expect(await get('/orders?page=lost')).toMatchObject({ status: 400 });
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
