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
export async function commit(session: Session, hub: number, { checkpoints, fences }: CommitBatch): Promise<void> {
  await consumeMessages(session, hub, checkpoints.flatMap(({ consumedMessages }) => consumedMessages));
  await writeActivities(session, hub, checkpoints);
  await writeTimers(session, hub, checkpoints);
  await writeInstances(session, hub, checkpoints);
  await writeEntities(session, hub, checkpoints);
  await writeQueues(session, hub, checkpoints);
  await appendHistory(session, hub, checkpoints);
  await insertMessages(session, hub, checkpoints.flatMap(({ messages }) => messages));
  await markGarbage(session, hub, checkpoints);
  await fencePartitions(session, hub, fences);
}
