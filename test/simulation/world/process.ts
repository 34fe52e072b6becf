import type { Cancel, Clock } from '../../../lib/engine/clock.js';
import type { Effect, VirtualProcess } from '../contract.js';
import type { Lane } from './lane.js';
import type { Scheduler } from './scheduler.js';

/** What processes have in common. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly effects: Effect[];
  /** How long the code between two looks at the clock blocks the event loop, ms. */
  codeTakes(process: string): number;
  /** Something outside of the database begins in the process. */
  begins(work: string, process: SimulatedProcess): void;
}

/** One start of a worker, or the client: its lane, its clock, and its end. */
export class SimulatedProcess implements VirtualProcess {
  readonly lane: Lane;
  readonly clock: Clock;
  /** As the workers' table has it, once it is there. */
  incarnation: string | undefined;
  private readonly deathListeners: (() => void)[] = [];

  /**
   * @param isMortal whether faults may end it
   * @param rate of its monotonic clock: 1.01 gains a hundredth
   * @param bootedAt what its monotonic clock shows at virtual time 0
   */
  constructor(readonly name: string, readonly isMortal: boolean, private readonly around: Surroundings, private readonly rate: number, private readonly bootedAt: number) {
    this.lane = around.scheduler.lane(name);
    this.clock = {
      skew: 0,
      monotonic: () => this.monotonic(),
      after: (delay, run) => this.after(delay, run),
      onSkew: () => () => undefined,
    };
  }

  get isAlive(): boolean {
    return this.lane.state !== 'dead';
  }

  monotonic(): number {
    const { scheduler } = this.around;
    if (scheduler.current === this.lane) this.lane.busyUntil = Math.max(this.lane.busyUntil, scheduler.now) + this.around.codeTakes(this.name);
    return this.bootedAt + Math.max(scheduler.now, this.lane.busyUntil) * this.rate;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.lane.after(ms, resolve));
  }

  effect(effect: Omit<Effect, 'at' | 'process'>): void {
    if (effect.kind === 'begin') this.around.begins(effect.work, this);
    this.around.effects.push({ ...effect, at: this.around.scheduler.now, process: this.name });
  }

  /** Runs something in this process. */
  post(run: () => void): void {
    this.lane.after(0, run);
  }

  onDeath(listener: () => void): void {
    if (this.isAlive) this.deathListeners.push(listener);
    else listener();
  }

  /** As by SIGSTOP; answers false when it does not run. */
  pause(): boolean {
    if (this.lane.state !== 'running') return false;
    this.lane.state = 'paused';
    return true;
  }

  /** As by SIGCONT. */
  resume(): void {
    if (this.lane.state === 'paused') this.lane.state = 'running';
  }

  /** As by kill -9: it does nothing any more, and nothing reaches it. */
  die(): void {
    if (!this.isAlive) return;
    this.lane.die();
    for (const listener of this.deathListeners.splice(0)) listener();
  }

  private after(delay: number, run: () => void): Cancel {
    return this.lane.after(delay / this.rate, run);
  }
}
