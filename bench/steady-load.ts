import type { BenchApplication } from './application.js';

/** Sequences under way all the time: whenever one ends, the next begins. */
export class SteadyLoad {
  private completed = 0;
  private stopped = false;
  private listeners: { readonly at: number; readonly resolve: () => void }[] = [];
  private readonly running: Promise<unknown>;

  constructor(private readonly app: BenchApplication, inFlight: number) {
    this.running = Promise.all(Array.from({ length: inFlight }, () => this.repeat()));
  }

  /** Sequences per second, over the next `count`. */
  async measure(count: number): Promise<number> {
    const begin = performance.now();
    const reached = new Promise<void>((resolve) => this.listeners.push({ at: this.completed + count, resolve }));
    // The load runs until it is stopped: it ends first only when it fails.
    await Promise.race([reached, this.running]);
    return (count / (performance.now() - begin)) * 1_000;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async repeat(): Promise<void> {
    while (!this.stopped) {
      await this.app.run(this.completed);
      this.completed += 1;
      for (const { resolve } of this.listeners.filter(({ at }) => at <= this.completed)) resolve();
      this.listeners = this.listeners.filter(({ at }) => at > this.completed);
    }
  }
}
