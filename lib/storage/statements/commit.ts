import type { Session } from '../session.js';
import type { CommitBatch } from '../store.js';
import { writeActivities } from './activities.js';
import { writeEntities } from './entities.js';
import { writeQueues } from './entity-queue.js';
import { markGarbage } from './garbage.js';
import { appendHistory } from './history.js';
import { consumeMessages, insertMessages } from './inbox.js';
import { writeInstances } from './instances.js';
import { fencePartitions } from './partitions.js';
import { writeTimers } from './timers.js';

/** All checkpoints of a batch in one transaction, in a fixed order of tables, the fences last (I1, I2). */
export function commit(session: Session, hub: number, { checkpoints, fences }: CommitBatch): void {
  const list = session.newList();
  consumeMessages(list, hub, checkpoints.flatMap(({ consumedMessages }) => consumedMessages));
  writeActivities(list, hub, checkpoints);
  writeTimers(list, hub, checkpoints);
  writeInstances(list, hub, checkpoints);
  writeEntities(list, hub, checkpoints);
  writeQueues(list, hub, checkpoints);
  appendHistory(list, hub, checkpoints);
  insertMessages(list, hub, checkpoints.flatMap(({ messages }) => messages));
  markGarbage(list, hub, checkpoints);
  fencePartitions(list, hub, fences);
  session.writeLast(list);
}
