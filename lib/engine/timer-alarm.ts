import type { TimerKey, TimerRow } from '../storage/store.js';
import { Backoff } from './backoff.js';
import { MAX_DELAY, type Cancel, type Clock, type EngineTime } from './clock.js';
import type { Partition } from './partition.js';

export interface TimerAlarmPort {
  readonly clock: Clock;
  readonly time: EngineTime;
  partitions(): Iterable<Partition>;
  read(partition: Partition, options: { limit: number; after?: TimerKey }): Promise<TimerRow[]>;
  due(partition: Partition, timer: TimerRow): void;
}

/** Sleeps until the next timer of any owned partition is due [T1]: never early, exact, and without polling. */
export class TimerAlarm {
  private armedFor = Infinity;
  private cancel: Cancel | undefined;
  private stopped = false;
  private readonly unsubscribe: Cancel;

  constructor(private readonly port: TimerAlarmPort) {
    this.unsubscribe = port.clock.onSkew(() => this.ring());
  }

  /** Reads the partition's next timers when memory holds too few; goes on until that has succeeded. */
  async refill(partition: Partition): Promise<void> {
    const backoff = new Backoff(this.port.clock, { first: 50, max: 1_000 });
    while (!this.stopped && partition.state === 'owned') {
      try {
        await partition.timers.refill((options) => this.port.read(partition, options));
        break;
      } catch {
        await backoff.wait();
      }
    }
    this.arm(partition);
  }

  /** Sees to it that the partition's next timer is not missed. */
  arm(partition: Partition): void {
    const due = partition.timers.nextDue;
    if (due === undefined || due >= this.armedFor || this.stopped) return;
    this.cancel?.();
    this.armedFor = due;
    this.cancel = this.port.clock.after(Math.min(Math.max(due - this.port.time.now(), 0), MAX_DELAY), () => this.ring());
  }

  /** Engine time may have moved otherwise than the clock that the alarm was set by: a machine slept, the database's clock was set. */
  adjust(): void {
    if (this.armedFor === Infinity) return;
    this.armedFor = Infinity;
    for (const partition of this.port.partitions()) this.arm(partition);
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
    this.unsubscribe();
  }

  private ring(): void {
    this.cancel?.();
    this.armedFor = Infinity;
    if (this.stopped) return;
    const now = this.port.time.now();
    for (const partition of this.port.partitions()) {
      if (partition.state !== 'owned') continue;
      for (const timer of partition.timers.takeDue(now)) this.port.due(partition, timer);
      void this.refill(partition);
    }
  }
}
