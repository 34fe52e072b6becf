import type { Clock } from './clock.js';

/** Rows of the first chunk, and of any. */
const FIRST_SIZE = 100;
const MIN_SIZE = 20;
const MAX_SIZE = 500;
/** Chunks that took less grow, chunks that took more shrink, ms. */
const SHORT = 10;
const LONG = 40;
/** Pause after a chunk that took no time, ms. */
const MIN_PAUSE = 5;

/**
 * The pace of deletions in the background: small chunks, and after each a pause as long as the chunk took, so that the database
 * has at least half of its time for other work. Chunks get smaller while they take long: because rows are large, or others wait.
 */
export class ChunkPace {
  /** Rows of the next chunk. */
  size = FIRST_SIZE;
  /** ms until the next chunk. */
  pause = MIN_PAUSE;

  constructor(private readonly clock: Clock) {}

  /** Runs a chunk and learns from how long it took. */
  async run<T>(chunk: (size: number) => Promise<T>): Promise<T> {
    const begun = this.clock.monotonic();
    const result = await chunk(this.size);
    const took = this.clock.monotonic() - begun;
    this.pause = Math.max(took, MIN_PAUSE);
    if (took < SHORT) this.size = Math.min(this.size * 2, MAX_SIZE);
    else if (took > LONG) this.size = Math.max(Math.floor(this.size / 2), MIN_SIZE);
    return result;
  }

  /** Waits for as long as the last chunk took. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => this.clock.after(this.pause, resolve));
  }
}
