import { LoadQueue } from '../../../lib/engine/load-queue.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import { TransientStoreError } from '../../../lib/storage/errors.js';
import { ManualClock } from './support/manual-clock.js';
import { TestLog } from './support/test-log.js';

describe('LoadQueue', () => {
  let clock: ManualClock;
  let loaded: string[];
  let failed: string[];
  let queries: string[];
  let answer: (slots: readonly string[]) => Error | undefined;
  let queue: LoadQueue<string>;

  beforeEach(() => {
    clock = new ManualClock();
    [loaded, failed, queries] = [[], [], []];
    queue = new LoadQueue({
      clock,
      health: new StoreHealth(new TestLog(), 'Test', () => 0),
      load(slots) {
        queries.push(slots.join());
        const error = answer(slots);
        if (error) return Promise.reject(error);
        loaded.push(...slots);
        return Promise.resolve(slots.length);
      },
      failed: (slot) => failed.push(slot),
    });
  });

  const begin = (...slots: string[]) => {
    for (const slot of slots) queue.add(slot);
    queue.start();
  };

  it('finds the one that cannot be loaded, and loads the others', async () => {
    answer = (slots) => (slots.includes('bad') ? new Error('unreadable') : undefined);
    begin('a', 'bad', 'b');
    await clock.advance(0);
    expect([loaded, failed]).toEqual([['a', 'b'], ['bad']]);
  });

  it('takes nothing for bad because the database went away while the bad one was looked for', async () => {
    let isAway = false;
    answer = (slots) => {
      if (isAway) return new TransientStoreError('away');
      isAway = slots.length === 1 && slots[0] === 'a';
      return slots.includes('bad') ? new Error('unreadable') : undefined;
    };
    begin('a', 'bad', 'b');
    await clock.advance(100);
    expect([loaded, failed]).toEqual([['a'], []]);
    answer = (slots) => (slots.includes('bad') ? new Error('unreadable') : undefined);
    await clock.advance(2_000);
    expect([loaded, failed]).toEqual([['a', 'b'], ['bad']]);
  });

  it('loads what was added at the end of a load', async () => {
    answer = () => undefined;
    begin('a');
    await clock.advance(0);
    begin('b');
    await clock.advance(0);
    expect(loaded).toEqual(['a', 'b']);
  });
});
