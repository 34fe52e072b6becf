import type { Clock } from './clock.js';

/** Delay after so many failures in a row, ms. */
export function backoffOf(failures: number): number {
  return Math.min(10 * 2 ** failures, 30_000) * (0.75 + Math.random() / 2);
}

/** Waits that double from `first` to `max` ms, each with jitter so that processes do not move in step. */
export class Backoff {
  private delay: number;

  constructor(private readonly clock: Clock, private readonly range: { readonly first: number; readonly max: number }) {
    this.delay = range.first;
  }

  reset(): void {
    this.delay = this.range.first;
  }

  /** The next delay, ms. */
  next(): number {
    const delay = this.delay * (0.75 + Math.random() / 2);
    this.delay = Math.min(this.delay * 2, this.range.max);
    return delay;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.clock.after(this.next(), resolve));
  }
}
