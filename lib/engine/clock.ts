/** Stops what was scheduled; harmless when it already ran. */
export type Cancel = () => void;

/** The engine's source of time. Tests replace it by the virtual clock of `nestjs-durable/testing`. */
export interface Clock {
  /** Milliseconds that never go back, from an arbitrary start. */
  monotonic(): number;
  /** Runs `fn` once after `delay` ms (at most {@link MAX_DELAY}). */
  after(delay: number, fn: () => void): Cancel;
  /** How far engine time is ahead of the database's: 0 but in tests. */
  readonly skew: number;
  /** Calls `listener` whenever {@link skew} has changed. */
  onSkew(listener: () => void): Cancel;
}

/** Whether `work` ended before the monotonic time `deadline`. */
export function within(clock: Clock, deadline: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(Math.max(0, deadline - clock.monotonic()), () => resolve(false));
    void work.then(() => {
      cancel();
      resolve(true);
    });
  });
}

/** The longest delay that Node's timers take. */
export const MAX_DELAY = 2 ** 31 - 1;

export class SystemClock implements Clock {
  readonly skew: number = 0;

  monotonic(): number {
    return performance.now();
  }

  after(delay: number, fn: () => void): Cancel {
    const timer = setTimeout(fn, Math.min(Math.max(delay, 0), MAX_DELAY));
    return () => clearTimeout(timer);
  }

  onSkew(_listener: () => void): Cancel {
    return () => undefined;
  }
}

/**
 * Engine time: the database's, sampled now and then, plus the monotonic time elapsed since; it never goes back. All
 * processes of a hub so agree on what is due, whatever their own clocks say.
 */
export class EngineTime {
  private base = 0;
  private sampledAt = 0;
  private last = 0;

  constructor(private readonly clock: Clock) {}

  /**
   * Takes up a sample of the database's time that has just arrived. It is older than that by a part of the round trip; taking
   * it for current leaves engine time behind the database's, never ahead, and so no timer early [T1].
   */
  sync(databaseTime: number): void {
    this.base = databaseTime;
    this.sampledAt = this.clock.monotonic();
  }

  /** Epoch ms, whole. */
  now(): number {
    const time = Math.floor(this.base + this.clock.monotonic() - this.sampledAt) + this.clock.skew;
    this.last = Math.max(this.last, time);
    return this.last;
  }
}
