/**
 * Takes up what is due and lies in the database as if nobody knew of it (I6). Where memory is at work on it, it is left alone; else
 * memory forgets what it has of it, and reads it again.
 */
import { isEntityId } from '../core/entity-id.js';
import type { MessageHead, OverdueWork, TimerRow } from '../storage/store.js';
import type { Activities } from './activities.js';
import type { Dispatcher } from './dispatcher.js';
import type { Entities } from './entities/entities.js';
import type { InboxPoller } from './inbox-poller.js';
import type { Partition } from './partition.js';
import type { TimerAlarm } from './timer-alarm.js';

export interface ReofferingPort {
  readonly dispatcher: Dispatcher;
  readonly entities: Entities;
  readonly activities: Activities;
  readonly alarm: TimerAlarm;
  readonly poller: InboxPoller;
  /** The partition, while this process owns it. */
  owns(partition: number): Partition | undefined;
}

export class Reoffering {
  constructor(private readonly port: ReofferingPort) {}

  offer({ messages, timers, queued, ready, orphaned }: OverdueWork): void {
    const { activities, entities, poller } = this.port;
    const forgotten = messages.filter((message) => this.forget(message));
    if (forgotten.length > 0) poller.nudge();
    for (const partition of new Set(timers.map((timer) => this.unfire(timer)))) if (partition) void this.port.alarm.refill(partition);
    for (const { partition, instanceId } of queued) {
      const owned = this.port.owns(partition);
      if (owned) entities.lookAgain(owned, instanceId);
    }
    if (ready.length > 0) void activities.claim();
    const left = new Set(orphaned.map(({ partition }) => this.port.owns(partition)).filter((partition) => partition !== undefined));
    if (left.size > 0) void activities.recover([...left]);
  }

  /** Whether the message is to be read again. */
  private forget(message: MessageHead): boolean {
    const partition = this.port.owns(message.partition);
    if (!partition || partition.blocked.has(message.instanceId)) return false;
    const { dispatcher, entities } = this.port;
    const isAtWork = isEntityId(message.instanceId) ? entities.isAtWork(partition, message) : dispatcher.isAtWork(partition, message.instanceId);
    if (!isAtWork) partition.reread([message]);
    return !isAtWork;
  }

  /** The partition whose timers are to be read again. */
  private unfire(timer: TimerRow): Partition | undefined {
    const partition = this.port.owns(timer.partition);
    if (!partition || partition.blocked.has(timer.instanceId)) return undefined;
    if (!isEntityId(timer.instanceId) && this.port.dispatcher.isAtWork(partition, timer.instanceId)) return undefined;
    partition.timers.reread(timer);
    return partition;
  }
}
