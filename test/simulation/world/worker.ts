import { DurableClient } from '../../../lib/client/index.js';
import { DurableEngine } from '../../../lib/engine/durable-engine.js';
import { eventLoopLag } from '../../../lib/engine/event-loop-lag.js';
import type { HandlerRegistry } from '../../../lib/engine/handlers.js';
import type { EngineSettings } from '../../../lib/engine/settings.js';
import type { DurableLogger } from '../../../lib/core/logger.js';
import type { DurableStore } from '../../../lib/storage/store.js';
import type { Random } from '../../chaos/random.js';
import type { SimulatedProcess } from './process.js';

export interface WorkerPlan {
  readonly name: string;
  readonly isWorker: boolean;
  readonly settings: EngineSettings;
  readonly random: Random;
  newProcess(name: string): SimulatedProcess;
  handlers(process: SimulatedProcess): HandlerRegistry;
  store(process: SimulatedProcess): DurableStore;
  log(process: SimulatedProcess): DurableLogger;
  /** Runs something later, whether the process lives or not. */
  later(delay: number, run: () => void): void;
  trace(line: () => string): void;
}

/** One that is started again whenever it has ended: a place in a fleet, with one process after the other. */
export class Worker {
  process: SimulatedProcess | undefined;
  /** Of the process that has started and does not stop. */
  client: DurableClient | undefined;
  private engine: DurableEngine | undefined;
  private starts = 0;

  constructor(private readonly plan: WorkerPlan) {}

  get name(): string {
    return this.plan.name;
  }

  start(): void {
    const { plan } = this;
    this.starts += 1;
    const process = (this.process = plan.newProcess(`${plan.name}.${this.starts}`));
    plan.trace(() => `${process.name} starts`);
    const engine = (this.engine = new DurableEngine({
      hub: 'Simulation', store: plan.store(process), handlers: plan.handlers(process), settings: plan.settings, clock: process.clock,
      log: plan.log(process), worker: plan.isWorker,
    }));
    process.onDeath(() => {
      plan.trace(() => `${process.name} is dead`);
      this.client = undefined;
      letGo(engine);
      plan.later(this.restartDelay, () => this.start());
    });
    process.post(() => void this.begin(process, engine));
  }

  /** Nothing more happens in this world. */
  close(): void {
    if (this.engine) letGo(this.engine);
  }

  /** Ends it as a deployment does; its successor starts when it has ended. */
  replace(): void {
    const { process, engine } = this;
    if (!process?.isAlive || !engine || !this.client) return;
    this.client = undefined;
    process.post(() => void this.end(process, engine));
  }

  private async begin(process: SimulatedProcess, engine: DurableEngine): Promise<void> {
    try {
      await engine.prepare();
      await engine.start();
    } catch (error) {
      this.plan.trace(() => `${process.name} could not start: ${String(error)}`);
      process.die();
      return;
    }
    this.client = new DurableClient(engine.client);
  }

  private async end(process: SimulatedProcess, engine: DurableEngine): Promise<void> {
    this.plan.trace(() => `${process.name} stops`);
    try {
      await engine.close();
    } catch (error) {
      this.plan.trace(() => `${process.name} did not stop well: ${String(error)}`);
    }
    process.die();
  }

  private get restartDelay(): number {
    const { random } = this.plan;
    return random.chance(0.5) ? random.between(1, 300) : random.between(300, 10_000);
  }
}

/** All engines are in one Node process, which has one event loop: it would hold on to them for ever. */
function letGo(engine: DurableEngine): void {
  eventLoopLag.stop(engine['parts'].observation);
}
