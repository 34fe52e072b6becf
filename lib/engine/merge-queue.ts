/** Bounds of one merged write. */
export interface MergeLimits {
  readonly maxItems: number;
  readonly maxWeight: number;
}

/**
 * Merges what is submitted while a write is under way into the next write. One write at a time; a lone item waits for
 * nothing, and batches grow with load.
 */
export class MergeQueue<T> {
  private waiting: { item: T; weight: number }[] = [];
  private writing = false;
  private idleListeners: (() => void)[] = [];

  /** @param write settles every item of its batch itself and never rejects; `weight` is the items' sum. */
  constructor(private readonly write: (items: T[], weight: number) => Promise<void>, private readonly limits: MergeLimits) {}

  get isIdle(): boolean {
    return !this.writing && this.waiting.length === 0;
  }

  /** @param weight bytes, about. */
  submit(item: T, weight: number): void {
    this.waiting.push({ item, weight });
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
    setImmediate(() => {
      void this.write(...this.take()).finally(() => {
        this.writing = false;
        this.next();
      });
    });
  }

  private take(): [items: T[], weight: number] {
    let weight = 0;
    let count = 0;
    for (const next of this.waiting) {
      if (count > 0 && (count >= this.limits.maxItems || weight + next.weight > this.limits.maxWeight)) break;
      weight += next.weight;
      count += 1;
    }
    return [this.waiting.splice(0, count).map(({ item }) => item), weight];
  }
}
