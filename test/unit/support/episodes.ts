/**
 * Runs an orchestrator without an engine, every episode twice: warm, in one execution that stays alive, and cold, in a
 * fresh one that first replays the stored history. Both must give the same result (I5).
 */
import {
  OrchestrationExecution,
  planRewind,
  type EntityClass,
  type EpisodeResult,
  type ExecutionOptions,
  type ExecutionStarted,
  type FailureDetails,
  type HandlerName,
  type HistoryEvent,
  type InputEvent,
  type OpenEpisode,
  type OrchestrationContext,
  type OutputEvent,
} from '../../../lib/core/index.js';

/** An orchestrator as tests write it. */
export type TestOrchestrator = (ctx: OrchestrationContext, input: any) => unknown;

export interface ScenarioOptions extends Partial<Pick<ExecutionOptions, 'instanceId' | 'maxOrchestrationActions' | 'maxPayloadBytes'>> {
  readonly started?: Partial<ExecutionStarted>;
  /** Durable names by method name, the same for every class. */
  readonly names?: Readonly<Record<string, string | HandlerName>>;
  /** What `@Entity()` says, the same for every class. */
  readonly entity?: EntityClass;
  /** Default 1: ids of sub-orchestrations are not placed. */
  readonly partitionCount?: number;
}

export const START = Date.UTC(2026, 0, 1);

export class Scenario {
  history: HistoryEvent[] = [];
  /** Lines that the orchestrator logged, as level and text. */
  readonly log: string[] = [];
  time = START;
  generation = 1;
  last!: EpisodeResult;
  private warm: OrchestrationExecution;
  private open: OpenEpisode | undefined;

  constructor(
    public orchestrator: TestOrchestrator,
    private readonly options: ScenarioOptions = {},
  ) {
    this.warm = this.execution(orchestrator, this.log);
  }

  get executionId(): string {
    return `execution-${this.generation}`;
  }

  /** The outputs of the last episode that are to be performed. */
  get outputs(): readonly OutputEvent[] {
    return this.last.outputs;
  }

  /** The parsed output of the completed instance. */
  get result(): unknown {
    if (this.last.status !== 'Completed') throw new Error(`The instance is ${this.last.status}: ${JSON.stringify(this.last.failureDetails)}`);
    return this.last.result === undefined ? undefined : JSON.parse(this.last.result);
  }

  get failure(): FailureDetails {
    if (!this.last.failureDetails) throw new Error(`The instance is ${this.last.status} and has not failed.`);
    return this.last.failureDetails;
  }

  /** The first episode, with the input that is given and more events behind it. */
  start(input?: unknown, ...more: InputEvent[]): this {
    return this.deliver(this.startEvent(input), ...more);
  }

  startEvent(input?: unknown): ExecutionStarted {
    return { type: 'ExecutionStarted', name: 'subject', ...(input !== undefined && { input: JSON.stringify(input) }), ...this.options.started };
  }

  /** The next episode, one second later. */
  deliver(...inputs: InputEvent[]): this {
    this.time += 1_000;
    const coldLog: string[] = [];
    const linesBefore = this.log.length;
    const result = this.warm.run(this.time, inputs, this.open);
    const cold = this.execution(this.orchestrator, coldLog);
    const open = cold.replay(JSON.parse(JSON.stringify(this.history)) as HistoryEvent[]);
    expect(withoutStacks(cold.run(this.time, inputs, open))).toEqual(withoutStacks(result));
    expect(coldLog).toEqual(this.log.slice(linesBefore));
    expect(cold.isFinished).toBe(this.warm.isFinished);
    this.history.push(...result.events);
    this.open = undefined;
    this.last = result;
    if (result.continueAsNew) this.nextGeneration(result.continueAsNew, result.customStatus);
    return this;
  }

  /** Rewinds the failed instance, one second later, with more inputs in the same episode; `orchestrator` is the code from now on. */
  rewind(orchestrator = this.orchestrator, ...more: InputEvent[]): this {
    this.time += 1_000;
    this.orchestrator = orchestrator;
    const plan = planRewind(JSON.parse(JSON.stringify(this.history)) as HistoryEvent[]);
    this.warm = this.execution(orchestrator, this.log);
    for (const episode of plan.episodes) this.warm.replayEpisode(episode);
    this.last = this.warm.run(this.time, [{ ...plan.event, reason: 'again' }, ...more], plan.open);
    this.history.push(...this.last.events);
    return this;
  }

