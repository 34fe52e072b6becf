/**
 * What waits for one entity, in memory: signals whose time has come, the beginning of its queue in the database, and what still
 * lies in the inbox. The queue comes before the inbox: messages are moved to it in their order, so that of one sender nothing in
 * the inbox is older than what is in the queue [N4].
 */
import type { Caller } from '../../core/history.js';
import type { EntityOperation, InboxMessage, MessageKey, QueuedMessage, TimerRow } from '../../storage/store.js';
import { queueKeyOf } from './entity-timers.js';

/** A message in memory. */
export interface WaitingMessage {
  readonly message: QueuedMessage;
  /** Where its row is; a step may move it from the inbox to the queue. */
  place: 'inbox' | 'queue';
  /** Of a signal whose time has come: goes with it. */
  readonly timer?: TimerRow;
}

/** What became of the unlocks that were there. */
export interface Unlocking {
  /** The unlocks, and requests that were taken back while they lay in the inbox. */
  readonly taken: readonly WaitingMessage[];
  /** Requests that may lie in the queue. */
  readonly withdrawn: readonly Caller[];
  /** The lock that stood was given back. */
  readonly isReleased: boolean;
}

export class EntityLine {
  /** The queue may hold more than memory does of what waits for its turn. */
  hasRest = false;
  /** By their execution ids, which are one for each signal. */
  private readonly fired = new Map<string, TimerRow>();
  private due: WaitingMessage[] = [];
  private stored: WaitingMessage[] = [];
  private waiting: WaitingMessage[] = [];

  get isEmpty(): boolean {
    return this.isDrained && this.waiting.length === 0 && this.due.length === 0 && this.fired.size === 0;
  }

  /** Nothing is left in the queue, signals that wait for their time aside. */
  get isDrained(): boolean {
    return !this.hasRest && this.stored.length === 0;
  }

  /** How many messages lie in the inbox. */
  get inboxLength(): number {
    return this.waiting.length;
  }

  /** Whether a message is in memory. */
  holds({ key, sender }: Pick<MessageKey, 'key' | 'sender'>): boolean {
    return this.some(({ message }) => message.key === key && message.sender === sender);
  }

  /** Whether a message in memory is so. */
  some(isSo: (entry: WaitingMessage) => boolean): boolean {
    return [...this.due, ...this.stored, ...this.waiting].some(isSo);
  }

  /** Adds a message of the inbox. */
  add(message: InboxMessage): void {
    this.waiting.push({ message, place: 'inbox' });
  }

  /** The time of a signal has come, which is in the queue. */
  fire(timer: TimerRow): void {
    if (!this.due.some((entry) => entry.timer?.executionId === timer.executionId)) this.fired.set(timer.executionId, timer);
  }

  /** Timers of signals whose time has come and that are not in memory yet, at most `limit`. */
  firedTimers(limit: number): readonly TimerRow[] {
    return this.due.length > 0 ? [] : [...this.fired.values()].sort(compareTimers).slice(0, limit);
  }

  /** Whether what comes next has to be read first. */
  wantsRead(lock: Caller | undefined): boolean {
    if (lock) return false;
    return (this.hasRest && this.stored.length === 0) || (this.fired.size > 0 && this.due.length === 0);
  }

  /** Whether something can be done, now and with what is in memory, or is to be read for it. */
  isActionable(lock: Caller | undefined, now: number): boolean {
    return this.wantsRead(lock) || this.next(lock, now) !== undefined || this.waiting.some((entry) => isUnlock(entry) || isScheduled(entry, now));
  }

  /** Takes up the beginning of the queue. */
  load(queue: readonly InboxMessage[], more: boolean): void {
    this.stored = queue.map((message) => ({ message, place: 'queue' }));
    this.hasRest = more;
  }

  /** Takes up the signals of these timers. Answers the timers without one. */
  loadDue(timers: readonly TimerRow[], messages: ReadonlyMap<TimerRow, QueuedMessage>): TimerRow[] {
    for (const timer of timers) {
      this.fired.delete(timer.executionId);
      const message = messages.get(timer);
      if (message) this.due.push({ message, place: 'queue', timer });
    }
    return timers.filter((timer) => !messages.has(timer));
  }

  /** Takes the unlocks, wherever they stand, and the requests in front of them that they take back. */
  takeUnlocks(lock: Caller | undefined): Unlocking {
    const taken: WaitingMessage[] = [];
    const withdrawn: Caller[] = [];
    let isReleased = false;
    const rest: WaitingMessage[] = [];
    for (const entry of this.waiting) {
      const { body } = entry.message;
      const releases = lock !== undefined && !isReleased && body.type === 'UnlockEntity' && isSameRequest(lock, body.holder);
      // What the holder has called inside comes before its unlock.
      if (body.type !== 'UnlockEntity' || (releases && rest.some((other) => isOfHolder(other, lock)))) {
        rest.push(entry);
        continue;
      }
      taken.push(entry);
      if (releases) isReleased = true;
      else {
        const request = rest.findIndex((other) => isRequestOf(other, body.holder));
        if (request !== -1) taken.push(...rest.splice(request, 1));
        else if (!this.isDrained) {
          withdrawn.push(body.holder);
          this.stored = this.stored.filter((other) => !isRequestOf(other, body.holder));
        }
      }
    }
    this.waiting = rest;
    return { taken, withdrawn, isReleased };
  }

