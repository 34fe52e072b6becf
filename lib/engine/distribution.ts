/** How many of the latest values are kept. */
const WINDOW = 1_024;

/** Figures about numbers that come one by one: sum and count of all, the spread of the latest 1 024. Adding one allocates nothing. */
export class Distribution {
  private readonly latest = new Float64Array(WINDOW);
  private count = 0;
  private sum = 0;

  add(value: number): void {
    this.latest[this.count % WINDOW] = value;
    this.count += 1;
    this.sum += value;
  }

  /** All are 0 as long as there is no value. */
  snapshot(): { count: number; sum: number; p50: number; p99: number; max: number } {
    const { count, sum } = this;
    const sorted = this.latest.slice(0, Math.min(count, WINDOW)).sort();
    const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
    return { count, sum, p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}
