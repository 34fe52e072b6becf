import { SystemClock, type Cancel } from '../engine/clock.js';

/**
 * A clock whose engine time a test moves: durable timers, time-outs and delayed starts become due at once, and nothing
 * sleeps. Leases, heartbeats and polling go on in real time, so that the database's and the engine's agree.
 */
export class VirtualClock extends SystemClock {
  override skew = 0;
  private readonly listeners = new Set<() => void>();

  /** Moves engine time on by `ms`; timers that have become due fire. */
  advance(ms: number): void {
    this.skew += ms;
    for (const listener of this.listeners) listener();
  }

  override onSkew(listener: () => void): Cancel {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
