/** Instances that were created one after the other. */
export interface Stretch {
  /** Times of their creation, epoch ms, both included: neighbours share an end. */
  readonly from: number;
  readonly to: number;
  /** How many of them were kept at the last look. */
  readonly kept: number;
  /** When one of them may have been kept for long enough, epoch ms. */
  readonly dueAt: number;
}

/** Instances of a stretch that is looked at as a whole, about. */
const STRETCH = 500;
/** Stretches in memory at most: beyond, they get longer. */
const MAX_STRETCHES = 10_000;

/**
 * What is remembered of a hub's instances, so that those which are kept for long are not read at each look: when to look at which
 * of them again, in the order of their creation and without gaps.
 */
export class Stretches {
  private list: Stretch[] = [];

  /** @param size instances of a stretch */
  constructor(private size = STRETCH, private readonly limit = MAX_STRETCHES) {}

  /** Instances of a stretch that is to be left as one. */
  get sizeOfOne(): number {
    return this.size;
  }

  get length(): number {
    return this.list.length;
  }

  /** Adds what was created since the last stretch, and until `to`. */
  extend(to: number): void {
    const from = this.list.at(-1)?.to ?? 0;
    if (to > from) this.list.push({ from, to, kept: 0, dueAt: -Infinity });
  }

  /** The earliest stretch that is to be looked at. */
  due(now: number): Stretch | undefined {
    return this.list.find(({ dueAt }) => dueAt <= now);
  }

  /** A stretch that was due was looked at, from its beginning to the end of `seen`: the rest of it stays due. */
  looked(stretch: Stretch, seen: Stretch, now: number): void {
    const index = this.list.indexOf(stretch);
    const rest = seen.to < stretch.to ? [{ ...stretch, from: seen.to }] : [];
    this.list.splice(index, 1, seen, ...rest);
    this.join(index, now);
    this.join(index - 1, now);
    if (this.list.length > this.limit) this.lengthen(now);
  }

  /** Makes one of a stretch and the next, when little is left of them. */
  private join(index: number, now: number): void {
    const [one, other] = [this.list[index], this.list[index + 1]];
    if (!one || !other || one.kept + other.kept > this.size || one.dueAt <= now || other.dueAt <= now) return;
    this.list.splice(index, 2, { from: one.from, to: other.to, kept: one.kept + other.kept, dueAt: Math.min(one.dueAt, other.dueAt) });
  }

  private lengthen(now: number): void {
    this.size *= 2;
    for (let index = this.list.length - 2; index >= 0; index -= 1) this.join(index, now);
  }
}
