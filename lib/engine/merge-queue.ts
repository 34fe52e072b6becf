/** Bounds of one merged write. */
export interface MergeLimits {
  readonly maxItems: number;
  readonly maxWeight: number;
}

/** Tells the items of a batch what has become of them. */
export type Settle = () => void;

/**
 * Merges what is submitted while a write is under way into the next write. One write at a time; a lone item waits for
 * nothing, and batches grow with load.
 */
export class MergeQueue<T> {
  private waiting: { item: T; weight: number }[] = [];
  private waitingWeight = 0;
  private writing = false;
  private idleListeners: (() => void)[] = [];

  /** @param write never rejects; it settles its batch itself, or answers what does: `weight` is the items' sum. */
  constructor(private readonly write: (items: T[], weight: number) => Promise<Settle | void>, private readonly limits: MergeLimits) {}

  get isIdle(): boolean {
    return !this.writing && this.waiting.length === 0;
  }

  /** @param weight bytes, about. */
  submit(item: T, weight: number): void {
    this.waiting.push({ item, weight });
    this.waitingWeight += weight;
    this.next();
  }

  /** Resolves when everything submitted so far, and what that led to, is written. */
  async whenIdle(): Promise<void> {
    while (!this.isIdle) await new Promise<void>((resolve) => this.idleListeners.push(resolve));
  }

  private next(): void {
    if (this.writing) return;
    if (this.waiting.length === 0) {
      for (const listener of this.idleListeners.splice(0)) listener();
      return;
    }
    this.writing = true;
    // After the current turn of the event loop, so that what got ready together is written together.
    setImmediate(() => void this.run(Promise.resolve()));
  }

  /** @param settled when the batches before this one are settled */
  private async run(settled: Promise<void>): Promise<void> {
    const settle = await this.write(...this.take());
    if (this.isFull) {
      // Nothing can join the next batch. It goes first: what follows from this one takes the process a while, in which the server would wait.
      void this.run(settled.then(nextLoop).then(() => settle?.()));
      return;
    }
    await settled;
    settle?.();
    this.writing = false;
    this.next();
  }

  private get isFull(): boolean {
    return this.waiting.length >= this.limits.maxItems || this.waitingWeight >= this.limits.maxWeight;
  }

  private take(): [items: T[], weight: number] {
    let weight = 0;
    let count = 0;
    for (const next of this.waiting) {
      if (count > 0 && (count >= this.limits.maxItems || weight + next.weight > this.limits.maxWeight)) break;
      weight += next.weight;
      count += 1;
    }
    this.waitingWeight -= weight;
    return [this.waiting.splice(0, count).map(({ item }) => item), weight];
  }
}

function nextLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
