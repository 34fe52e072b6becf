import type { Cancel, Clock } from './clock.js';
import type { StoreHealth } from './store-health.js';

export interface GarbageCollectorPort {
  readonly clock: Clock;
  readonly health: StoreHealth;
  /** Deletes up to `limit` rows; answers how many there were. */
  collect(limit: number): Promise<number>;
}

/** Rows of one chunk: small enough not to hold up commits. */
const CHUNK = 500;
/** Pause between chunks, and until the next look when there was nothing to do, ms. */
const PAUSE = 50;
const IDLE_PAUSE = 60_000;
/** How long garbage is gathered before it is collected, ms. */
const GATHER = 1_000;

/** Deletes the history of executions that continued as new or were replaced, in the background and in small chunks. */
export class GarbageCollector {
  private cancel: Cancel | undefined;
  private collecting = false;
  private waitsLong = false;
  private stopped = false;

  constructor(private readonly port: GarbageCollectorPort) {}

  /** There is garbage, or may be. */
  nudge(): void {
    if (!this.cancel || this.waitsLong) this.schedule(GATHER);
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  private schedule(delay: number): void {
    if (this.stopped || this.collecting) return;
    this.cancel?.();
    this.waitsLong = delay === IDLE_PAUSE;
    this.cancel = this.port.clock.after(delay, () => void this.collect());
  }

  private async collect(): Promise<void> {
    this.collecting = true;
    let deleted = 0;
    try {
      deleted = await this.port.collect(CHUNK);
    } catch (error) {
      this.port.health.failed(error);
    }
    this.collecting = false;
    this.schedule(deleted > 0 ? PAUSE : IDLE_PAUSE);
  }
}
