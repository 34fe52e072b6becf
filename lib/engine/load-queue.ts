import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import type { StoreHealth } from './store-health.js';

/** Slots loaded by one query. */
const MAX_LOAD = 200;

export interface LoadQueuePort<T> {
  readonly clock: Clock;
  readonly health: StoreHealth;
  /** Loads slots and hands each of them on. Answers how many of them, from the first, the query looked at. */
  load(slots: readonly T[]): Promise<number>;
  /** This one cannot be loaded. */
  failed(slot: T, error: unknown): void;
}

/** Loads what is asked for meanwhile together. A slot that cannot be loaded does not keep the others from it. */
export class LoadQueue<T> {
  private waiting: T[] = [];
  private loading = false;
  private stopped = false;

  constructor(private readonly port: LoadQueuePort<T>) {}

  add(slot: T): void {
    this.waiting.push(slot);
  }

  /** Loads what was added since, together. */
  start(): void {
    if (this.loading || this.waiting.length === 0) return;
    this.loading = true;
    void this.run();
  }

  stop(): void {
    this.stopped = true;
  }

  private async run(): Promise<void> {
    const backoff = new Backoff(this.port.clock, { first: 10, max: 1_000 });
    while (this.waiting.length > 0 && !this.stopped) {
      const slots = this.waiting.splice(0, MAX_LOAD);
      try {
        await this.load(slots);
        backoff.reset();
      } catch (error) {
        if (this.port.health.isTransient(error)) {
          this.waiting.unshift(...slots);
          this.port.health.failed(error);
          await backoff.wait();
        } else await this.loadAlone(slots, error);
      }
    }
    // Not a moment later: what is added meanwhile would wait for the next one.
    this.loading = false;
  }

  /** One of the slots fails: finds out which. */
  private async loadAlone(slots: readonly T[], error: unknown): Promise<void> {
    if (slots.length === 1) return this.port.failed(slots[0]!, error);
    for (const [index, slot] of slots.entries()) {
      try {
        await this.load([slot]);
      } catch (reason) {
        if (this.port.health.isTransient(reason)) {
          this.waiting.unshift(...slots.slice(index));
          return;
        }
        this.port.failed(slot, reason);
      }
    }
  }

  private async load(slots: readonly T[]): Promise<void> {
    const looked = await this.port.load(slots);
    this.port.health.reached();
    this.waiting.unshift(...slots.slice(looked));
  }
}
