/** Of so many turns in a row one is a beginner's, while any waits. */
const BEGINNERS_SHARE = 8;

/**
 * Who waits for a turn: first what goes on, then what begins, each in the order in which it came. So what was begun ends before
 * more is open than memory holds. Something that never rests, or a stream of results, does not keep beginners out: they have a
 * share of the turns.
 */
export class ReadyLines<T> {
  private readonly goingOn = new Line<T>();
  private readonly beginning = new Line<T>();
  private sinceBeginner = 0;

  get length(): number {
    return this.goingOn.length + this.beginning.length;
  }

  has(item: T): boolean {
    return this.goingOn.has(item) || this.beginning.has(item);
  }

  add(item: T, begins: boolean): void {
    (begins ? this.beginning : this.goingOn).add(item);
  }

  next(): T | undefined {
    const isBeginners = this.beginning.length > 0 && (this.goingOn.length === 0 || this.sinceBeginner >= BEGINNERS_SHARE - 1);
    this.sinceBeginner = isBeginners ? 0 : this.sinceBeginner + 1;
    return (isBeginners ? this.beginning : this.goingOn).take();
  }

  clear(): void {
    this.goingOn.clear();
    this.beginning.clear();
  }
}

/** First in, first out. Taking one costs the same however long it is, which shift() of a long array does not. */
class Line<T> {
  private items: (T | undefined)[] = [];
  private taken = 0;

  get length(): number {
    return this.items.length - this.taken;
  }

  has(item: T): boolean {
    return this.items.includes(item, this.taken);
  }

  add(item: T): void {
    this.items.push(item);
  }

  take(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.taken];
    this.items[this.taken++] = undefined;
    if (this.taken * 2 >= this.items.length) {
      this.items = this.items.slice(this.taken);
      this.taken = 0;
    }
    return item;
  }

  clear(): void {
    this.items = [];
    this.taken = 0;
  }
}
