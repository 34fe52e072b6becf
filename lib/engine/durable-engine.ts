/**
 * The engine of one process in one task hub, from its start to its end. What it consists of is in engine-parts.ts; ARCHITECTURE.md
 * follows one orchestration through it.
 */
import { Backoff } from './backoff.js';
import type { ClientSide } from './client-side.js';
import { within } from './clock.js';
import { drain } from './drain.js';
import { EngineParts, type EngineOptions } from './engine-parts.js';

/** How long the first connection is tried for, ms. */
const CONNECT_TIMEOUT = 10_000;
/** How long a stop waits for a start that is still under way, ms. */
const START_GRACE = 5_000;
/** How long a stop tries to give the partitions back; their leases end anyway, ms. */
const RELEASE_TIMEOUT = 5_000;

export class DurableEngine {
  private readonly parts: EngineParts;
  private stage: 'new' | 'prepared' | 'started' | 'stopping' = 'new';
  /** The step of the start that is under way, or the last one; it does not fail. */
  private starting: Promise<void> = Promise.resolve();
  private draining: Promise<void> | undefined;
  private releasing: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: EngineOptions) {
    this.parts = new EngineParts(options, () => this.stage === 'started');
  }

  /** What the client of this process works through, once the engine has started. */
  get client(): ClientSide {
    return this.parts.client;
  }

  /** Connects, migrates and creates the hub when it is new. */
  prepare(): Promise<void> {
    return this.stage === 'new' ? this.step(this.prepareOnce()) : Promise.resolve();
  }

  private async prepareOnce(): Promise<void> {
    const { store, hub, settings, log } = this.options;
    const info = await this.connect(() => store.open({ name: hub, partitionCount: settings.partitionCount }));
    const { server } = store.capabilities;
    if (server !== undefined) log.log(`Task hub '${hub}': on ${server}.`);
    if (info.partitionCount !== settings.partitionCount) {
      log.warn(`Task hub '${hub}' was created with ${info.partitionCount} partitions; the setting partitionCount ${settings.partitionCount} is ignored.`);
    }
    this.parts.partitionCount = info.partitionCount;
    this.parts.time.sync(await this.connect(() => store.time()));
    this.stage = 'prepared';
  }

  /** Registers this process with the hub, takes partitions and begins to work. */
  start(): Promise<void> {
    return this.stage === 'prepared' ? this.step(this.startOnce()) : Promise.resolve();
  }

  private async startOnce(): Promise<void> {
    this.stage = 'started';
    this.parts.observation.start();
    await this.connect(() => this.parts.ownership.members.register());
    await this.parts.ownership.members.start();
    if (this.options.worker) this.parts.poller.nudge();
  }

  /** Takes up nothing more and waits for what runs, for `shutdownTimeout` at most; then aborts it. */
  drain(): Promise<void> {
    return (this.draining ??= this.drainOnce());
  }

  /** Gives the partitions back, so that other workers go on at once. */
  release(): Promise<void> {
    return (this.releasing ??= this.drain().then(() => this.releaseOnce()));
  }

  /** Drains and releases, if that is still to be done, and closes the store. */
  close(): Promise<void> {
    return (this.closing ??= this.release().then(() => this.options.store.close()));
  }

  private async drainOnce(): Promise<void> {
    const hasStarted = this.stage === 'started';
    this.stage = 'stopping';
    // It gives up where it is. A store that does not even answer holds nothing up for longer.
    await within(this.options.clock, this.options.clock.monotonic() + START_GRACE, this.starting);
    if (!hasStarted) return;
    await drain(this.parts, this.options.settings.shutdownTimeout);
  }

  private async releaseOnce(): Promise<void> {
    const released = this.parts.ownership.release().catch((error: unknown) => this.parts.health.failed(error));
    const { clock } = this.options;
    await within(clock, clock.monotonic() + RELEASE_TIMEOUT, released);
  }

  private step(step: Promise<void>): Promise<void> {
    this.starting = step.catch(() => undefined);
    return step;
  }

  private assertNotStopping(): void {
    if (this.stage === 'stopping') throw new Error(`Task hub '${this.options.hub}': the application was closed before it had started.`);
  }

  private async connect<T>(attempt: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(this.options.clock, { first: 100, max: 2_000 });
    const deadline = this.options.clock.monotonic() + CONNECT_TIMEOUT;
    for (;;) {
      try {
        this.assertNotStopping();
        const answer = await attempt();
        this.assertNotStopping();
        return answer;
      } catch (error) {
        if (!this.parts.health.isTransient(error) || this.options.clock.monotonic() > deadline) throw error;
        this.parts.health.failed(error);
        await backoff.wait();
      }
    }
  }
}
