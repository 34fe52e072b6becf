import { Partition } from '../../../../lib/engine/partition.js';
import type { InboxMessage } from '../../../../lib/storage/store.js';

export function testPartition(index = 0, lastKey = 0): Partition {
  return new Partition({ partition: index, epoch: 1, commitNo: 7, lastKey, takeover: false }, 'owner', () => 1_000);
}

/** Event number `key` of one sender. */
export function eventMessage(key: number, instanceId = 'a', partition = 0): InboxMessage {
  return { partition, key, sender: 1, instanceId, body: { type: 'Deliver', event: { type: 'EventRaised', name: 'e', input: String(key) } } };
}
