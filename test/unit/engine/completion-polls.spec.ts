/** How often waiters ask the database: one query for all of them, however many come and when. */
import { CompletionWaiters } from '../../../lib/engine/completion-waiters.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import type { InstanceRow } from '../../../lib/storage/store.js';
import { ManualClock, turn } from './support/manual-clock.js';
import { TestLog } from './support/test-log.js';

describe('polling by CompletionWaiters', () => {
  const clock = new ManualClock();
  let reads: string[][];
  let hold: Promise<void> | undefined;
  let waiters: CompletionWaiters;

  beforeEach(() => {
    [reads, hold] = [[], undefined];
    waiters = new CompletionWaiters({
      clock,
      health: new StoreHealth(new TestLog(), 'Test', () => 0),
      maxPollingInterval: 1_000,
      isInMemory: () => false,
      async read(ids) {
        reads.push([...ids]);
        await hold;
        return ids.map((instanceId) => ({ instanceId, status: 'Running' }) as InstanceRow);
      },
    });
  });
  afterEach(() => waiters.stop());

  const wait = (instanceId: string) => void waiters.wait(instanceId, undefined).catch(() => undefined);

  it('keeps one poll scheduled when waiters come while another poll is under way', async () => {
    wait('a');
    await turn();
    let proceed!: () => void;
    hold = new Promise((resolve) => (proceed = resolve));
    await clock.advance(60);
    hold = undefined;
    for (const instanceId of ['b', 'c', 'd']) {
      wait(instanceId);
      await turn();
    }
    proceed();
    await turn();
    expect(clock.waiting).toBe(1);
  });

  it('asks for those that wait already while new ones keep coming', async () => {
    wait('a');
    for (let index = 0; index < 20; index += 1) {
      wait(`b${index}`);
      await clock.advance(20);
    }
    expect(reads.filter((ids) => ids.includes('a')).length).toBeGreaterThan(4);
  });
});