  /** Lets the clock jump before the next episode. */
  wait(ms: number): this {
    this.time += ms;
    return this;
  }

  /** Runs another orchestrator over this history: what a changed program would do. */
  replayWith(orchestrator: TestOrchestrator, ...inputs: InputEvent[]): EpisodeResult {
    const execution = this.execution(orchestrator, []);
    const open = execution.replay(this.history);
    return execution.run(this.time + 1_000, inputs, open);
  }

  execution(orchestrator: TestOrchestrator, lines: string[]): OrchestrationExecution {
    const write = (level: string) => (message: unknown) => void lines.push(`${level}: ${String(message)}`);
    const names = new Map(Object.entries(this.options.names ?? {}).map(([method, name]) => [method, typeof name === 'string' ? { name } : name]));
    const { instanceId = 'instance', maxOrchestrationActions = 100_000, maxPayloadBytes = 4 * 1024 * 1024, partitionCount = 1, entity } = this.options;
    return new OrchestrationExecution({
      instanceId,
      executionId: this.executionId,
      handler: orchestrator,
      source: 'Subject.subject',
      maxOrchestrationActions,
      maxPayloadBytes,
      maxTimerInterval: 30_000,
      partitionCount,
      log: { log: write('log'), error: write('error'), warn: write('warn'), debug: write('debug') },
      classes: {
        namesOf: () => names,
        entityOf: (type) => {
          if (!entity) throw new TypeError(`${type.name} has no @Entity().`);
          return entity;
        },
      },
    });
  }

  private nextGeneration(next: NonNullable<EpisodeResult['continueAsNew']>, customStatus: string | undefined): void {
    const started = { ...this.startEvent(), ...(next.input !== undefined && { input: next.input }), ...(customStatus && { customStatus }) };
    this.generation += 1;
    this.history = [{ type: 'OrchestratorStarted', timestamp: this.time }, started, ...next.carryOver];
    this.open = { timestamp: this.time, inputs: [started, ...next.carryOver] };
    this.warm = this.execution(this.orchestrator, this.log);
  }
}

/** Starts an orchestrator and answers its scenario after the first episode. */
export function run(orchestrator: TestOrchestrator, input?: unknown, options?: ScenarioOptions): Scenario {
  return new Scenario(orchestrator, options).start(input);
}

export function completed(taskId: number, value?: unknown): InputEvent {
  return { type: 'TaskCompleted', taskId, ...(value !== undefined && { result: JSON.stringify(value) }) };
}

export function failed(taskId: number, errorMessage = 'boom', more: Partial<FailureDetails> = {}): InputEvent {
  return { type: 'TaskFailed', taskId, failureDetails: { errorType: 'Error', errorMessage, isNonRetriable: false, ...more } };
}

export function subCompleted(taskId: number, value?: unknown): InputEvent {
  return { type: 'SubOrchestrationInstanceCompleted', taskId, ...(value !== undefined && { result: JSON.stringify(value) }) };
}

export function subFailed(taskId: number, failureDetails: Partial<FailureDetails> = {}): InputEvent {
  return {
    type: 'SubOrchestrationInstanceFailed',
    taskId,
    failureDetails: { errorType: 'Error', errorMessage: 'boom', isNonRetriable: false, ...failureDetails },
  };
}

export function operationCompleted(taskId: number, value?: unknown): InputEvent {
  return { type: 'EntityOperationCompleted', taskId, ...(value !== undefined && { result: JSON.stringify(value) }) };
}

export function operationFailed(taskId: number, errorMessage = 'boom'): InputEvent {
  return { type: 'EntityOperationFailed', taskId, failureDetails: { errorType: 'Error', errorMessage, isNonRetriable: false } };
}

export function granted(taskId: number): InputEvent {
  return { type: 'EntityLockGranted', taskId };
}

export function fired(taskId: number, fireAt = 0): InputEvent {
  return { type: 'TimerFired', taskId, fireAt };
}

export function raised(name: string, value?: unknown): InputEvent {
  return { type: 'EventRaised', name, ...(value !== undefined && { input: JSON.stringify(value) }) };
}

export const suspended: InputEvent = { type: 'ExecutionSuspended' };
export const resumed: InputEvent = { type: 'ExecutionResumed' };

export function terminated(reason?: string): InputEvent {
  return { type: 'ExecutionTerminated', ...(reason !== undefined && { reason }) };
}

/** Where an error was thrown differs between warm and cold, and is no part of the comparison. */
function withoutStacks<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'stackTrace' ? undefined : part))) as T;
}
