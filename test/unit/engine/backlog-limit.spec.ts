import { HubOverloadedError } from '../../../lib/core/client-errors.js';
import { BacklogLimit } from '../../../lib/engine/backlog-limit.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import { TransientStoreError } from '../../../lib/storage/errors.js';
import { ManualClock } from './support/manual-clock.js';
import { signal } from './support/test-engine.js';
import { TestLog } from './support/test-log.js';

/** A limit over a hub in which `hub.waiting` messages wait. */
function setUp(maxBacklog?: number) {
  const clock = new ManualClock();
  const hub = { waiting: 0, counts: 0, failure: undefined as Error | undefined };
  const countBacklog = (limit: number): Promise<number> => {
    hub.counts += 1;
    return hub.failure ? Promise.reject(hub.failure) : Promise.resolve(Math.min(hub.waiting, limit));
  };
  const limit = new BacklogLimit({ store: { countBacklog }, clock, health: new StoreHealth(new TestLog(), 'Hub', () => 0), hub: 'Orders', maxBacklog });
  /** A start that becomes a message. */
  const start = () => limit.admit(() => Promise.resolve((hub.waiting += 1)));
  const startMany = async (count: number) => {
    const outcomes = await Promise.allSettled(Array.from({ length: count }, start));
    return outcomes.filter(({ status }) => status === 'fulfilled').length;
  };
  return { clock, hub, limit, start, startMany };
}

describe('maxBacklog', () => {
  it('counts nothing and refuses nothing where it is not set', async () => {
    const { hub, startMany } = setUp();
    expect(await startMany(1_000)).toBe(1_000);
    expect(hub.counts).toBe(0);
  });

  it('refuses what is over the limit, and says what is to be done', async () => {
    const { start, startMany } = setUp(100);
    expect(await startMany(150)).toBe(100);
    const refused = await start().then(() => undefined, (error: unknown) => error);
    expect(refused).toBeInstanceOf(HubOverloadedError);
    expect(refused).toMatchObject({ taskHub: 'Orders', backlog: 100, limit: 100 });
    expect((refused as Error).message).toMatch(/'Orders' is overloaded: 100 messages .* maxBacklog is 100.* refused.* later.* add workers/s);
  });

  it('starts that come together count before they are written', async () => {
    const { hub, limit } = setUp(10);
    const written = signal();
    const starts = Array.from({ length: 30 }, () => limit.admit(() => written.promise));
    const outcomes = Promise.allSettled(starts);
    await new Promise((resolve) => setImmediate(resolve));
    written.resolve();
    expect((await outcomes).filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(hub.counts).toBe(2);
  });

  it('admits again as soon as there is room, without waiting for the next count where starts were admitted since', async () => {
    const { clock, hub, startMany } = setUp(10);
    expect(await startMany(5)).toBe(5);
    hub.waiting = 0;
    expect(await startMany(10)).toBe(10);
    expect(await startMany(10)).toBe(0);
    hub.waiting = 2;
    expect(await startMany(10)).toBe(0);
    await clock.advance(1_001);
    expect(await startMany(10)).toBe(8);
  });

  it('counts once a second at most while the hub is full, and once for about as many starts as have room', async () => {
    const { clock, hub, startMany } = setUp(1_000);
    hub.waiting = 2_000;
    for (let round = 0; round < 20; round += 1) await startMany(500);
    expect(hub.counts).toBe(1);
    await clock.advance(1_001);
    hub.waiting = 0;
    const { counts } = hub;
    for (let round = 0; round < 20; round += 1) {
      expect(await startMany(500)).toBe(500);
      hub.waiting = 0;
    }
    expect(hub.counts - counts).toBeLessThanOrEqual(11);
  });

  it('counts for half of the time at most where there is hardly any room', async () => {
    const clock = new ManualClock();
    let counts = 0;
    // Of 1 000 places one has become free each time.
    const countBacklog = () => new Promise<number>((resolve) => clock.after(50, () => resolve((counts += 1) && 999)));
    const limit = new BacklogLimit({ store: { countBacklog }, clock, health: new StoreHealth(new TestLog(), 'Hub', () => 0), hub: 'Orders', maxBacklog: 1_000 });
    let admitted = 0;
    for (let time = 0; time < 1_000; time += 10) {
      void limit.admit(() => Promise.resolve((admitted += 1))).catch(() => undefined);
      await clock.advance(10);
    }
    expect(admitted).toBe(counts);
    expect(counts).toBe(10);
  });

  it('leaves starts to the client queue while the database is away, and no more of them than the limit', async () => {
    const { clock, hub, limit } = setUp(10);
    hub.failure = new TransientStoreError('away');
    const back = signal();
    const outcomes = Promise.allSettled(Array.from({ length: 30 }, () => limit.admit(() => back.promise)));
    await clock.advance(100);
    back.resolve();
    expect((await outcomes).filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });

  it('fails with what will not pass', async () => {
    const { hub, start } = setUp(10);
    hub.failure = new Error('no such table');
    await expect(start()).rejects.toThrow('no such table');
    hub.failure = undefined;
    await expect(start()).resolves.toBe(1);
  });
});
