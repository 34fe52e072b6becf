import type { CallOutcome, TimedCall } from '../contract.js';
import type { Random } from '../../chaos/random.js';
import type { Worker } from './worker.js';

export interface CallersWorld {
  readonly now: number;
  readonly random: Random;
  readonly workers: readonly Worker[];
  readonly client: Worker;
  later(delay: number, run: () => void): void;
  trace(line: () => string): void;
}

/** Until the client's process has started, ms. */
const LOOK_AGAIN = 100;

/** Makes the scenario's calls when their time has come, and notes what became of each. */
export class Callers {
  readonly outcomes: CallOutcome[] = [];
  private underWay: number;

  constructor(private readonly world: CallersWorld, calls: readonly TimedCall[]) {
    this.underWay = calls.length;
    for (const call of calls) world.later(call.at, () => this.make(call));
  }

  get areDone(): boolean {
    return this.underWay === 0;
  }

  private make(call: TimedCall): void {
    const { world } = this;
    const began = world.now;
    const ready = world.workers.filter(({ client }) => client);
    const caller = call.from === 'client' ? world.client : ready.length > 0 ? world.random.pick(ready) : undefined;
    if (caller === world.client && !caller.client) return world.later(LOOK_AGAIN, () => this.make(call));
    const end = this.ending(call, began);
    if (!caller?.client || !caller.process) return end({ kind: 'unknown' });
    const { client, process } = caller;
    world.trace(() => `${process.name} calls ${call.title}`);
    process.onDeath(() => end({ kind: 'unknown' }));
    process.post(() => {
      Promise.resolve()
        .then(() => call.run(client, process))
        .then((result) => end({ kind: 'answered', result }), (error: unknown) => end({ kind: 'failed', error: error as Error }));
    });
  }

  /** What is told first counts. */
  private ending(call: TimedCall, began: number): (how: Pick<CallOutcome, 'kind' | 'result' | 'error'>) => void {
    let hasEnded = false;
    return (how) => {
      if (hasEnded) return;
      hasEnded = true;
      this.underWay -= 1;
      this.outcomes.push({ call, began, ended: this.world.now, ...how });
      this.world.trace(() => `${call.title} ${how.kind}${how.error ? `: ${how.error.message}` : ''}`);
    };
  }
}
