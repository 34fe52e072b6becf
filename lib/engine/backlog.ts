import type { PendingInput } from './instance-slot.js';
import { KEYS_PER_MS } from './message-keys.js';
import type { Partition } from './partition.js';

/** Whether an input may be what a partition's last owner died of: it was there already when the partition was taken over from it [Y8]. */
export function isBacklog({ takenOverAt }: Partition, input: PendingInput): boolean {
  if (takenOverAt === undefined) return false;
  switch (input.kind) {
    case 'message':
      return input.message.key <= takenOverAt * KEYS_PER_MS;
    case 'timer':
      return input.timer.fireAt <= takenOverAt;
    case 'activity':
      // Its result had come before, or would have.
      return input.activity.dispatchCount !== undefined;
    case 'eager':
      return false;
  }
}
