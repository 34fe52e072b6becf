import type { BenchApplication } from './application/application.js';

/** Sequences under way all the time: whenever one ends, the next begins. */
export class SteadyLoad {
  private completed = 0;
  private stopped = false;
  private awaited: { readonly completed: number; readonly reached: () => void } | undefined;
  private readonly running: Promise<unknown>;

  /** @param newId ids for the sequences, where the module is not to choose them */
  constructor(private readonly app: BenchApplication, inFlight: number, private readonly newId: () => string | undefined = () => undefined) {
    this.running = Promise.all(Array.from({ length: inFlight }, () => this.repeat()));
  }

  /** Sequences per second, over the next `count`. */
  measure(count: number): Promise<number> {
    return this.measureDuring(new Promise<void>((reached) => (this.awaited = { completed: this.completed + count, reached })));
  }

  /** Sequences per second, until `work` has ended. */
  async measureDuring(work: Promise<unknown>): Promise<number> {
    const before = this.completed;
    const begin = performance.now();
    // The load ends first only when it fails.
    await Promise.race([work, this.running]);
    return ((this.completed - before) / (performance.now() - begin)) * 1_000;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async repeat(): Promise<void> {
    while (!this.stopped) {
      await this.app.run(this.completed, this.newId());
      this.completed += 1;
      if (this.completed === this.awaited?.completed) this.awaited.reached();
    }
  }
}
