import type { DurableLogger } from '../core/logger.js';
import type { Clock } from './clock.js';

/**
 * Where errors end up that nobody foresaw, from callbacks that nobody waits for: a defect of the engine must neither end the process
 * nor stop a loop without a word, and what it has nothing to do with goes on.
 */
export class Defects {
  constructor(private readonly log: DurableLogger) {}

  /** @param what it was about, in words, with the instance where there is one */
  guard(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.tell(what, error);
    }
  }

  tell(what: string, error: unknown): void {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    this.log.error(`${what} failed by a defect of nestjs-durable; please report it. ${message}`, stack);
  }

  /** The clock, with its callbacks guarded. */
  clock(clock: Clock): Clock {
    const guarded = (what: string, run: () => void) => () => this.guard(what, run);
    return {
      get skew() {
        return clock.skew;
      },
      monotonic: () => clock.monotonic(),
      after: (delay, fn) => clock.after(delay, guarded('What was to be done after a while', fn)),
      onSkew: (listener) => clock.onSkew(guarded('What was to be done as the clock was moved', listener)),
    };
  }
}
