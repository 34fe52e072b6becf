import { DurableEngine } from '../../../../lib/engine/durable-engine.js';
import type { HandlerRegistry } from '../../../../lib/engine/handlers.js';
import { DEFAULT_SETTINGS, type EngineSettings } from '../../../../lib/engine/settings.js';
import type { Cancel } from '../../../../lib/engine/clock.js';
import { VirtualClock } from '../../../../lib/testing/virtual-clock.js';
import type { ActivityFunction, EntityFunction, OrchestratorFunction } from '../../../../lib/core/handlers.js';
import type { OrchestrationContext } from '../../../../lib/core/index.js';
import { createStore } from '../../../../lib/storage/index.js';
import type { DurableStore, InstanceRow } from '../../../../lib/storage/store.js';
import { faultyStore, type FaultyStore } from './faulty-store.js';
import { TestLog } from './test-log.js';

export interface TestHandlers {
  readonly orchestrators?: Readonly<Record<string, (ctx: OrchestrationContext, input: never) => unknown>>;
  readonly activities?: Readonly<Record<string, ActivityFunction>>;
  /** In function form, by their names in lower case. */
  readonly entities?: Readonly<Record<string, EntityFunction>>;
}

export interface TestEngineOptions extends TestHandlers {
  readonly settings?: Partial<EngineSettings>;
  /** Another engine's store: both are then processes of one hub, which share its partitions as on a server. */
  readonly shared?: DurableStore;
  /** As on SQLite: of the engines that share it one works at a time, and whoever comes next takes all partitions at once. */
  readonly lock?: WorkerLock;
  readonly worker?: boolean;
}

/** Knows how many of its calls are still to come: what would keep a process from ending. */
export class CountingClock extends VirtualClock {
  readonly pending = new Set<object>();

  override after(delay: number, fn: () => void): Cancel {
    const entry = {};
    this.pending.add(entry);
    const cancel = super.after(delay, () => {
      this.pending.delete(entry);
      fn();
    });
    return () => {
      this.pending.delete(entry);
      cancel();
    };
  }
}

/** An engine on a database in memory, whose store's calls can be intercepted. */
export class TestEngine {
  readonly clock = new CountingClock();
  readonly log = new TestLog();
  readonly faults: FaultyStore;
  readonly engine: DurableEngine;

  private constructor(real: DurableStore, options: TestEngineOptions) {
    const { maxStatementBytes } = real.capabilities;
    const capabilities = options.lock ? { ...options.lock.capabilities(), maxStatementBytes } : { singleWorker: false, maxStatementBytes };
    this.faults = faultyStore(real, options.shared ? { capabilities, open: () => Promise.resolve({ hubId: 1, partitionCount: 4 }), close: async () => {} } : {});
    this.engine = new DurableEngine({
      hub: 'Test',
      store: this.faults.store,
      handlers: registry(options),
      settings: { ...DEFAULT_SETTINGS, partitionCount: 4, ...options.settings },
      clock: this.clock,
      log: this.log,
      worker: options.worker ?? true,
    });
  }

  /** An engine that is not started. */
  static create(options: TestEngineOptions): TestEngine {
    return new TestEngine(options.shared ?? createStore({ type: 'better-sqlite3', database: ':memory:' }), options);
  }

  static async start(options: TestEngineOptions): Promise<TestEngine> {
    const created = TestEngine.create(options);
    await created.engine.prepare();
    await created.engine.start();
    return created;
  }

  /** Starts an instance and answers its id; a given id is inserted first, a generated one starts eagerly. */
  async startNew(name: string, input?: unknown, instanceId?: string): Promise<string> {
    const text = input === undefined ? undefined : JSON.stringify(input);
    return (await this.engine.client.start({ name, input: text, instanceId }, 'replaceFinished')).instanceId;
  }

  raiseEvent(instanceId: string, name: string, data?: unknown) {
    const event = { type: 'EventRaised' as const, name, input: JSON.stringify(data) };
    return this.engine.client.send(instanceId, { type: 'Deliver', event }, ['Pending', 'Running', 'Suspended']);
  }

  finished(instanceId: string): Promise<InstanceRow | undefined> {
    return this.engine.client.waitUntilFinished(instanceId, undefined);
  }

  /** What the instance returned, once it has. */
  async result(instanceId: string): Promise<unknown> {
    const row = await this.finished(instanceId);
    if (row?.status !== 'Completed') throw new Error(`Instance '${instanceId}' is ${row?.status ?? 'missing'}: ${row?.failureDetails?.errorMessage}`);
    return row.output === undefined ? undefined : JSON.parse(row.output);
  }
}

/** The operating system's lock on a SQLite file, which ends with its process. */
export class WorkerLock {
  private holder: object | undefined;

  /** What a store of one process has of it. */
  capabilities() {
    const process = {};
    return {
      singleWorker: true,
      tryLockWorker: () => Promise.resolve((this.holder ??= process) === process),
      unlockWorker: () => Promise.resolve(this.free()),
    };
  }

  free(): void {
    this.holder = undefined;
  }
}

/** A database in memory with a hub of four partitions, for several engines. */
export async function sharedStore(): Promise<DurableStore> {
  const store = createStore({ type: 'better-sqlite3', database: ':memory:' });
  await store.open({ name: 'Test', partitionCount: 4 });
  return store;
}

function registry({ orchestrators = {}, activities = {}, entities = {} }: TestHandlers): HandlerRegistry {
  return {
    findOrchestrator(name, version) {
      const handler = orchestrators[name] as OrchestratorFunction | undefined;
      return handler && version === undefined ? { name, handler, source: `Test.${name}` } : undefined;
    },
    findActivity(name) {
      const handler = activities[name];
      return handler && { name, handler, source: `Test.${name}` };
    },
    findEntity(name) {
      const handler = entities[name];
      return handler && { name, source: `Test.${name}`, create: () => handler };
    },
    list: () => ({ orchestrators: Object.keys(orchestrators).map((name) => ({ name })), activities: Object.keys(activities), entities: Object.keys(entities) }),
    namesOf: () => new Map(),
    entityOf: (type) => {
      throw new TypeError(`${type.name} is no entity class.`);
    },
  };
}

/** A promise and what settles it: signals between a test and what it runs. */
export function signal<T = void>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
