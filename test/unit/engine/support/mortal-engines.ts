/** Engines that die of what they run, one after the other, on one database. */
import type { HistoryEvent } from '../../../../lib/core/history.js';
import { TransientStoreError } from '../../../../lib/storage/errors.js';
import type { DurableStore, InstanceRow } from '../../../../lib/storage/store.js';
import { sharedStore, signal, TestEngine, WorkerLock, type TestEngineOptions } from './test-engine.js';

/** By which an engine reaches the database. */
const CALLS = [
  'heartbeat', 'registerWorker', 'commit', 'readInbox', 'readTimers', 'getInstances', 'getInstanceHeads', 'loadInstances', 'loadEntities', 'readQueued', 'applyClientBatch', 'claimActivities', 'returnActivities',
  'completeForeignActivities', 'findLostClaims', 'findOverdue', 'readRunningActivities', 'releasePartitions', 'unregisterWorker', 'collectGarbage',
] as const;

export class MortalEngines {
  /** How many have died. */
  deaths = 0;
  private readonly lock = new WorkerLock();
  private readonly engines: TestEngine[] = [];
  private readonly buried = signal();
  private death = signal();
  private closed = false;

  private constructor(readonly store: DurableStore, private readonly options: TestEngineOptions) {}

  static async open(options: TestEngineOptions): Promise<MortalEngines> {
    return new MortalEngines(await sharedStore(), options);
  }

  /** The one that lives. */
  get current(): TestEngine {
    return this.engines.at(-1)!;
  }

  /** What they logged as errors. */
  get errors(): string[] {
    return this.engines.flatMap(({ log }) => log.lines.filter(({ level }) => level === 'error').map(({ text }) => text));
  }

  async start(changes: Partial<TestEngineOptions> = {}, created?: (engine: TestEngine) => void): Promise<TestEngine> {
    this.death = signal();
    const settings = { maxPollingInterval: 20, shutdownTimeout: 0, ...this.options.settings, ...changes.settings };
    const engine = TestEngine.create({ ...this.options, ...changes, settings, shared: this.store, lock: this.lock });
    this.engines.push(engine);
    created?.(engine);
    await engine.engine.prepare();
    await engine.engine.start();
    return engine;
  }

  /** As process.abort() does: nothing is given back, and nothing of the current engine reaches the database any more. */
  readonly die = (): void => {
    if (this.closed) return;
    this.deaths += 1;
    const gone = () => this.buried.promise.then(() => Promise.reject(new TransientStoreError('dead')));
    for (const call of CALLS) this.current.faults.intercept(call, gone);
    this.lock.free();
    this.death.resolve();
  };

  whenDead(): Promise<void> {
    return this.death.promise;
  }

  /** Starts an engine whenever one has died, until the instance has ended. @param created called with each before it starts */
  async outlive(instanceId: string, changes: Partial<TestEngineOptions> = {}, created?: (engine: TestEngine) => void): Promise<InstanceRow> {
    for (;;) {
      const { current, death } = this;
      const row = await Promise.race([current.finished(instanceId), death.promise]);
      if (row) return row;
      await this.start(changes, created);
    }
  }

  /** Resolves when the row of the instance is so. */
  untilRow(instanceId: string, holds: (row: InstanceRow) => boolean): Promise<void> {
    return this.until(async () => {
      const row = await this.row(instanceId);
      return row !== undefined && holds(row);
    });
  }

  /** Resolves when the history of the instance is so. */
  untilHistory(instanceId: string, holds: (history: readonly HistoryEvent[]) => boolean): Promise<void> {
    return this.until(async () => {
      const row = await this.row(instanceId);
      return row !== undefined && holds(await this.store.readHistory(row));
    });
  }

  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!this.closed && !(await holds())) await new Promise((resolve) => setImmediate(resolve));
  }

  async row(instanceId: string): Promise<InstanceRow | undefined> {
    return this.current.engine.client.getInstance(instanceId);
  }

  async close(): Promise<void> {
    this.closed = true;
    // Nothing of them is to be tried again.
    for (const { engine } of this.engines) for (const part of ['committer', 'activities', 'client'] as const) engine['parts'][part].stop();
    this.buried.resolve();
    await Promise.all(this.engines.map(({ engine }) => engine.close()));
    await this.store.close();
  }
}
