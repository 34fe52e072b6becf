import type { HandlerRegistry } from '../../../lib/engine/handlers.js';
import type { DurableLogger } from '../../../lib/core/logger.js';
import type { EngineSettings } from '../../../lib/engine/settings.js';
import { readTablesBy } from '../../chaos/checker/tables.js';
import type { Random } from '../../chaos/random.js';
import type { AuditEntry, Effect, RunRecord, Scenario } from '../contract.js';
import { Callers } from './callers.js';
import { Disturbances, MAX_CLOCK_ERROR } from './disturbances.js';
import { Faults, type FaultKind } from './faults.js';
import { enter } from './globals.js';
import type { Lane } from './lane.js';
import { MemoryDatabase } from './memory-database.js';
import { SimulatedProcess } from './process.js';
import { remoteStore, type Network } from './remote-store.js';
import { Scheduler } from './scheduler.js';
import { randomSettings } from './settings.js';
import type { SubmittedCommit, WrittenCommit } from './simulated-database.js';
import { Trace } from './trace.js';
import { findUnsettled } from './unsettled.js';
import { Worker } from './worker.js';

/** Virtual ms between the beginnings of two seeds' calendars: more than a run takes. */
const CALENDAR = 10_000_000;
const FIRST_DAY = 1_800_000_000_000;
/** How long after the last fault everything must have ended, ms. */
const PATIENCE = 30 * 60_000;
/** How often it is looked whether it has, ms. */
const LOOK = 500;
/** How long it must stay so, ms. */
const AFTERMATH = 3_000;
/** How long things go wrong, ms; at least until the scenario's last call. */
const DISTURBANCE = { least: 5_000, most: 60_000 };
const MAX_WORKERS = 4;
/** Of clocks that gain or lose, as a share. */
const MAX_DRIFT = 0.002;
/** How long code blocks the event loop between two looks at the clock, when it does, ms. */
const MAX_BLOCK = 30;

/** The processes of a run, the database that they share, and what goes wrong between them. */
export class World {
  readonly written: WrittenCommit[] = [];
  readonly submitted: SubmittedCommit[] = [];
  /** What was thrown where nobody could catch it. */
  readonly failures: string[] = [];
  readonly patience = PATIENCE;
  private readonly scheduler: Scheduler;
  private readonly faults: Faults;
  private readonly trace: Trace;
  private readonly settings: EngineSettings;
  private readonly lane: Lane;
  private readonly databaseLane: Lane;
  /** And the client. */
  private readonly workers: Worker[] = [];
  private readonly effects: Effect[] = [];
  private readonly log: string[] = [];
  private memory!: MemoryDatabase;
  private clockError = 0;
  private isAway = false;

  private constructor(private readonly seed: number, private readonly random: Random, private readonly scenario: Scenario, write?: (line: string) => void) {
    this.scheduler = new Scheduler(random.fork(), (error) => this.failed(error));
    this.trace = new Trace(() => this.now, write);
    this.faults = new Faults(random.fork(), (kind, detail) => this.trace.add(`! ${kind}: ${detail}`));
    this.settings = randomSettings(random.fork());
    this.lane = this.scheduler.lane('world');
    this.databaseLane = this.scheduler.lane('database');
    const chance = random.fork();
    const { scheduler } = this;
    const epoch = this.epoch;
    enter({
      get lane() {
        return scheduler.current;
      },
      get time() {
        return epoch + Math.floor(scheduler.now);
      },
      monotonic: () => scheduler.now + (scheduler.current?.busyUntil ?? 0),
      random: chance,
    });
  }

  static async open(seed: number, random: Random, scenario: Scenario, write?: (line: string) => void): Promise<World> {
    const world = new World(seed, random, scenario, write);
    world.memory = await MemoryDatabase.open(world);
    return world;
  }

  get now(): number {
    return this.scheduler.now;
  }

  get isCalm(): boolean {
    return this.faults.isCalm;
  }

  get faultCounts(): Partial<Record<FaultKind, number>> {
    return Object.fromEntries(this.faults.counts);
  }

  databaseTime(): number {
    // Between two milliseconds, as the dialect cuts off what a division has left.
    return this.epoch + Math.floor(this.now + this.clockError) + 0.5;
  }

  /** Runs the scenario until everything has ended, or until nobody can wait any longer. */
  async run(): Promise<RunRecord> {
    const { random, scenario, scheduler } = this;
    const network = this.network();
    const workers = Array.from({ length: random.between(1, MAX_WORKERS) }, (_, index) => this.worker(network, `w${index + 1}`, true));
    const client = this.worker(network, 'client', false);
    const later = (delay: number, run: () => void) => this.later(delay, run);
    const callers = new Callers({ ...this.tools(), random: random.fork(), workers, client, later }, scenario.calls);
    const disturbances = new Disturbances({
      faults: this.faults, workers, client, later,
      leaseDuration: this.settings.leaseDuration,
      setAway: (isAway) => (this.isAway = isAway),
      moveClock: (ms) => (this.clockError += ms),
    });
    client.start();
    for (const worker of workers) later(random.between(0, 1_000), () => worker.start());
    disturbances.begin();
    const last = Math.max(0, ...scenario.calls.map(({ at }) => at));
    const healed = Math.max(last, random.between(DISTURBANCE.least, DISTURBANCE.most));
    let isSettled = false;
    later(healed, () => {
      this.trace.add('the world is healed');
      this.faults.end();
      disturbances.end();
      this.whenSettled(callers, () => (isSettled = true));
    });
    await scheduler.run(healed + PATIENCE, () => isSettled);
    return {
      isSettled,
      tables: await readTablesBy((sql) => Promise.resolve(this.memory.rows(sql))),
      audit: this.memory.audit(),
      effects: this.effects,
      outcomes: callers.outcomes,
      log: this.log,
    };
  }

