import TinyQueue from 'tinyqueue';
import type { Cancel } from '../../../lib/engine/clock.js';
import type { Random } from '../../chaos/random.js';

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** What may be said of a moment. */
export interface Timeline {
  /** Virtual ms since the run began. */
  readonly now: number;
}

/**
 * The event loop of one virtual process: callbacks of setImmediate in their order, timers and answers from elsewhere when they are due. A
 * dead one runs nothing any more, a paused one nothing until it goes on, and then everything late.
 */
export class Lane {
  state: 'running' | 'paused' | 'dead' = 'running';
  /** Until then its code blocks the event loop. */
  busyUntil = 0;
  private immediates: (() => void)[] = [];
  private order = 0;
  private readonly scheduled = new TinyQueue<Scheduled>([], (a, b) => a.at - b.at || a.order - b.order);

  constructor(readonly name: string, private readonly timeline: Timeline) {}

  immediate(run: () => void): void {
    this.immediates.push(run);
  }

  /** Runs `run` once, `delay` virtual ms from now. */
  after(delay: number, run: () => void): Cancel {
    this.order += 1;
    const entry: Scheduled = { at: this.timeline.now + Math.max(0, delay), order: this.order, run, isCancelled: false };
    this.scheduled.push(entry);
    return () => (entry.isCancelled = true);
  }

  die(): void {
    this.state = 'dead';
    this.immediates = [];
  }

  /** When it has something to do; Infinity: it waits for others. */
  get nextAt(): number {
    if (this.state !== 'running') return Infinity;
    const due = this.immediates.length > 0 ? this.timeline.now : this.nextDue;
    return Math.max(due, this.busyUntil);
  }

  /** What is next, where both a timer and a callback of setImmediate may be. */
  take(random: Random): () => void {
    const isDue = this.nextDue <= this.timeline.now;
    if (this.immediates.length > 0 && (!isDue || random.chance(0.5))) return this.immediates.shift()!;
    return this.scheduled.pop()!.run;
  }

  private get nextDue(): number {
    for (let next = this.scheduled.peek(); next; next = this.scheduled.peek()) {
      if (!next.isCancelled) return next.at;
      this.scheduled.pop();
    }
    return Infinity;
  }
}
