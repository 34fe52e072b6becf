import type { Random } from '../../chaos/random.js';
import { realImmediate } from './globals.js';
import { Lane, type Timeline } from './lane.js';

/**
 * Virtual time, and which process has its turn. One step at a time, chosen by chance among those that are ready; promises have settled
 * before the next. Time stands still while somebody is ready, then jumps to what is due next.
 */
export class Scheduler implements Timeline {
  now = 0;
  /** Whose step runs. */
  current: Lane | undefined;
  steps = 0;
  private lanes: Lane[] = [];

  /** @param failed is told of what a step threw */
  constructor(private readonly random: Random, private readonly failed: (error: unknown) => void) {}

  lane(name: string): Lane {
    const lane = new Lane(name, this);
    this.lanes.push(lane);
    return lane;
  }

  /** Runs until it is over, until nothing is left to do, or until the virtual time `limit`. */
  async run(limit: number, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      this.lanes = this.lanes.filter(({ state }) => state !== 'dead');
      const ready = this.lanes.filter(({ nextAt }) => nextAt <= this.now);
      if (ready.length > 0) {
        await this.step(ready.length === 1 ? ready[0]! : this.random.pick(ready));
        continue;
      }
      const next = Math.min(...this.lanes.map(({ nextAt }) => nextAt));
      if (next > limit) return;
      this.now = next;
    }
  }

  private async step(lane: Lane): Promise<void> {
    this.steps += 1;
    this.current = lane;
    try {
      lane.take(this.random)();
    } catch (error) {
      this.failed(error);
    }
    // SQLite answers at once, so whatever the step leads to happens now, up to the next setImmediate or timer.
    await new Promise<void>((resolve) => realImmediate(resolve));
    this.current = undefined;
  }
}
