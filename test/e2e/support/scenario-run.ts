import { isDeepStrictEqual } from 'node:util';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { DurableClient, type DurableOrchestrationStatus, type EntityId, type HistoryRecord, type StartOptions } from 'nestjs-durable';
import type { VirtualClock } from 'nestjs-durable/testing';
import type { DatabaseKind } from '../../support/databases.js';
import { PATIENCE, type Gates } from './gates.js';
import { recordRun, type RunRecord } from './histories.js';
import { LOG_LINES, type LogLine } from './log-lines.js';
import type { AppOptions, ScenarioApp } from './scenario-app.js';
import type { EntityRows, WaitingWork } from './waiting-work.js';

export type Mode = 'warm' | 'cold';

/** What a scenario works with, in one database and mode. Its functions may be destructured. */
export class ScenarioRun {
  readonly database: DatabaseKind;
  private readonly beside: INestApplicationContext[] = [];

  constructor(
    private readonly app: ScenarioApp,
    readonly mode: Mode,
    private readonly number: number,
  ) {
    this.database = app.kind;
  }

  get client(): DurableClient {
    return this.app.context.get(DurableClient, { strict: false });
  }

  /** `advance(ms)` moves engine time: durable timers. */
  get clock(): VirtualClock {
    return this.app.clock;
  }

  get gates(): Gates {
    return this.app.gates;
  }

  /** An instance id of this scenario's own, the same in both modes. */
  readonly id = (label: string): string => `s${this.number}-${label}`;

  /** A provider of the application. */
  readonly get = <T>(type: Type<T>): T => this.app.context.get(type, { strict: false });

  readonly start = (name: string, input?: unknown, options?: StartOptions): Promise<string> =>
    this.client.startNew(name, { ...options, input });

  /** Starts an orchestration and answers how it ended. */
  readonly run = async (name: string, input?: unknown, options?: StartOptions): Promise<DurableOrchestrationStatus> =>
    this.ended(await this.start(name, input, options));

  /** The status of an instance, once it is finished. */
  readonly ended = (instanceId: string): Promise<DurableOrchestrationStatus> =>
    this.client.waitForCompletion(instanceId, { timeout: PATIENCE });

  /** The output of an instance, once it is Completed; fails when it ends otherwise. */
  readonly output = async (instanceId: string): Promise<unknown> => {
    const status = await this.ended(instanceId);
    if (status.runtimeStatus === 'Completed') return status.output;
    throw new Error(`Instance '${instanceId}' is ${status.runtimeStatus}: ${JSON.stringify(status.output)}`);
  };

  /** The status, once the condition holds. */
  readonly until = async (
    instanceId: string,
    condition: (status: DurableOrchestrationStatus) => boolean,
  ): Promise<DurableOrchestrationStatus> => {
    let last: DurableOrchestrationStatus | null = null;
    await this.eventually(
      async () => {
        last = await this.client.getStatus(instanceId, { showHistory: true, showHistoryOutput: true });
        return last !== null && condition(last);
      },
      () => `instance '${instanceId}': ${JSON.stringify(last, null, 1)}`,
    );
    return last!;
  };

  /** Asks again and again until the answer is yes: for what gives no signal. */
  readonly eventually = async (question: () => boolean | Promise<boolean>, what: () => string = () => String(question)): Promise<void> => {
    const deadline = performance.now() + PATIENCE;
    while (!(await question())) {
      if (performance.now() > deadline) throw new Error(`Waited in vain for ${what()}`);
      await new Promise(setImmediate);
    }
  };

  /** The state of an entity as last committed; `undefined` when it does not exist. */
  readonly state = async (entity: EntityId): Promise<unknown> => (await this.client.readEntityState(entity)).entityState;

  /** Resolves when the state of an entity is this: for signals, which tell nobody that they were carried out. */
  readonly stateBecomes = async (entity: EntityId, wanted: unknown): Promise<void> => {
    let last: unknown;
    await this.eventually(
      async () => isDeepStrictEqual((last = await this.state(entity)), wanted),
      () => `the state ${JSON.stringify(wanted)} of entity '${String(entity)}': it is ${JSON.stringify(last)}`,
    );
  };

  /** The history of an instance's current generation, with inputs and results. */
  readonly history = async (instanceId: string): Promise<readonly HistoryRecord[]> => {
    const status = await this.client.getStatus(instanceId, { showHistory: true, showHistoryOutput: true });
    if (!status?.history) throw new Error(`There is no instance '${instanceId}'.`);
    return status.history;
  };

  /** What was logged since the scenario began, of lines that hold `part`. */
  readonly logged = (part: string): LogLine[] => LOG_LINES.about(part);

  /** What the database still holds to be done for an instance. */
  readonly waitingWork = (instanceId: string): Promise<WaitingWork> => this.app.waitingWork(instanceId);

  /** What the database holds for an entity. */
  readonly entityRows = (entity: EntityId): Promise<EntityRows> => this.app.entityRows(String(entity));

  /** Stops the application; `startAgain` brings up a new one on the same database. */
  readonly stop = (): Promise<void> => this.app.stop();

  /** Starts the application again, with other handlers or settings when `changes` says so. Ask for `client` anew. */
  readonly startAgain = (changes?: Partial<AppOptions>): Promise<void> => this.app.start(changes);

  /** Starts another process beside the running one (MySQL, or a client on SQLite); it is closed after the scenario. */
  readonly startBeside = async (changes?: Partial<AppOptions>): Promise<INestApplicationContext> => {
    const context = await this.app.create(changes);
    this.beside.push(context);
    return context;
  };

  /** Plays the scenario and answers what it left in the database. */
  async play(body: (run: ScenarioRun) => Promise<void>): Promise<RunRecord> {
    LOG_LINES.clear();
    try {
      await body(this);
    } catch (error) {
      await this.end();
      // What it has left behind is no business of the next scenario.
      await recordRun(this.client, this.app.known).catch(() => undefined);
      throw error;
    }
    await this.end();
    return await recordRun(this.client, this.app.known);
  }

  private async end(): Promise<void> {
    this.gates.reset();
    await Promise.all(this.beside.map((context) => context.close()));
    await this.app.restore();
  }
}
