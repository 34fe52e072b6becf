import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

/** How often it is looked, ms. What is measured is by this much longer than the lag. */
const RESOLUTION = 20;
/** Length of a window, ms. */
const WINDOW = 30_000;

/** ms. */
export interface Lag {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const NONE: Lag = { p50: 0, p99: 0, max: 0 };

/**
 * How late the event loop of this process comes to what is due, over the last half to whole minute. There is one event loop, so
 * there is one of this, which all engines of the process share; it keeps no process from ending.
 */
class EventLoopLag {
  private readonly users = new Set<object>();
  private histogram: IntervalHistogram | undefined;
  private before = NONE;
  private since = 0;

  start(user: object): void {
    this.users.add(user);
    if (this.histogram) return;
    this.histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
    this.histogram.enable();
    this.before = NONE;
    this.since = performance.now();
  }

  stop(user: object): void {
    this.users.delete(user);
    if (this.users.size > 0) return;
    this.histogram?.disable();
    this.histogram = undefined;
  }

  /** The worse of this window and the one before. All are 0 while nobody has started it. */
  get current(): Lag {
    if (!this.histogram) return NONE;
    const now = lagOf(this.histogram);
    const worse = { p50: Math.max(now.p50, this.before.p50), p99: Math.max(now.p99, this.before.p99), max: Math.max(now.max, this.before.max) };
    if (performance.now() - this.since > WINDOW) {
      this.before = now;
      this.since = performance.now();
      this.histogram.reset();
    }
    return worse;
  }
}

function lagOf(histogram: IntervalHistogram): Lag {
  if (histogram.max === 0) return NONE;
  const inMs = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  return { p50: inMs(histogram.percentile(50)), p99: inMs(histogram.percentile(99)), max: inMs(histogram.max) };
}

export const eventLoopLag = new EventLoopLag();
