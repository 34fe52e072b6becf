import TinyQueue from 'tinyqueue';
import { PARK_TIMER, START_TIMER, type TimerKey, type TimerRow } from '../storage/store.js';

/** Timers of one partition that are kept in memory; later ones stay in the database until their turn. */
const WINDOW = 2_000;
/** Timers of one partition that have fired and are not consumed yet, at most: others wait until these are, however late they are. */
const MAX_FIRED = 2_000;

const nameOf = (timer: TimerKey) => `${timer.executionId}:${timer.taskId}`;
const newQueue = (timers: TimerRow[]) => new TinyQueue<TimerRow>(timers, inOrder);

/**
 * The timers of one partition that are due next. Memory holds the nearest ones, complete up to a horizon; what lies behind
 * it is read from the database when the window has drained.
 */
export class TimerQueue {
  private queue = newQueue([]);
  /** What is in the queue or was fired and is not consumed yet. Cancelled timers leave it at once, and the queue later. */
  private readonly live = new Map<string, TimerRow>();
  /** Those of instances that were fired and are not consumed yet. Marks are not consumed, and entities may keep their signals for long. */
  private readonly fired = new Set<string>();
  private isHeld = false;
  private horizon: TimerKey | 'everything' | undefined;
  /** What changed since a read was issued: its answer does not know of it. */
  private sinceRead: { added: TimerRow[]; removed: Set<string>; isVoid: boolean } | undefined;

  /**
   * Reads on when memory holds too few of the partition's timers.
   * @param read answers timers in due order, beginning after `after`.
   */
  async refill(read: (options: { limit: number; after?: TimerKey }) => Promise<TimerRow[]>): Promise<void> {
    if (this.sinceRead || this.horizon === 'everything' || (this.horizon && this.queue.length > WINDOW / 10)) return;
    const since = (this.sinceRead = { added: [], removed: new Set<string>(), isVoid: false });
    const { added, removed } = since;
    try {
      const timers = await read({ limit: WINDOW, after: this.horizon });
      if (!since.isVoid) {
        for (const timer of timers) if (!removed.has(nameOf(timer))) this.push(timer);
        this.horizon = timers.length < WINDOW ? 'everything' : timers[timers.length - 1];
      }
    } finally {
      this.sinceRead = undefined;
      for (const timer of added) if (!removed.has(nameOf(timer))) this.add(timer);
    }
    if (since.isVoid) await this.refill(read);
  }

  add(timer: TimerRow): void {
    this.sinceRead?.added.push(timer);
    // Not during a read: its answer begins behind the horizon of before.
    if (this.horizon && !this.sinceRead && this.queue.length >= 2 * WINDOW) this.shrink();
    if (this.horizon === 'everything' || (this.horizon && isUpTo(this.horizon, timer))) this.push(timer);
  }

  /** Forgets a timer that the database still has, and how far it was read: the next {@link refill} begins anew, one that is under way too. */
  reread(timer: TimerKey): void {
    this.forget(timer);
    this.horizon = undefined;
    if (this.sinceRead) this.sinceRead.isVoid = true;
  }

  /** A timer that has fired is not consumed for long, as its instance cannot go on: others do not wait for it. */
  setAside(timer: TimerKey): void {
    this.fired.delete(nameOf(timer));
    this.holdOrGoOn();
  }

  /** Forgets a timer that was consumed or cancelled. */
  remove(timer: TimerKey): void {
    this.forget(timer);
    this.sinceRead?.removed.add(nameOf(timer));
    if (this.queue.length > WINDOW && this.queue.length > 2 * this.live.size) this.compact();
  }

  has(timer: TimerKey): boolean {
    return this.live.has(nameOf(timer));
  }

  /** Timers that memory holds for their time, cancelled ones that have not been let go yet included. */
  get size(): number {
    return this.queue.length;
  }

  /** When the next timer is to be fired, epoch ms; `undefined` also while so many are not consumed that it has to wait for them. */
  get nextDue(): number | undefined {
    const next = this.next;
    return next && this.isHeld && isConsumed(next) ? undefined : next?.fireAt;
  }

  /** Takes the timers out that are due at `now`, as many as may be; each stays known until {@link remove}. */
  takeDue(now: number): TimerRow[] {
    const due: TimerRow[] = [];
    for (let next = this.nextDue; next !== undefined && next <= now; next = this.nextDue) {
      const timer = this.queue.pop()!;
      due.push(timer);
      if (isConsumed(timer)) this.fired.add(nameOf(timer));
      this.isHeld ||= this.fired.size >= MAX_FIRED;
    }
    return due;
  }

  private forget(timer: TimerKey): void {
    this.live.delete(nameOf(timer));
    this.fired.delete(nameOf(timer));
    this.holdOrGoOn();
  }

  private holdOrGoOn(): void {
    if (this.fired.size <= MAX_FIRED / 2) this.isHeld = false;
  }

  private get next(): TimerRow | undefined {
    this.skipRemoved();
    return this.queue.peek();
  }

  private push(timer: TimerRow): void {
    const name = nameOf(timer);
    if (this.live.has(name)) return;
    this.live.set(name, timer);
    this.queue.push(timer);
  }

  private skipRemoved(): void {
    for (let next = this.queue.peek(); next && !this.isLive(next); next = this.queue.peek()) this.queue.pop();
  }

  private isLive(timer: TimerRow): boolean {
    return this.live.get(nameOf(timer)) === timer;
  }

  /** Time-outs far ahead are mostly cancelled long before they are due: what is left of them must not pile up. */
  private compact(): void {
    this.queue = newQueue(this.queue.data.filter((timer) => this.isLive(timer)));
  }

  /** Keeps the nearest timers of a window that has grown too large, and all marks, which come first. */
  private shrink(): void {
    // Only marks are in memory, and not all of them: there is nothing to let go.
    if (this.horizon && this.horizon !== 'everything' && isMark(this.horizon)) return;
    const kept: TimerRow[] = [];
    while (this.next && (kept.length < WINDOW || isMark(this.next))) kept.push(this.queue.pop()!);
    for (const timer of this.queue.data) if (this.isLive(timer)) this.live.delete(nameOf(timer));
    this.queue = newQueue(kept);
    this.horizon = kept.at(-1) ?? this.horizon;
  }
}

/** Whether an instance takes it up as soon as it has its turn. */
function isConsumed({ taskId }: TimerRow): boolean {
  return taskId >= START_TIMER;
}

/** As the table has them. */
function inOrder(a: TimerKey, b: TimerKey): number {
  if (a.fireAt !== b.fireAt) return a.fireAt - b.fireAt;
  if (a.executionId !== b.executionId) return a.executionId < b.executionId ? -1 : 1;
  return a.taskId - b.taskId;
}

/** Whether memory has the timer when it has all up to the horizon. Marks come first, and are all of one time: by their ids the database may order them otherwise. */
function isUpTo(horizon: TimerKey, timer: TimerKey): boolean {
  return isMark(timer) || inOrder(timer, horizon) <= 0;
}

function isMark({ taskId }: TimerKey): boolean {
  return taskId === PARK_TIMER;
}
