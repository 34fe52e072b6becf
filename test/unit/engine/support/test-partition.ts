import { Partition } from '../../../../lib/engine/partition.js';
import type { InboxMessage } from '../../../../lib/storage/store.js';

/** One whose inbox has been read to its end, where nothing was. */
export function testPartition(index = 0, lastKey = 0): Partition {
  const partition = newPartition(index, lastKey);
  partition.beginRead();
  partition.endRead([]);
  return partition;
}

/** As it comes to its owner. */
export function newPartition(index = 0, lastKey = 0): Partition {
  return new Partition({ partition: index, epoch: 1, commitNo: 7, lastKey, takenOverFrom: null }, 'owner', () => 1_000);
}

/** Event number `key` of one sender. */
export function eventMessage(key: number, instanceId = 'a', partition = 0): InboxMessage {
  return { partition, key, sender: 1, instanceId, body: { type: 'Deliver', event: { type: 'EventRaised', name: 'e', input: String(key) } } };
}
