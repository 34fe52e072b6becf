/** The entities of the README do what the README says. */
import { isDeepStrictEqual } from 'node:util';
import { Test, type TestingModule } from '@nestjs/testing';
import { DurableClient, DurableModule, EntityId, getDurableClientToken } from 'nestjs-durable';
import { DURABLE_CLOCK, VirtualClock } from 'nestjs-durable/testing';
import { Airline, Mailer, Miles, MilesDesk } from '../../docs/entities.js';
import { IN_MEMORY, SILENT } from '../nest/support.js';

describe('the entities of the README', () => {
  let clock: VirtualClock;
  let app: TestingModule;
  let client: DurableClient;

  beforeEach(async () => {
    clock = new VirtualClock();
    app = await Test.createTestingModule({ imports: [DurableModule.forRoot(IN_MEMORY)], providers: [Miles, Mailer, Airline, MilesDesk] })
      .overrideProvider(DURABLE_CLOCK).useValue(clock).setLogger(SILENT).compile();
    await app.init();
    client = app.get<DurableClient>(getDurableClientToken(), { strict: false });
  });

  afterEach(() => app.close());

  const outcomeOf = async (id: string) => {
    const { runtimeStatus, output } = await client.waitForCompletion(id);
    return { runtimeStatus, output };
  };
  const upgrade = async (traveller: string) => outcomeOf(await client.orchestrators(Airline).upgrade({ traveller, city: 'Lisbon' }));
  const milesOf = async (traveller: string) => (await client.readEntityState<number>(new EntityId('miles', traveller))).entityState;

  /** A signal tells nobody that it was carried out: asks until it has been. */
  async function becomes(question: () => Promise<unknown>, wanted: unknown): Promise<void> {
    while (!isDeepStrictEqual(await question(), wanted)) await new Promise(setImmediate);
  }

  async function give(traveller: string, miles: number): Promise<void> {
    await client.entity(Miles, traveller).signal.add(miles);
    await becomes(() => milesOf(traveller), miles);
  }

  it('class form: operations change the state, one that throws leaves it', async () => {
    await give('Ada', 600);
    expect(await upgrade('Ada')).toEqual({ runtimeStatus: 'Completed', output: 'seat 2' });
    expect(await upgrade('Ada')).toMatchObject({ runtimeStatus: 'Failed', output: { innerFailure: { errorMessage: 'only 100 miles left' } } });
    expect(await milesOf('Ada')).toBe(100);
    expect(app.get(Mailer).sent).toEqual(['Ada: 500 miles spent']);
  });

  it('signals: one that is scheduled waits for its time', async () => {
    await give('Ada', 500);
    await upgrade('Ada');
    clock.advance(365 * 86_400_000 - 60_000);
    await give('Bob', 1); // as much time as another signal needs
    expect(await milesOf('Ada')).toBe(0);
    clock.advance(60_000);
    await becomes(() => milesOf('Ada'), 50);
  });

  it('function form: results, errors, starts, and the end of the entity', async () => {
    await give('Ada', 2_000);
    expect(await upgrade('Ada')).toMatchObject({ output: 'seat 2' });
    expect(await upgrade('Ada')).toMatchObject({ output: 'seat 1' });
    expect(await upgrade('Ada')).toMatchObject({ runtimeStatus: 'Failed', output: { innerFailure: { errorMessage: 'flight Lisbon is full' } } });
    const plans = async () => (await client.getStatusBy({ name: 'planExtraFlight' })).instances.map(({ output }) => output);
    await becomes(plans, ['an extra flight to Lisbon']);

    const seats = new EntityId('seats', 'Lisbon');
    expect(await client.readEntityState(seats)).toEqual({ entityExists: true, entityState: 0 });
    await client.signalEntity(seats, 'close');
    await becomes(() => client.readEntityState(seats), { entityExists: false });
  });

  it('critical sections: gifts in both directions wait for each other, and nothing is lost', async () => {
    await give('Ada', 300);
    await give('Bob', 300);
    const { giveMiles } = client.orchestrators(Airline);
    const there = { from: 'Ada', to: 'Bob', miles: 200 };
    const back = { from: 'Bob', to: 'Ada', miles: 200 };
    const outcomes = await Promise.all([there, back, there, back].map(async (gift) => outcomeOf(await giveMiles(gift))));
    expect(outcomes.map(({ runtimeStatus }) => runtimeStatus)).toEqual(Array(4).fill('Completed'));
    expect(await app.get(MilesDesk).total()).toBe(600);
    expect(await outcomeOf(await giveMiles({ ...there, miles: 1_000 }))).toMatchObject({ output: false });
  });

  it('the client signals and reads', async () => {
    const desk = app.get(MilesDesk);
    expect(await desk.reward('Ada')).toBeLessThanOrEqual(120);
    await becomes(() => milesOf('Ada'), 120);
    expect(await desk.total()).toBe(120);
  });
});
