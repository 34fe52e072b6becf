/** Entities: their rows, and what waits for them longer than an inbox may hold it. */
import type { Caller } from '../../core/history.js';
import type { InstanceKey } from './instances.js';
import type { InboxMessage, MessageKey } from './messages.js';

/** A row of entities; its instance id is the entity's, `@name@key`. Times are epoch ms. */
export interface EntityRow extends InstanceKey {
  /** JSON text; absent: the entity does not exist, the row is there for its lock or for counted attempts. */
  readonly state?: string;
  /** The orchestration that has it locked [L1]. */
  readonly lock?: Caller;
  /** When its last operation was carried out. */
  readonly updatedAt: number;
  /** Counts the steps of this row. */
  readonly rowVersion: number;
  /** How often its worker died since its last step [Y8]; absent: never. */
  readonly attempts?: number;
  /** Why its lock cannot be read, which is absent then. Never written. */
  readonly unreadable?: string;
}

/** A message that was moved from the inbox to the queue of its entity; key and sender stay. */
export interface QueuedMessage extends InboxMessage {
  /** A scheduled signal that waits for its time, epoch ms; absent: it waits for its turn. */
  readonly dueAt?: number;
}

/** Where a message lies in the queue of its entity: what waits for its turn and what waits for its time lie apart. */
export interface QueueKey extends MessageKey {
  readonly instanceId: string;
  /** As it was queued: with another one, or without it, the message is not found. */
  readonly dueAt?: number;
}

/** What a step of an entity writes, beside the messages and timers of its checkpoint. */
export interface EntityWrite {
  readonly row:
    | { readonly kind: 'insert'; readonly row: EntityRow }
    | { readonly kind: 'update'; readonly row: EntityRow; readonly expected: EntityGuard }
    /** Nothing speaks for the row any more [N6]. */
    | { readonly kind: 'delete'; readonly expected: EntityGuard }
    | { readonly kind: 'none' };
  readonly queued: readonly QueuedMessage[];
  /** Taken up from the queue: exactly these rows are deleted (I4). */
  readonly dequeued: readonly QueueKey[];
  /** Lock requests that were taken back: deleted where they are in the queue. */
  readonly withdrawn: readonly Caller[];
}

/** The row as it was before the step. */
export interface EntityGuard {
  readonly rowVersion: number;
  /** Where the new row has the same, the column is not written. */
  readonly state?: string;
}

export interface LoadedEntity extends InstanceKey {
  readonly row?: EntityRow;
  /** The first of those in its queue that wait for their turn, in the order of their keys. */
  readonly queue: readonly InboxMessage[];
  /** Whether more of them wait behind these. */
  readonly more: boolean;
}

export interface LoadedEntities {
  /** One for each key that was looked at. */
  readonly entities: readonly LoadedEntity[];
  /** How many of the keys, from the first, were looked at. */
  readonly looked: number;
}

export interface EntityQuery {
  /** `existing`: those with a state. `residual`: rows that are there without one, or locked. */
  readonly which: 'existing' | 'residual';
  /** In lower case; absent: all names. */
  readonly name?: string;
  readonly lastOperationFrom?: number;
  readonly lastOperationTo?: number;
  /** Whether states are read. */
  readonly fetchState: boolean;
  /** Keyset: only ids behind this one. */
  readonly after?: string;
  readonly limit: number;
}
