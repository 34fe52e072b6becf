import { InboxPoller } from '../../../lib/engine/inbox-poller.js';
import type { Partition } from '../../../lib/engine/partition.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import type { InboxMessage } from '../../../lib/storage/store.js';
import { ManualClock, turn } from './support/manual-clock.js';
import { TestLog } from './support/test-log.js';
import { eventMessage, testPartition } from './support/test-partition.js';

const SIGNS = { free: 0, own: 1, workers: 1, newestWorker: 1 };

describe('InboxPoller', () => {
  let news: boolean;
  const clock = new ManualClock();
  let partition: Partition;
  let inbox: InboxMessage[];
  let received: number[];
  let polls: number;
  let activitiesWait: boolean;
  let claims: number;
  let poller: InboxPoller;

  beforeEach(() => {
    [partition, inbox, received, polls, activitiesWait, claims, news] = [testPartition(), [], [], 0, false, 0, false];
    poller = new InboxPoller({
      store: {
        readInbox: (_worker, ranges, isKnown) => {
          polls += 1;
          const messages = inbox.slice(0, ranges[0]!.limit).filter((message) => !isKnown(message));
          return Promise.resolve({ messages, cut: [], signs: SIGNS, activitiesWait });
        },
      },
      clock,
      health: new StoreHealth(new TestLog(), 'Test', () => 0),
      maxPollingInterval: 1_000,
      worker: () => ({ workerId: 1, incarnation: 'w1' }),
      partitions: () => [partition],
      noticed: () => (news ? ((news = false), true) : false),
      received: (_partition, message) => received.push(message.key),
      claimActivities: () => Promise.resolve((claims += 1) <= 3),
    });
  });
  afterEach(() => poller.stop());

  it('claims only what the poll saw waiting, and polls often while it gets any', async () => {
    poller.nudge();
    await clock.advance(10_000);
    expect(claims).toBe(0);
    activitiesWait = true;
    await clock.advance(1_400);
    expect(claims).toBeGreaterThan(3);
  });

  it('claims waiting activities also while messages keep coming in', async () => {
    activitiesWait = true;
    inbox.push(eventMessage(1));
    poller.nudge();
    await turn();
    inbox.push(eventMessage(2));
    await clock.advance(100);
    expect(received).toEqual([1, 2]);
    expect(claims).toBe(2);
  });

  it('reads a long inbox to its end at once, in order, each message once', async () => {
    inbox.push(...Array.from({ length: 1_700 }, (_, index) => eventMessage(index + 1)));
    poller.nudge();
    await turn();
    await turn();
    expect(received).toEqual(inbox.map(({ key }) => key));
  });

  it('looks less and less often while nothing comes, and often again after a message', async () => {
    poller.nudge();
    await clock.advance(10_000);
    const idle = polls;
    expect(idle).toBeLessThan(18);
    inbox.push(eventMessage(1));
    for (let waited = 0; waited < 1_000 && received.length === 0; waited += 10) await clock.advance(10);
    expect(received).toEqual([1]);
    const before = polls;
    inbox.push(eventMessage(2));
    await clock.advance(100);
    expect(received).toEqual([1, 2]);
    expect(polls).toBeGreaterThan(before);
  });

  it('looks often again when something in the hub has changed', async () => {
    poller.nudge();
    await clock.advance(10_000);
    const before = polls;
    await clock.advance(1_800);
    const idle = polls - before;
    news = true;
    await clock.advance(1_800);
    expect(polls - before - idle).toBeGreaterThan(idle + 1);
  });

  it('[K1] looks at the short interval for some seconds when messages are expected that nobody announces', async () => {
    poller.nudge();
    await clock.advance(10_000);
    poller.expectMessages();
    await clock.advance(3_000);
    inbox.push(eventMessage(1));
    await clock.advance(100);
    expect(received).toEqual([1]);
    await clock.advance(20_000);
    const before = polls;
    await clock.advance(2_500);
    expect(polls - before).toBeLessThan(4);
  });

  it('expecting messages makes no process poll that does not do so', async () => {
    poller.expectMessages();
    await clock.advance(10_000);
    expect(polls).toBe(0);
  });

  it('schedules nothing once it has stopped', async () => {
    poller.nudge();
    await poller.stop();
    await turn();
    expect(clock.waiting).toBe(0);
  });
});
