import type { Activities } from './activities.js';
import type { ClientSide } from './client-side.js';
import { within, type Clock } from './clock.js';
import type { Committer } from './committer.js';
import type { Dispatcher } from './dispatcher.js';
import type { Entities } from './entities/entities.js';
import type { GarbageCollector } from './garbage-collector.js';
import type { InboxPoller } from './inbox-poller.js';
import type { Observation } from './observation.js';
import type { Ownership } from './ownership.js';
import type { Parking } from './parking.js';
import type { Partition } from './partition.js';
import type { RetentionKeeper } from './retention-keeper.js';
import type { TimerAlarm } from './timer-alarm.js';

/** What an engine consists of, as far as it has to be ended. */
export interface EngineParts {
  readonly clock: Clock;
  readonly alarm: TimerAlarm;
  readonly observation: Observation;
  readonly poller: InboxPoller;
  readonly ownership: Ownership;
  readonly activities: Activities;
  readonly entities: Entities;
  readonly dispatcher: Dispatcher;
  readonly parking: Parking;
  readonly garbage: GarbageCollector;
  /** Absent where everything is kept. */
  readonly keeper: RetentionKeeper | undefined;
  readonly committer: Committer;
  readonly client: ClientSide;
  /** Forgets what memory holds of a partition. */
  drop(partition: Partition): void;
}

/** How long aborted activities and operations have to end after the deadline, ms. */
const ABORT_GRACE = 1_000;

/** Takes up nothing more, and waits for what runs, for `timeout` ms at most; then aborts it. */
export async function drain(parts: EngineParts, timeout: number): Promise<void> {
  const { clock, alarm, observation, poller, ownership, activities, entities, dispatcher, parking, garbage, keeper, committer, client } = parts;
  const deadline = clock.monotonic() + timeout;
  const graceful = () => Math.max(deadline, clock.monotonic() + ABORT_GRACE);
  alarm.stop();
  const swept = observation.stop();
  const kept = keeper?.stop();
  await within(clock, deadline, poller.stop());
  activities.stopTaking();
  entities.stopTaking();
  await within(clock, deadline, ownership.retire());
  const whenDone = () => Promise.all([activities.whenDone(), entities.whenDone()]);
  if (!(await within(clock, deadline, whenDone()))) {
    const reason = new Error('The application is shutting down.');
    activities.abortAll(reason);
    entities.abortAll(reason);
    await within(clock, clock.monotonic() + ABORT_GRACE, whenDone());
  }
  await within(clock, graceful(), dispatcher.drain());
  dispatcher.stop();
  parking.stop();
  entities.stop();
  // What could not be taken up: results go to the inbox, starts to the client's queue.
  for (const partition of ownership.partitions.values()) parts.drop(partition);
  garbage.stop();
  // The callers of those starts go on in the next turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  await within(clock, graceful(), Promise.all([committer.whenIdle(), activities.whenWritten(), client.whenIdle(), kept, swept]));
  client.stop();
  committer.stop();
  activities.stop();
}
