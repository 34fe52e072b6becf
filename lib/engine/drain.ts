import { within } from './clock.js';
import type { EngineParts } from './engine-parts.js';

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
