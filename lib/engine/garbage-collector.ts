import { ChunkPace } from './chunk-pace.js';
import type { Cancel, Clock } from './clock.js';
import type { StoreHealth } from './store-health.js';

export interface GarbageCollectorPort {
  readonly clock: Clock;
  readonly health: StoreHealth;
  /** Deletes up to `limit` rows; answers how many there were. */
  collect(limit: number): Promise<number>;
}

/** Until the next look when there was nothing to do, ms: purges by other processes tell nobody. */
const IDLE_PAUSE = 60_000;
/** How long garbage is gathered before it is collected, ms. */
const GATHER = 1_000;

/** Deletes the history of executions that continued as new, were replaced or purged, in the background and in small chunks. */
export class GarbageCollector {
  private cancel: Cancel | undefined;
  private collecting = false;
  private waitsLong = false;
  private stopped = false;
  private readonly pace: ChunkPace;

  constructor(private readonly port: GarbageCollectorPort) {
    this.pace = new ChunkPace(port.clock);
  }

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
      deleted = await this.pace.run((size) => this.port.collect(size));
    } catch (error) {
      this.port.health.failed(error);
    }
    this.collecting = false;
    this.schedule(deleted > 0 ? this.pace.pause : IDLE_PAUSE);
  }
}
