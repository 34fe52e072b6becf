import { GarbageCollector } from '../../../lib/engine/garbage-collector.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import { TransientStoreError } from '../../../lib/storage/errors.js';
import { ManualClock } from './support/manual-clock.js';
import { TestLog } from './support/test-log.js';

/** A collector over so many rows, each chunk of which takes 20 ms; and when its chunks began. */
function setUp(rows: number) {
  const clock = new ManualClock();
  const begun: number[] = [];
  const failures: Error[] = [];
  let left = rows;
  const collector = new GarbageCollector({
    clock,
    health: new StoreHealth(new TestLog(), 'Hub', () => 0),
    async collect(limit) {
      begun.push(clock.monotonic());
      await new Promise<void>((resolve) => clock.after(20, resolve));
      const failure = failures.shift();
      if (failure) throw failure;
      const deleted = Math.min(limit, left);
      left -= deleted;
      return deleted;
    },
  });
  return { clock, collector, begun, failures, add: (more: number) => (left += more), left: () => left };
}

describe('the garbage collector', () => {
  it('gathers for a second, then deletes chunk by chunk, resting for as long as each took', async () => {
    const { clock, collector, begun, left } = setUp(250);
    collector.nudge();
    await clock.advance(2_000);
    expect(left()).toBe(0);
    expect(begun).toEqual([1_000, 1_040, 1_080, 1_120]);
  });

  it('looks once a minute for what other processes left, and at once when it is told', async () => {
    const { clock, collector, begun, add, left } = setUp(0);
    collector.nudge();
    await clock.advance(1_020);
    add(10);
    await clock.advance(60_000);
    expect(begun).toEqual([1_000, 61_020]);
    await clock.advance(100);
    add(10);
    collector.nudge();
    await clock.advance(1_020);
    expect(left()).toBe(0);
  });

  it('goes on after a failure, and not after a stop', async () => {
    const { clock, collector, begun, failures, left } = setUp(10);
    failures.push(new TransientStoreError('away'));
    collector.nudge();
    await clock.advance(62_000);
    expect(left()).toBe(0);
    const { length } = begun;
    collector.stop();
    await clock.advance(200_000);
    expect(begun).toHaveLength(length);
  });
});
