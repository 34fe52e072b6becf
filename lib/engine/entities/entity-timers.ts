/** Timer rows that tell the owner of a partition of what lies in the queues of its entities. */
import { ENTITY_SIGNAL_TIMER, PARK_TIMER, PARKED_SINCE, type InboxMessage, type QueueKey, type TimerRow } from '../../storage/store.js';

/** Says that messages wait in the entity's queue: it is always due, so that the next owner of the partition looks at them (I6). */
export function entityMark(partition: number, instanceId: string): TimerRow {
  return { partition, instanceId, executionId: instanceId, taskId: PARK_TIMER, fireAt: PARKED_SINCE };
}

/** Wakes the entity for a signal in its queue, when its time has come [N7]. */
export function signalTimer({ partition, instanceId, key, sender }: InboxMessage, fireAt: number): TimerRow {
  return { partition, instanceId, executionId: `${key}.${sender}`, taskId: ENTITY_SIGNAL_TIMER, fireAt };
}

/** Where the signal of such a timer lies. */
export function queueKeyOf({ partition, instanceId, executionId, fireAt }: TimerRow): QueueKey {
  const [key, sender] = executionId.split('.').map(Number);
  return { partition, instanceId, key: key!, sender: sender!, dueAt: fireAt };
}
