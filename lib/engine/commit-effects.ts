/** What follows from commits: effects happen when the commit that asked for them is written, and never before (I3). */
import { isEntityId } from '../core/entity-id.js';
import { isFinished } from '../core/history.js';
import type { Checkpoint, InboxMessage, InstanceRow } from '../storage/store.js';
import type { EngineParts } from './engine-parts.js';
import type { PendingInput } from './instance-slot.js';
import { isParkMark } from './parking.js';
import type { Partition } from './partition.js';

export class CommitEffects {
  constructor(private readonly parts: EngineParts) {}

  /** What a commit has brought about. @param row of the instance as it is now; null: none, or as before */
  happen(partition: Partition, checkpoint: Checkpoint, row: InstanceRow | null): void {
    for (const timer of checkpoint.deletedTimers) partition.timers.remove(timer);
    for (const timer of checkpoint.cancelledTimers) partition.timers.remove(timer);
    this.parts.sent.consumed(checkpoint.consumedMessages);
    this.parts.activities.consumed(partition, checkpoint.consumedActivities);
    for (const executionId of checkpoint.abandonedActivities) this.parts.activities.abandon(partition, executionId, checkpoint.readyActivities);
    // The mark of an instance that waits for another worker is for that one.
    for (const timer of checkpoint.timers) if (!isParkMark(timer)) partition.timers.add(timer);
    if (checkpoint.timers.length + checkpoint.deletedTimers.length + checkpoint.cancelledTimers.length > 0) this.parts.alarm.arm(partition);
    for (const message of checkpoint.messages) this.deliver(message);
    // The answer to a commit may come so late that another worker has taken the partition over meanwhile, with its activities.
    const isCertain = partition.state !== 'lost';
    for (const activity of checkpoint.runningActivities) this.parts.activities.start(activity, { isCertain });
    if (checkpoint.readyActivities.length > 0) void this.parts.activities.claim();
    if (checkpoint.garbage.length > 0) this.parts.garbage.nudge();
    if (partition.wantsRead) this.parts.poller.nudge();
    if (row && isFinished(row.status)) this.parts.client.finished(row);
  }

  /**
   * Hands a committed message to its partition, if that is this process's; its owner finds it by polling otherwise.
   * @param row of the instance, where it was committed with the message
   */
  deliver(message: InboxMessage, row?: InstanceRow): void {
    const partition = this.parts.ownership.owns(message.partition);
    if (partition?.accept(message, row)) this.offer(partition, message, row);
  }

  /** Puts a message before the instance or entity that it is for. */
  offer(partition: Partition, message: InboxMessage, row?: InstanceRow): void {
    this.parts.defects.guard(`A message for '${message.instanceId}'`, () => {
      if (isEntityId(message.instanceId)) this.parts.entities.offer(partition, message);
      else this.parts.dispatcher.offerMessage(partition, message, row);
    });
  }

  /** Lets memory forget messages, which are then read again. */
  reread(partition: Partition, messages: readonly InboxMessage[]): void {
    partition.reread(messages);
    this.parts.poller.nudge();
  }

  /** Which of these inputs, taken by a checkpoint that the database refused, still stand; messages are read again. */
  async verify(partition: Partition, inputs: readonly PendingInput[]): Promise<PendingInput[]> {
    this.reread(partition, inputs.flatMap((input) => (input.kind === 'message' ? [input.message] : [])));
    const claims = inputs.flatMap((input) => (input.kind === 'activity' ? [input.activity] : []));
    const lost = await this.parts.activities.findLost(partition, claims);
    return inputs.filter((input) => input.kind !== 'message' && !(input.kind === 'activity' && lost.has(input.activity.claimToken)));
  }

  /** Inputs that this process will not take up: their partition is lost, or it stops. */
  orphaned(inputs: readonly PendingInput[]): void {
    for (const input of inputs) {
      if (input.kind === 'eager') input.settle('dropped');
      else if (input.kind === 'activity') this.parts.activities.completeForeign(input.activity, input.event);
    }
  }
}
