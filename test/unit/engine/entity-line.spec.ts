/** What waits for an entity: in which order it is taken up, and what may leave memory. */
import type { Caller } from '../../../lib/core/history.js';
import { EntityLine, type WaitingMessage } from '../../../lib/engine/entities/entity-line.js';
import { signalTimer } from '../../../lib/engine/entities/entity-timers.js';
import type { EntityMessageBody, QueuedMessage } from '../../../lib/storage/store.js';

const NOW = 1_000;
const holder = (name: string, taskId = 0): Caller => ({ instanceId: name, executionId: `${name}-1`, taskId });
const message = (key: number, body: EntityMessageBody): QueuedMessage => ({ partition: 0, key, sender: 1, instanceId: '@counter@a', body });
const signal = (key: number, dueAt?: number) => message(key, { type: 'EntityOperation', operation: 'add', dueAt });
const call = (key: number, caller: Caller) => message(key, { type: 'EntityOperation', operation: 'add', caller });
const request = (key: number, who: Caller) => message(key, { type: 'LockEntity', holder: who });
const unlock = (key: number, who: Caller) => message(key, { type: 'UnlockEntity', holder: who });
const keysOf = (entries: readonly WaitingMessage[]) => entries.map((entry) => entry.message.key);

function lineOf(...messages: readonly QueuedMessage[]): EntityLine {
  const line = new EntityLine();
  for (const each of messages) line.add(each);
  return line;
}

/** The keys of what can be taken, one after the other. */
function taken(line: EntityLine, lock?: Caller): number[] {
  const keys: number[] = [];
  for (let entry = line.take(lock, NOW); entry; entry = line.take(lock, NOW)) keys.push(entry.message.key);
  return keys;
}

describe('EntityLine', () => {
  it('[N4] the queue comes before the inbox', () => {
    const line = lineOf(signal(3), signal(4));
    line.load([signal(1), signal(2)], false);
    expect(taken(line)).toEqual([1, 2, 3, 4]);
    expect(line.isEmpty).toBe(true);
  });

  it('[N4] what lies in the inbox waits until the rest of the queue has been read', () => {
    const line = lineOf(signal(4));
    line.load([signal(1)], true);
    expect(taken(line)).toEqual([1]);
    expect(line.wantsRead(undefined)).toBe(true);
    line.load([signal(2), signal(3)], false);
    expect(taken(line)).toEqual([2, 3, 4]);
  });

  it('[L1] while the entity is locked only calls of its holder are taken, and its request once more', () => {
    const [lock, other] = [holder('x'), holder('y')];
    const line = lineOf(signal(1), call(2, other), request(3, other), call(4, holder('x', 7)), request(5, lock));
    line.load([signal(0)], true);
    expect(line.wantsRead(lock)).toBe(false);
    expect(taken(line, lock)).toEqual([4, 5]);
    expect(line.isActionable(lock, NOW)).toBe(false);
  });

  it('[L1] the unlock of the holder is taken wherever it stands', () => {
    const line = lineOf(signal(1), unlock(2, holder('x')));
    expect(line.isActionable(holder('x'), NOW)).toBe(true);
    const { taken: unlocks, isReleased, withdrawn } = line.takeUnlocks(holder('x'));
    expect([keysOf(unlocks), isReleased, withdrawn]).toEqual([[2], true, []]);
    expect(taken(line)).toEqual([1]);
  });

  it('[L1] the unlock of a request that waits takes it back, in the inbox and in the queue', () => {
    const [lock, inInbox, inQueue] = [holder('x'), holder('y'), holder('z')];
    const line = lineOf(request(3, inInbox), unlock(4, inInbox), unlock(5, inQueue));
    line.load([request(1, inQueue), signal(2)], false);
    const unlocking = line.takeUnlocks(lock);
    expect([keysOf(unlocking.taken), unlocking.isReleased, unlocking.withdrawn]).toEqual([[4, 3, 5], false, [inQueue]]);
    expect(taken(line)).toEqual([2]);
  });

  it('[K8] an unlock takes back only what is in front of it: a rewound orchestration requests with the same number', () => {
    const who = holder('x');
    const line = lineOf(unlock(2, who), request(3, who));
    const { isReleased } = line.takeUnlocks(who);
    expect(isReleased).toBe(true);
    expect(taken(line)).toEqual([3]);
    const waiting = lineOf(request(1, who), unlock(2, who), request(3, who));
    expect(keysOf(waiting.takeUnlocks(undefined).taken)).toEqual([2, 1]);
    expect(taken(waiting)).toEqual([3]);
  });

  it('[N7] a signal whose time is to come is not taken, one whose time has passed is', () => {
    const line = lineOf(signal(1, NOW + 1), signal(2, NOW), signal(3));
    expect(keysOf(line.takeScheduled(NOW))).toEqual([1]);
    expect(taken(line)).toEqual([2, 3]);
  });

  it('[N7] signals that are due are taken in the order of their times, those in the inbox among them', () => {
    const line = lineOf(signal(1, 30), signal(6));
    const due = [signal(4, 40), signal(2, 20), signal(5, 20)].map((each) => ({ ...each, dueAt: (each.body as { dueAt: number }).dueAt }));
    const timers = due.map((each) => signalTimer(each, each.dueAt));
    for (const timer of [...timers, timers[0]!]) line.fire(timer);
    const read = line.firedTimers(10);
    expect(read.map(({ fireAt }) => fireAt)).toEqual([20, 20, 40]);
    expect(line.loadDue(read, new Map(timers.map((timer, index) => [timer, due[index]!])))).toEqual([]);
    expect(taken(line)).toEqual([2, 5, 1, 4, 6]);
  });

  it('[N7] timers without their signal are given back, to be deleted', () => {
    const line = lineOf();
    const timer = signalTimer(signal(1), 10);
    line.fire(timer);
    expect(line.loadDue(line.firedTimers(10), new Map())).toEqual([timer]);
    expect(line.isEmpty).toBe(true);
  });

  it('[L1] moves to the queue what others sent; calls of the holder, unlocks and what they might take back stay', () => {
    const [lock, other, rewound] = [holder('x'), holder('y'), holder('z')];
    const line = lineOf(signal(1), call(2, holder('x', 7)), request(3, other), unlock(4, rewound), request(5, rewound), call(6, other));
    expect(keysOf(line.takeMovable(lock))).toEqual([1, 3, 6]);
    expect(line.inboxLength).toBe(3);
  });

  it('answers, when it is reset, what lies in the inbox, and keeps what has fired', () => {
    const line = lineOf(signal(3));
    line.load([signal(1)], false);
    const timer = signalTimer(signal(0), 10);
    const inHand: WaitingMessage[] = [{ message: signal(2), place: 'inbox' }, { message: signal(0), place: 'queue', timer }];
    expect(line.reset(inHand).map(({ key }) => key)).toEqual([2, 3]);
    expect(line.firedTimers(10)).toEqual([timer]);
    expect(line.wantsRead(undefined)).toBe(true);
  });
});
