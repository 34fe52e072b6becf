import type { Clock } from './clock.js';
import type { InstanceSlot } from './instance-slot.js';
import type { Partition } from './partition.js';
import { Solitude } from './solitude.js';

export interface TurnQueuePort {
  readonly clock: Clock;
  /** Instances that may be in the works at once. */
  readonly limit: number;
  /** Whether this process may still act for the partition. */
  isHeld(partition: Partition): boolean;
  /** It is the slot's turn. */
  process(slot: InstanceSlot): void;
  /** Called after each slice. */
  sliceEnded(): void;
}

/** Longest stretch of turns before other work of the process gets its turn, ms. */
const SLICE = 10;

/**
 * Whose turn it is: instances in the order in which they got ready, for a slice of time, then the event loop; a suspect when
 * nothing else is in the works [Y8].
 */
export class TurnQueue {
  private ready: InstanceSlot[] = [];
  private running = false;
  private inTheWorks = 0;
  private closing = false;
  private stopped = false;
  private idleListeners: (() => void)[] = [];
  private readonly solitude = new Solitude();

  constructor(private readonly port: TurnQueuePort) {}

  /** Instances that wait or are in the works. */
  get length(): number {
    return this.ready.length + this.inTheWorks;
  }

  /** Whether suspects wait or run. */
  get hasSuspects(): boolean {
    return this.solitude.isWanted;
  }

  /** The slot has something to do. */
  add(slot: InstanceSlot): void {
    if (slot.scheduled || slot.busy || slot.partition.state !== 'owned') return;
    slot.scheduled = true;
    this.ready.push(slot);
    this.resume();
  }

  /** The slot has something to do that may end this process: its turn comes when nothing else is in the works. */
  addSuspect(slot: InstanceSlot): void {
    slot.busy = true;
    this.solitude.add(slot);
    this.resume();
  }

  /** Whether nothing else may be in the works now. */
  isAlone(slot: InstanceSlot): boolean {
    return this.solitude.isAlone(slot);
  }

  /** Others may have their turns beside the slot again. */
  endSolitude(slot: InstanceSlot): void {
    this.solitude.end(slot);
  }

  /** The slot is loaded, or a checkpoint of it is written. */
  begin(slot: InstanceSlot): void {
    slot.busy = true;
    this.inTheWorks += 1;
  }

  /** Whoever waits for room, or for the end of all work, has to hear of it, whatever the work led to. */
  end(slot: InstanceSlot): void {
    slot.busy = false;
    this.inTheWorks -= 1;
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
    while (this.length > 0) await new Promise<void>((resolve) => this.idleListeners.push(resolve));
  }

  stop(): void {
    this.stopped = true;
  }

  private runSlice(): void {
    const { clock, limit } = this.port;
    const ends = clock.monotonic() + SLICE;
    let taken = 0;
    const held: InstanceSlot[] = [];
    this.beginSolitude();
    while (taken < this.ready.length && this.inTheWorks < limit && clock.monotonic() < ends) {
      const slot = this.ready[taken++]!;
      if (slot.partition.state !== 'owned') continue;
      if (!this.solitude.admits(slot) || !this.port.isHeld(slot.partition)) {
        held.push(slot);
        continue;
      }
      slot.scheduled = false;
      this.port.process(slot);
    }
    this.ready = taken === this.ready.length ? held : [...this.ready.slice(taken), ...held];
    this.running = false;
    this.solitude.othersHadTheirTurn();
    this.settleIdle();
    this.port.sliceEnded();
    const mayGoOn = this.ready.length > held.length || (this.solitude.isWaitedFor && this.inTheWorks === 0);
    if (mayGoOn && this.inTheWorks < limit) this.resume();
  }

  private beginSolitude(): void {
    if (this.inTheWorks > 0 || this.closing) return;
    const slot = this.solitude.begin();
    if (!slot) return;
    slot.busy = false;
    if (slot.partition.state === 'owned' && slot.queue.length > 0) this.add(slot);
    else this.solitude.end(slot);
  }

  private settleIdle(): void {
    if (this.length === 0) for (const listener of this.idleListeners.splice(0)) listener();
  }
}
