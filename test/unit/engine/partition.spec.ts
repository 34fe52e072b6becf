import { weightOf } from '../../../lib/engine/message-weight.js';
import type { Partition } from '../../../lib/engine/partition.js';
import { eventMessage, newPartition, testPartition } from './support/test-partition.js';
import type { InboxMessage, InstanceRow } from '../../../lib/storage/store.js';

const LIMIT = 5_000;
const messages = (from: number, count: number) => Array.from({ length: count }, (_, index) => eventMessage(from + index));

/** One read from the database, without anything happening meanwhile. */
function read(partition: Partition, inbox: readonly InboxMessage[]): number[] {
  const range = partition.beginRead();
  if (range === undefined) return [];
  const fresh = inbox.slice(0, range.limit).filter((message) => !partition.isKnown(message));
  let bytes = 0;
  const end = fresh.findIndex((message) => (bytes += weightOf(message)) > range.maxBytes!);
  return partition.endRead(end === -1 ? fresh : fresh.slice(0, Math.max(1, end)), end !== -1).fresh.map(({ key }) => key);
}

describe('Partition', () => {
  it('takes a message up once, from memory or from the database', () => {
    const partition = testPartition();
    expect(partition.accept(eventMessage(1))).toBe(true);
    expect(partition.accept(eventMessage(1))).toBe(false);
    expect(read(partition, [eventMessage(1), eventMessage(2)])).toEqual([2]);
    expect(partition.accept(eventMessage(2))).toBe(false);
  });

  it('counts the rows that starts bring along with their inputs (I7)', () => {
    const partition = testPartition();
    const row: InstanceRow = {
      partition: 0, instanceId: 'a', executionId: 'a', name: 'a', status: 'Pending', createdAt: 1, updatedAt: 1, historyLength: 0, rowVersion: 1,
      input: 'x'.repeat(1024 * 1024),
    };
    const accepted = [1, 2, 3, 4, 5].map((key) => partition.accept(eventMessage(key), row));
    expect(accepted).toEqual([true, true, true, true, false]);
  });

  it.each([
    ['itself has just come here', newPartition],
    ['has its sender come here', () => {
      const partition = testPartition();
      partition.expectOlder();
      return partition;
    }],
  ])('[N4] one that %s takes nothing from memory before what their last owners have sent', (_what, create) => {
    const partition = create();
    expect(partition.accept(eventMessage(2))).toBe(false);
    // What is committed while the read is under way may be missing in it.
    partition.beginRead();
    expect(partition.accept(eventMessage(3))).toBe(false);
    expect(partition.endRead(messages(1, 2))).toMatchObject({ more: true });
    expect(read(partition, messages(1, 3))).toEqual([3]);
    expect(partition.accept(eventMessage(4))).toBe(true);
  });

  it('[I4] drops from a read what was consumed since it was issued', () => {
    const partition = testPartition();
    partition.accept(eventMessage(1));
    partition.beginRead();
    partition.consumed([eventMessage(1)]);
    expect(partition.endRead([eventMessage(1), eventMessage(2)]).fresh.map(({ key }) => key)).toEqual([2]);
  });

  it.each([
    ['is to be read again', (partition: Partition) => partition.reread([eventMessage(1)])],
    ['was set aside and is brought back', (partition: Partition) => partition.setAside('a', [eventMessage(1)]) && partition.bringBack('a')],
  ])('[N4] takes nothing from a read that lies behind a message which %s since it was issued', (_what, letGo) => {
    const partition = testPartition();
    partition.accept(eventMessage(1));
    partition.beginRead();
    letGo(partition);
    // The first was known when the answer was made.
    const others = [eventMessage(3, 'b')];
    expect(partition.endRead([eventMessage(2), ...others])).toEqual({ fresh: others, more: true });
    expect(read(partition, messages(1, 2))).toEqual([1, 2]);
  });

  it('[I7] keeps a prefix of the inbox: after an overflow everything comes from the database until that is caught up', () => {
    const partition = testPartition();
    const inbox = messages(1, LIMIT + 3);
    const accepted = inbox.filter((message) => partition.accept(message));
    expect(accepted).toHaveLength(LIMIT);
    expect(partition.accept(eventMessage(LIMIT + 4))).toBe(false);
    inbox.push(eventMessage(LIMIT + 4));
    // While memory is full nothing is read; half of it consumed, the rest follows in order.
    expect(read(partition, inbox)).toEqual([]);
    expect(partition.wantsRead).toBe(false);
    partition.consumed(inbox.splice(0, LIMIT / 2));
    expect(partition.wantsRead).toBe(true);
    expect(read(partition, inbox)).toEqual([LIMIT + 1, LIMIT + 2, LIMIT + 3, LIMIT + 4]);
    expect(partition.accept(eventMessage(LIMIT + 5))).toBe(true);
  });

  it('goes on reading when something was left out during the read that seemed to catch up', () => {
    const partition = testPartition();
    const inbox = messages(1, LIMIT + 1);
    for (const message of inbox) partition.accept(message);
    partition.consumed(inbox.splice(0, LIMIT));
    partition.beginRead();
    expect(partition.accept(eventMessage(LIMIT + 2))).toBe(false);
    expect(partition.endRead(inbox)).toEqual({ fresh: inbox, more: true });
    expect(partition.wantsRead).toBe(true);
    expect(read(partition, [...inbox, eventMessage(LIMIT + 2)])).toEqual([LIMIT + 2]);
    expect(partition.wantsRead).toBe(false);
  });

  it('reads again after a read that failed', () => {
    const partition = testPartition();
    partition.beginRead();
    partition.abandonRead();
    expect(read(partition, [eventMessage(1)])).toEqual([1]);
  });

  it('reads again what it let go of', () => {
    const partition = testPartition();
    partition.accept(eventMessage(1));
    partition.reread([eventMessage(1)]);
    expect(partition.wantsRead).toBe(true);
    expect(read(partition, [eventMessage(1)])).toEqual([1]);
  });

  it('[I2] fences with the commit before, the next one, and the last key given out', () => {
    const partition = testPartition(3, 5_000_000);
    const key = partition.keys.next();
    const fence = partition.nextFence();
    expect(fence).toEqual({ partition: 3, owner: 'owner', epoch: 1, previousCommitNo: 7, commitNo: 8, lastKey: key });
    expect(key).toBe(5_000_001);
    partition.committed(fence);
    expect(partition.nextFence().previousCommitNo).toBe(8);
  });

  it('[I7] keeps no more bytes of messages than it may, whatever their number; one that is too large by itself has its turn', () => {
    const megabyte = 1024 * 1024;
    const large = (key: number, size = megabyte): InboxMessage => ({
      ...eventMessage(key), body: { type: 'Deliver', event: { type: 'EventRaised', name: 'e', input: 'x'.repeat(size) } },
    });
    const partition = testPartition();
    const inbox = Array.from({ length: 10 }, (_, index) => large(index + 1));
    inbox.push(large(11, 9 * megabyte), eventMessage(12));
    expect(inbox.filter((message) => partition.accept(message)).map(({ key }) => key)).toEqual([1, 2, 3, 4]);
    expect(partition.isCrowded).toBe(true);
    const order: number[] = [1, 2, 3, 4];
    while (inbox.length > 0) {
      const [first] = inbox.splice(0, 1);
      partition.consumed([first!]);
      const fresh = read(partition, inbox);
      order.push(...fresh);
      expect(inbox.filter((message) => partition.isKnown(message)).filter(({ key }) => key !== 11).length).toBeLessThanOrEqual(4);
    }
    expect(order).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(partition.isCrowded).toBe(false);
    expect(partition.accept(eventMessage(13))).toBe(true);
  });
});
