import type { Cancel, Clock } from '../../../../lib/engine/clock.js';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly skew = 0;
  private time = 0;
  private readonly scheduled = new Set<{ readonly at: number; readonly fn: () => void }>();

  monotonic(): number {
    return this.time;
  }

  after(delay: number, fn: () => void): Cancel {
    const entry = { at: this.time + delay, fn };
    this.scheduled.add(entry);
    return () => this.scheduled.delete(entry);
  }

  onSkew(): Cancel {
    return () => undefined;
  }

  /** How many calls wait for their time. */
  get waiting(): number {
    return this.scheduled.size;
  }

  /** Runs what is due within the next `ms`, in order, giving promises their turn after each. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await turn();
    for (;;) {
      const next = [...this.scheduled].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.scheduled.delete(next);
      this.time = Math.max(this.time, next.at);
      next.fn();
      await turn();
    }
    this.time = end;
  }
}

/** Lets everything that is ready run: promises, and what waits for the next turn of the event loop. */
export async function turn(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}