  /** What has not come to its end. */
  unsettled(): string[] {
    return findUnsettled(this.memory);
  }

  digest(audit: readonly AuditEntry[]): string {
    for (const entry of audit) this.trace.add(JSON.stringify(entry));
    return this.trace.digest();
  }

  close(): void {
    enter(undefined);
    for (const worker of this.workers) worker.close();
    this.memory.close();
  }

  /** By the step that runs, or by a promise that nobody waits for. */
  failed(error: unknown): void {
    this.failures.push(`Uncaught in ${this.scheduler.current?.name ?? 'the world'}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  private get epoch(): number {
    return FIRST_DAY + this.seed * CALENDAR;
  }

  private later(delay: number, run: () => void): void {
    this.lane.after(delay, run);
  }

  private whenSettled(callers: Callers, settled: () => void, since = this.now): void {
    const isSettled = callers.areDone && this.unsettled().length === 0;
    const from = isSettled ? since : this.now + LOOK;
    if (this.now - from >= AFTERMATH) settled();
    else this.later(LOOK, () => this.whenSettled(callers, settled, from));
  }

  private tools() {
    const { scheduler } = this;
    return {
      get now() {
        return scheduler.now;
      },
      trace: (line: () => string) => this.trace.add(line()),
    };
  }

  private network(): Network {
    const { scheduler, memory, faults, databaseLane: lane, written, submitted, settings } = this;
    const isAway = () => this.isAway;
    return {
      memory, faults, lane, written, submitted,
      leaseDuration: settings.leaseDuration,
      get now() {
        return scheduler.now;
      },
      get isAway() {
        return isAway();
      },
      trace: (line) => this.trace.add(line()),
    };
  }

  private worker(network: Network, name: string, isWorker: boolean): Worker {
    const { random, faults, scheduler, effects } = this;
    const clocks = random.fork();
    const codeTakes = (process: string) => (faults.strikes('event loop blocked', process) ? faults.random.next() * MAX_BLOCK : 0);
    const begins = (work: string, process: SimulatedProcess) => this.checkLease(work, process);
    const worker = new Worker({
      name, isWorker,
      settings: this.settings,
      random: random.fork(),
      newProcess: (title) =>
        new SimulatedProcess(title, isWorker, { scheduler, effects, codeTakes, begins }, 1 + (clocks.next() * 2 - 1) * MAX_DRIFT, clocks.between(0, 1_000_000)),
      handlers: (process) => (isWorker ? this.scenario.handlers(process) : withoutHandlers(this.scenario.handlers(process))),
      store: (process) => remoteStore(network, process),
      log: (process) => this.logOf(process),
      later: (delay, run) => this.later(delay, run),
      trace: (line) => this.trace.add(line()),
    });
    this.workers.push(worker);
    return worker;
  }

  /** What begins while the lease may have ended may begin elsewhere too. */
  private checkLease(work: string, { name, incarnation }: SimulatedProcess): void {
    const [lease] = this.memory.rows<{ expires_at: number }>('SELECT expires_at FROM durable_workers WHERE incarnation = ?', incarnation);
    const late = lease ? this.databaseTime() - lease.expires_at : Infinity;
    // The database's clock may have been moved since the lease was prolonged.
    if (late > MAX_CLOCK_ERROR * this.settings.leaseDuration) this.failures.push(`I2: ${work} began in ${name} at ${this.now.toFixed(0)} ms, ${late.toFixed(0)} ms after its lease had ended.`);
  }

  private logOf({ name }: SimulatedProcess): DurableLogger {
    const write = (level: string) => (message: unknown) => {
      const line = `${name} ${level}: ${message instanceof Error ? (message.stack ?? message.message) : String(message)}`;
      this.trace.add(line);
      if (level !== 'log') this.log.push(line);
    };
    return { log: write('log'), warn: write('warn'), error: write('error') };
  }
}

/** As of a process that is client only. */
function withoutHandlers(registry: HandlerRegistry): HandlerRegistry {
  return {
    findOrchestrator: () => undefined,
    findActivity: () => undefined,
    findEntity: () => undefined,
    list: () => ({ orchestrators: [], activities: [], entities: [] }),
    namesOf: (type, kind) => registry.namesOf(type, kind),
    entityOf: (type) => registry.entityOf(type),
  };
}
