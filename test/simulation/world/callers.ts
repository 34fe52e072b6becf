import type { CallOutcome, TimedCall } from '../contract.js';
import type { Random } from '../../chaos/random.js';
import type { Worker } from './worker.js';

export interface CallersWorld {
  readonly now: number;
  readonly random: Random;
  readonly workers: readonly Worker[];
  readonly client: Worker;
  readonly later: (delay: number, run: () => void) => void;
  trace(line: () => string): void;
}

/** Until the client's process has started, ms. */
const LOOK_AGAIN = 100;

/** Makes the scenario's calls when their time has come, and notes what became of each. */
export class Callers {
  readonly outcomes: CallOutcome[] = [];
  private underWay: number;
  /** Of the client, in their order: its process has not started yet. */
  private readonly waiting: TimedCall[] = [];

  constructor(private readonly world: CallersWorld, calls: readonly TimedCall[]) {
    this.underWay = calls.length;
    for (const call of calls) world.later(call.at, () => this.take(call));
  }

  get areDone(): boolean {
    return this.underWay === 0;
  }

  private take(call: TimedCall): void {
    if (call.from === 'client') {
      this.waiting.push(call);
      if (this.waiting.length === 1) this.makeWaiting();
      return;
    }
    const ready = this.world.workers.filter(({ client }) => client);
    this.make(call, ready.length > 0 ? this.world.random.pick(ready) : undefined);
  }

  private makeWaiting(): void {
    const { client, later } = this.world;
    if (client.client) for (const call of this.waiting.splice(0)) this.make(call, client);
    else later(LOOK_AGAIN, () => this.makeWaiting());
  }

  private make(call: TimedCall, caller: Worker | undefined): void {
    const { world } = this;
    const began = world.now;
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
