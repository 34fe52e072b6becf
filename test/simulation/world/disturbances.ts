import type { Faults, FaultKind } from './faults.js';
import type { Worker } from './worker.js';

export interface Disturbed {
  readonly faults: Faults;
  readonly workers: readonly Worker[];
  /** The process that only has a client. It is paused like others, but never dies. */
  readonly client: Worker;
  readonly leaseDuration: number;
  /** Runs something after so many ms. */
  readonly later: (delay: number, run: () => void) => void;
  readonly setAway: (isAway: boolean) => void;
  /** Moves the database's clock by so many ms. */
  readonly moveClock: (ms: number) => void;
}

const MINUTE = 60_000;
/** Share of the lease by which the database's clock may be wrong: half the margin that the engine keeps. */
export const MAX_CLOCK_ERROR = 0.05;

/** What goes wrong by itself, not in the middle of a call: at random times, as often as the faults' rates say. */
export class Disturbances {
  private clockError = 0;
  private hasEnded = false;

  constructor(private readonly world: Disturbed) {}

  begin(): void {
    const { workers, client } = this.world;
    this.repeat('database away', 'the database', () => this.cutOff());
    this.repeat('database clock forward', 'the database', () => this.moveClock(1));
    this.repeat('database clock back', 'the database', () => this.moveClock(-1));
    this.repeat('process paused', client.name, () => this.pause(client));
    for (const worker of workers) {
      this.repeat('process paused', worker.name, () => this.pause(worker));
      this.repeat('process killed', worker.name, () => worker.process?.die());
      this.repeat('process replaced', worker.name, () => worker.replace());
    }
  }

  /** Nothing begins any more, and what is going on ends. */
  end(): void {
    this.hasEnded = true;
    this.world.setAway(false);
    for (const { process } of [...this.world.workers, this.world.client]) process?.resume();
  }

  private repeat(kind: FaultKind, detail: string, strike: () => void): void {
    const { faults, later } = this.world;
    const rate = faults.rate(kind);
    if (rate === 0) return;
    later((-Math.log(1 - faults.random.next()) * MINUTE) / rate, () => {
      if (this.hasEnded) return;
      if (faults.happens(kind, detail)) strike();
      this.repeat(kind, detail, strike);
    });
  }

  private pause({ process }: Worker): void {
    const { faults, leaseDuration, later } = this.world;
    if (!process?.pause()) return;
    const length = faults.random.chance(0.4) ? faults.random.between(1, leaseDuration) : faults.random.between(leaseDuration, 3 * leaseDuration);
    later(length, () => process.resume());
  }

  private cutOff(): void {
    const { faults, leaseDuration, later, setAway } = this.world;
    setAway(true);
    later(faults.random.between(10, 2 * leaseDuration), () => setAway(false));
  }

  private moveClock(direction: 1 | -1): void {
    const { faults, leaseDuration, moveClock } = this.world;
    const step = direction * faults.random.between(1, MAX_CLOCK_ERROR * leaseDuration);
    const error = Math.max(-MAX_CLOCK_ERROR * leaseDuration, Math.min(MAX_CLOCK_ERROR * leaseDuration, this.clockError + step));
    moveClock(error - this.clockError);
    this.clockError = error;
  }
}
