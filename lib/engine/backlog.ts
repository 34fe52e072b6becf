import type { WaitingMessage } from './entities/entity-line.js';
import type { PendingInput } from './instance-slot.js';
import type { Partition } from './partition.js';

/** Whether an input may be what a partition's last owner died of: it was there already when the partition was taken over from it [Y8]. */
export function isBacklog({ takenOverAt, lastBacklogKey }: Partition, input: PendingInput): boolean {
  if (takenOverAt === undefined) return false;
  switch (input.kind) {
    case 'message':
      return input.message.key <= lastBacklogKey;
    case 'timer':
      return input.timer.fireAt <= takenOverAt;
    case 'activity':
      // Its result had come before, or would have.
      return input.activity.dispatchCount !== undefined;
    case 'eager':
      return false;
  }
}

/** As {@link isBacklog}, for what waits for an entity. */
export function isEntityBacklog(partition: Partition, { message, timer }: WaitingMessage): boolean {
  return isBacklog(partition, timer ? { kind: 'timer', timer } : { kind: 'message', message });
}

/** Whether some of what was there when a partition was taken over has not been taken up since, so that nobody has counted whether its owner died of that [Y8]. */
export function hasBacklog(partition: Partition): boolean {
  const { takenOverAt, hasReadBacklog, timers, slots, entities } = partition;
  if (takenOverAt === undefined) return false;
  if (!hasReadBacklog || (timers.nextDue ?? Infinity) <= takenOverAt) return true;
  if ([...slots.values()].some(({ queue }) => queue.some((input) => isBacklog(partition, input)))) return true;
  return [...entities.values()].some(({ line }) => line.wantsRead(undefined) || line.some((entry) => isEntityBacklog(partition, entry)));
}
