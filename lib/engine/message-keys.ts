/** Keys per millisecond of clock: keys stay exact as JavaScript numbers until the year 2248. */
export const KEYS_PER_MS = 1_024;

/**
 * Makes the ascending message keys of one sender: max(clock, last) + 1. The last key is stored with every commit, so that
 * the sender's order is kept when its partition moves to another worker or a clock steps back.
 */
export class MessageKeys {
  constructor(private lastKey: number, private readonly now: () => number) {}

  get last(): number {
    return this.lastKey;
  }

  next(): number {
    this.lastKey = Math.max(this.now() * KEYS_PER_MS, this.lastKey) + 1;
    return this.lastKey;
  }
}