  /** Takes the signals of the inbox that are to wait for their time [N7]. */
  takeScheduled(now: number): WaitingMessage[] {
    const scheduled = this.waiting.filter((entry) => isScheduled(entry, now));
    if (scheduled.length > 0) this.waiting = this.waiting.filter((entry) => !isScheduled(entry, now));
    return scheduled;
  }

  /** What may be taken up now. While the entity is locked: only what its holder sends [L1]. */
  next(lock: Caller | undefined, now: number): WaitingMessage | undefined {
    const [list, index] = this.find(lock, now);
    return list[index];
  }

  /** Takes what {@link next} answers. */
  take(lock: Caller | undefined, now: number): WaitingMessage | undefined {
    const [list, index] = this.find(lock, now);
    return index === -1 ? undefined : list.splice(index, 1)[0];
  }

  /** Takes everything that is in memory, in order; unlocks stay. */
  takeAll(): WaitingMessage[] {
    const all = [...this.due, ...this.stored, ...this.waiting.filter((entry) => !isUnlock(entry))];
    this.due = [];
    this.stored = [];
    this.waiting = this.waiting.filter(isUnlock);
    return all;
  }

  /** Lets go of what lies in the queue: nothing of it is to be taken up here. */
  unload(): void {
    this.fired.clear();
    this.due = [];
    this.stored = [];
    this.hasRest = false;
  }

  /**
   * Takes what lies in the inbox and may wait in the queue. What the holder of the lock sends stays: it does not wait. So do
   * unlocks, and requests behind their unlock: an unlock takes back the request that is in the queue.
   */
  takeMovable(lock: Caller | undefined): WaitingMessage[] {
    const unlocks = this.waiting.flatMap(({ message: { body } }) => (body.type === 'UnlockEntity' ? [body.holder] : []));
    const stays = (entry: WaitingMessage) => isUnlock(entry) || isOfHolder(entry, lock) || unlocks.some((holder) => isRequestOf(entry, holder));
    const movable = this.waiting.filter((entry) => !stays(entry));
    this.waiting = this.waiting.filter(stays);
    return movable;
  }

  /** Forgets what lies in the database. Answers what lies in the inbox, which is to be read again; what has fired stays. */
  reset(inHand: Iterable<WaitingMessage>): InboxMessage[] {
    const taken = [...inHand];
    for (const { timer } of [...taken, ...this.due]) if (timer) this.fired.set(timer.executionId, timer);
    const inbox = [...taken, ...this.waiting].filter(({ place }) => place === 'inbox').map(({ message }) => message);
    this.due = [];
    this.stored = [];
    this.waiting = [];
    this.hasRest = true;
    return inbox;
  }

  private find(lock: Caller | undefined, now: number): [WaitingMessage[], number] {
    if (lock) return [this.waiting, this.waiting.findIndex((entry) => isOfHolder(entry, lock))];
    if (this.due.length > 0) {
      // Signals whose time came while they lay in the inbox have their place among them.
      const earlier = this.waiting.findIndex((entry) => isDueBefore(entry, this.due[0]!));
      return earlier === -1 ? [this.due, 0] : [this.waiting, earlier];
    }
    if (this.stored.length > 0) return [this.stored, 0];
    if (this.hasRest) return [this.stored, -1];
    return [this.waiting, this.waiting.findIndex((entry) => !isUnlock(entry) && !isScheduled(entry, now))];
  }
}

export function isSameRequest(a: Caller, b: Caller): boolean {
  return a.executionId === b.executionId && a.taskId === b.taskId;
}

/** The operation that a message asks for, if it does. */
export function operationOf({ message: { body } }: WaitingMessage): EntityOperation | undefined {
  return body.type === 'EntityOperation' ? body : undefined;
}

/** Whether the holder of the lock sent it: an operation, or its request once more, when it was rewound [K8]. */
export function isOfHolder({ message: { body } }: WaitingMessage, lock: Caller | undefined): boolean {
  if (!lock) return false;
  if (body.type === 'EntityOperation') return body.caller?.executionId === lock.executionId;
  return body.type === 'LockEntity' && isSameRequest(body.holder, lock);
}

function isUnlock({ message: { body } }: WaitingMessage): boolean {
  return body.type === 'UnlockEntity';
}

function isRequestOf({ message: { body } }: WaitingMessage, holder: Caller): boolean {
  return body.type === 'LockEntity' && isSameRequest(body.holder, holder);
}

/** In the order of their times, of one time in the order in which they were sent. */
function compareTimers(a: TimerRow, b: TimerRow): number {
  return a.fireAt - b.fireAt || queueKeyOf(a).key - queueKeyOf(b).key;
}

function isDueBefore(entry: WaitingMessage, due: WaitingMessage): boolean {
  const { dueAt } = operationOf(entry) ?? {};
  if (dueAt === undefined) return false;
  return dueAt < due.timer!.fireAt || (dueAt === due.timer!.fireAt && entry.message.key < due.message.key);
}

function isScheduled(entry: WaitingMessage, now: number): boolean {
  const { dueAt = 0 } = operationOf(entry) ?? {};
  return dueAt > now;
}
