/** What is due and was not taken up: for whoever looks whether anything is stuck. */
import type { ActivityKey } from './activities.js';
import type { QueueKey } from './entities.js';
import type { MessageKey } from './messages.js';
import type { TimerRow } from './timers.js';

/** A message of an inbox, without its content. */
export interface MessageHead extends MessageKey {
  readonly instanceId: string;
}

/** An activity, without its input. */
export interface ActivityHead extends ActivityKey {
  readonly instanceId: string;
  readonly name: string;
}

export interface OverdueRange {
  readonly partition: number;
  /** Instances and entities whose messages and timers are left out. */
  readonly without?: readonly string[];
}

export interface OverdueQuery {
  /** What was due before, epoch ms. */
  readonly before: number;
  /** The key that a message of then would have. */
  readonly beforeKey: number;
  /** Rows of each kind and partition. */
  readonly limit: number;
}

export interface OverdueWork {
  /** The oldest of each inbox. */
  readonly messages: readonly MessageHead[];
  /** Of timers, starts at a later time and scheduled signals: those that are due for longest. */
  readonly timers: readonly TimerRow[];
  /** The first that waits for its turn in the queue of an entity, of some entities. */
  readonly queued: readonly QueueKey[];
  /** The first that wait for a worker in each partition, however short: their rows do not tell since when. */
  readonly ready: readonly ActivityHead[];
  /** Claims of workers that do not live, however short. */
  readonly orphaned: readonly ActivityHead[];
}
