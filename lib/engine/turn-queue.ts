import type { Cancel, Clock } from './clock.js';
import type { Partition } from './partition.js';
import { ReadyLines } from './ready-lines.js';
import { Solitude } from './solitude.js';

/** An instance or an entity in memory. */
export interface Turnable {
  readonly partition: Partition;
  /** Stands in the queue. */
  scheduled: boolean;
  /** Is in the works, or waits for something else than its turn. */
  busy: boolean;
  readonly hasWork: boolean;
}

export interface TurnQueuePort<S extends Turnable> {
  readonly clock: Clock;
  /** Slots that may be in the works at once. */
  readonly limit: number;
  /** Whether this process may still act for the partition. */
  isHeld(partition: Partition): boolean;
  /** Whether the slot's turn is its first: those that go on come before it. */
  begins?(slot: S): boolean;
  /** Whether a suspect may run beside what else this process is at work on [Y8]. */
  mayBeAlone(): boolean;
  /** It is the slot's turn. */
  process(slot: S): void;
  /** The turn of a slot that is not in the works has failed by a defect: the others have theirs. */
  failed(slot: S, error: unknown): void;
  /** Called after each slice. */
  sliceEnded?(): void;
}

/**
 * Longest stretch of turns before other work of the process gets its turn, ms. With 3, small instances beside one with 30 000
 * activities took twice as long on SQLite: behind each of its turns they waited for a commit.
 */
const SLICE = 10;
/** Until it is looked again whether a suspect may run, ms. */
const LOOK_AGAIN = 50;

/**
 * Whose turn it is: slots in the order in which they got ready, those that go on before those that begin, for a slice of time,
 * then the event loop; a suspect when nothing else is in the works [Y8].
 */
export class TurnQueue<S extends Turnable> {
  private readonly ready = new ReadyLines<S>();
  /** Those that were passed over in the slice that runs. */
  private passedOver: S[] = [];
  private running = false;
  private inTheWorks = 0;
  /** Of those in the works: so long that nobody waits for their end. */
  private readonly lasting = new Set<S>();
  private closing = false;
  private isClosed = false;
  private stopped = false;
  private idleListeners: (() => void)[] = [];
  private readonly solitude = new Solitude<S>();
  private cancelLook: Cancel | undefined;

  constructor(private readonly port: TurnQueuePort<S>) {}

  /** Slots that wait or are in the works. */
  get length(): number {
    return this.ready.length + this.passedOver.length + this.inTheWorks;
  }

  /** Whether the slot waits for its turn. */
  isWaiting(slot: S): boolean {
    return slot.scheduled && (this.ready.has(slot) || this.passedOver.includes(slot));
  }

  /** Whether as many are in the works as may be. */
  get isFull(): boolean {
    return this.inTheWorks >= this.port.limit;
  }

  /** Those that wait or run alone. */
  get suspects(): readonly S[] {
    return this.solitude.all;
  }

  /** Whether suspects wait or run. */
  get hasSuspects(): boolean {
    return this.solitude.isWanted;
  }

  /** Whether a suspect runs. */
  get isSuspectAtWork(): boolean {
    return this.solitude.isBegun;
  }

  /** The slot has something to do. */
  add(slot: S): void {
    if (this.isClosed || slot.scheduled || slot.busy || slot.partition.state !== 'owned') return;
    slot.scheduled = true;
    this.line(slot);
    this.resume();
  }

  /** The slot has something to do that may end this process: its turn comes when nothing else is in the works. */
  addSuspect(slot: S): void {
    slot.busy = true;
    this.solitude.add(slot);
    this.resume();
  }

  /** Whether nothing else may be in the works now. */
  isAlone(slot: S): boolean {
    return this.solitude.isAlone(slot);
  }

  /** Others may have their turns beside the slot again. */
  endSolitude(slot: S): void {
    if (!this.solitude.isAlone(slot)) return;
    this.solitude.end(slot);
    this.resume();
  }

  /** The slot is in the works from now on. */
  begin(slot: S): void {
    slot.busy = true;
    this.inTheWorks += 1;
  }

  /** The slot is in the works for so long that others have their turns beside it, suspect or not: it might never end. */
  outlast(slot: S): void {
    this.lasting.add(slot);
    this.endSolitude(slot);
    this.resume();
  }

  /** Whoever waits for room, or for the end of all work, has to hear of it, whatever the work led to. */
  end(slot: S): void {
    slot.busy = false;
    this.inTheWorks -= 1;
    this.lasting.delete(slot);
    this.settleIdle();
    this.resume();
  }

  /** Goes on after a pause, or with a partition that is held again. */
  resume(): void {
    if (this.running || this.stopped || (this.ready.length === 0 && !this.solitude.isWaitedFor)) return;
    this.running = true;
    setImmediate(() => this.runSlice());
  }

  /** Resolves when there is nothing left to do; suspects that still wait are left to the next process. */
  async drain(): Promise<void> {
    this.closing = true;
    this.solitude.clear();
    await this.whenIdle();
  }

  /** Takes up nothing any more: what waits is in the database. */
  close(): void {
    this.closing = true;
    this.isClosed = true;
    this.solitude.clear();
    this.ready.clear();
    this.passedOver = [];
    this.settleIdle();
  }

  /** Resolves when nothing waits and nothing is in the works. */
  async whenIdle(): Promise<void> {
    while (this.length > 0) await new Promise<void>((resolve) => this.idleListeners.push(resolve));
  }

  stop(): void {
    this.stopped = true;
    this.cancelLook?.();
  }

  private runSlice(): void {
    const { clock, limit } = this.port;
    const ends = clock.monotonic() + SLICE;
    this.beginSolitude();
    while (this.ready.length > 0 && this.inTheWorks < limit && clock.monotonic() < ends) {
      const slot = this.ready.next()!;
      if (slot.partition.state !== 'owned') continue;
      if (!this.solitude.admits(slot) || !this.port.isHeld(slot.partition)) {
        this.passedOver.push(slot);
        continue;
      }
      slot.scheduled = false;
      this.take(slot);
    }
    const hasLeft = this.ready.length > 0;
    for (const slot of this.passedOver.splice(0)) this.line(slot);
    this.running = false;
    this.solitude.othersHadTheirTurn();
    this.settleIdle();
    this.port.sliceEnded?.();
    const mayGoOn = hasLeft || (this.mayBeginSolitude && !this.cancelLook);
    if (mayGoOn && this.inTheWorks < limit) this.resume();
  }

  private line(slot: S): void {
    this.ready.add(slot, this.port.begins?.(slot) ?? false);
  }

  private take(slot: S): void {
    try {
      this.port.process(slot);
    } catch (error) {
      this.port.failed(slot, error);
    }
  }

  private beginSolitude(): void {
    if (!this.mayBeginSolitude) return;
    if (!this.port.mayBeAlone()) {
      this.cancelLook ??= this.port.clock.after(LOOK_AGAIN, () => {
        this.cancelLook = undefined;
        this.resume();
      });
      return;
    }
    const slot = this.solitude.begin();
    if (!slot) return;
    slot.busy = false;
    if (slot.partition.state === 'owned' && slot.hasWork) this.add(slot);
    else this.solitude.end(slot);
  }

  private get mayBeginSolitude(): boolean {
    return this.solitude.isWaitedFor && this.inTheWorks === this.lasting.size && !this.closing;
  }

  private settleIdle(): void {
    if (this.length === 0) for (const listener of this.idleListeners.splice(0)) listener();
  }
}
