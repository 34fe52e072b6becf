/** The code of the README does what the README says. */
import type { ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DurableClient, DurableModule, getDurableClientToken } from 'nestjs-durable';
import { DURABLE_CLOCK, VirtualClock } from 'nestjs-durable/testing';
import { TravelDesk } from '../../docs/client.js';
import { PaymentGateway } from '../../docs/payments.js';
import { OrderService } from '../../docs/quick-start.js';
import { Travel, TravelActivities } from '../../docs/travel.js';
import { Bookings } from '../../docs/versions.js';
import { IN_MEMORY, SILENT } from '../nest/support.js';

// #region testing
it('rejects an order that nobody approves for a day', async () => {
  const clock = new VirtualClock();
  const app = await Test.createTestingModule({
    imports: [DurableModule.forRoot({ storage: { type: 'better-sqlite3', database: ':memory:' } })],
    providers: [OrderService, PaymentGateway],
  })
    .overrideProvider(DURABLE_CLOCK)
    .useValue(clock)
    .compile();
  await app.init();
  const client = app.get(DurableClient, { strict: false });

  const id = await client.orchestrators(OrderService).fulfil({ id: 'order-1' });
  clock.advance(86_400_000); // durable timers, not your test, wait a day
  expect(await client.waitForCompletion(id)).toMatchObject({ runtimeStatus: 'Completed', output: 'rejected' });

  await app.close();
});
// #endregion

describe('the snippets of the README', () => {
  let clock: VirtualClock;
  let app: TestingModule;
  let client: DurableClient;

  beforeEach(async () => {
    clock = new VirtualClock();
    const metadata: ModuleMetadata = { imports: [DurableModule.forRoot(IN_MEMORY)], providers: [Travel, TravelActivities, TravelDesk] };
    app = await Test.createTestingModule(metadata).overrideProvider(DURABLE_CLOCK).useValue(clock).setLogger(SILENT).compile();
    await app.init();
    client = app.get<DurableClient>(getDurableClientToken(), { strict: false });
  });

  afterEach(() => app.close());

  const outputOf = async (id: string) => (await client.waitForCompletion(id)).output;
  const lisbon = { traveller: 'Ada', city: 'Lisbon' };
  const atlantis = { traveller: 'Ada', city: 'Atlantis' };

  it('chaining: the second booking follows the first, which is taken back when the second fails', async () => {
    const { book } = client.orchestrators(Travel);
    expect(await outputOf(await book(lisbon))).toEqual(['flight-Lisbon', 'hotel-Lisbon']);
    expect(await client.waitForCompletion(await book(atlantis))).toMatchObject({ runtimeStatus: 'Failed' });
    expect(app.get(TravelActivities).cancelled).toEqual(['flight-Atlantis']);
  });

  it('fan-out, race, sub-orchestrations, calls by name', async () => {
    const { cheapest, priceInTime, tour, untyped } = client.orchestrators(Travel);
    expect(await outputOf(await cheapest(['Lisbon', 'Rome', 'Oslo']))).toBe(400);
    expect(await outputOf(await priceInTime('Rome'))).toBe(400);
    expect(await outputOf(await untyped('Rome'))).toBe(400);
    expect(await outputOf(await tour([lisbon, atlantis]))).toEqual([['flight-Lisbon', 'hotel-Lisbon'], []]);
  });

  it('retries: no second attempt for what cannot succeed', async () => {
    const fetchMock = jest.spyOn(globalThis, 'fetch').mockResolvedValueOnce(new Response(null, { status: 404 }));
    const { archive } = client.orchestrators(Travel);
    expect(await outputOf(await archive('http://localhost/missing'))).toBe(0);
    fetchMock.mockRejectedValueOnce(Object.assign(new Error('no more today'), { name: 'QuotaExceeded' }));
    expect(await client.waitForCompletion(await archive('http://localhost/big'))).toMatchObject({ runtimeStatus: 'Failed' });
    expect(fetchMock).toHaveBeenCalledTimes(2);
    fetchMock.mockRestore();
  });

  it('events: an answer is taken, and after three days the default', async () => {
    const { approval } = client.orchestrators(Travel);
    const answered = await approval(lisbon);
    expect(await client.getStatus(answered)).toMatchObject({ customStatus: { waitingFor: 'manager' } });
    await client.raiseEvent(answered, 'answer', 'yes');
    expect(await outputOf(answered)).toBe('yes');
    const forgotten = await approval(lisbon);
    clock.advance(3 * 86_400_000);
    expect(await outputOf(forgotten)).toBe('no');
  });

  it('continueAsNew: rounds go on under one id until the limit is high enough', async () => {
    const id = await client.orchestrators(Travel).watchPrice({ city: 'Rome', limit: 1, round: 1 });
    await client.raiseEvent(id, 'newLimit', 500);
    expect(await client.waitForCompletion(id)).toMatchObject({ output: 400, input: { limit: 500, round: 2 } });
  });

  it('determinism: time, ids and prices are part of the history', async () => {
    const output = await outputOf(await client.orchestrators(Travel).ticket(lisbon));
    expect(output).toEqual({ number: expect.stringMatching(/^[0-9a-f-]{36}$/), issued: expect.stringContaining('T'), price: 600 });
  });

  it('the client starts, lists and ends', async () => {
    const desk = app.get(TravelDesk);
    const [id = '', same, later = ''] = await desk.start(lisbon);
    expect(await outputOf(id)).toEqual(['flight-Lisbon', 'hotel-Lisbon']);
    expect(same).toBe('trip-Ada');
    expect(await client.getStatus(later)).toMatchObject({ runtimeStatus: 'Pending', tags: { city: 'Lisbon' } });
    expect(await desk.report(id)).toBeGreaterThanOrEqual(0);
    expect(await desk.cancel(later)).toEqual({ runtimeStatus: 'Terminated', output: 'cancelled by the desk' });
    expect(await desk.cancel(id)).toMatchObject({ runtimeStatus: 'Completed' });
  });

  it('the client repairs, restarts and purges', async () => {
    const failed = await client.orchestrators(Travel).book(atlantis);
    await client.waitForCompletion(failed);
    const again = await app.get(TravelDesk).repair(failed);
    expect(await client.waitForCompletion(again)).toMatchObject({ runtimeStatus: 'Failed', input: atlantis });
    expect(await client.getStatus(failed)).toBeNull();
    // Once by the first run, whose rewind finds it done, and once by the restart.
    expect(app.get(TravelActivities).cancelled).toEqual(['flight-Atlantis', 'flight-Atlantis']);
  });

  it('versions stand side by side', async () => {
    const versions = await Test.createTestingModule({ imports: [DurableModule.forRoot({ ...IN_MEMORY, defaultVersion: '2' })], providers: [Bookings, TravelActivities] })
      .setLogger(SILENT)
      .compile();
    await versions.init();
    const bookings = versions.get<DurableClient>(getDurableClientToken(), { strict: false });
    const [old, current] = [await bookings.startNew('reserve', { input: lisbon, version: '1' }), await bookings.startNew('reserve', { input: lisbon })];
    expect(await bookings.waitForCompletion(old)).toMatchObject({ version: '1', output: 'flight-Lisbon' });
    expect(await bookings.waitForCompletion(current)).toMatchObject({ version: '2', output: 'flight-Lisbon' });
    await versions.close();
  });
});
