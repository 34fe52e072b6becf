import { ActionLog } from './action-log.js';
import { CriticalSection } from './critical-section.js';
import { OrchestratorError } from './errors.js';
import type { ExecutionOptions } from './execution-options.js';
import { ExternalEvents } from './external-events.js';
import type { ExecutionStarted, Serialized } from './history.js';

/** What `ctx.continueAsNew` asked for. */
export interface Continuation {
  readonly input: Serialized;
  readonly preserveUnprocessedEvents: boolean;
}

/** The state that the executor, the context and the tasks of one execution share. */
export class ExecutionScope {
  readonly actions = new ActionLog();
  started: ExecutionStarted | undefined;
  /** Time of the episode, epoch ms. */
  time = 0;
  /** What the executor is about; `rewind`: it runs what it does over what was recorded of other code or other results [K8]. */
  mode: 'run' | 'replay' | 'rewind' = 'run';
  customStatus: Serialized;
  /** Set by continueAsNew; what the code does afterwards is ignored [C2]. */
  continuation: Continuation | undefined;
  /** Ends the execution whatever the code does about it [O14]. */
  fatal: Error | undefined;

  // Made when they are asked for, like whatever most executions do without: there are thousands in memory.
  private mailboxes: ExternalEvents | undefined;
  private section: CriticalSection | undefined;
  private inCode = false;

  constructor(readonly options: ExecutionOptions) {}

  get events(): ExternalEvents {
    return (this.mailboxes ??= new ExternalEvents());
  }

  get criticalSection(): CriticalSection {
    return (this.section ??= new CriticalSection());
  }

  get name(): string {
    return this.started?.name ?? this.options.source;
  }

  /** Whether what the code does now was done before [O12]. */
  get isReplaying(): boolean {
    return this.mode === 'replay' || (this.mode === 'rewind' && this.actions.isRepeating);
  }

  /** Orchestrator and instance, for messages. */
  get title(): string {
    return `Orchestrator '${this.name}' (${this.options.source}) of instance '${this.options.instanceId}'`;
  }

  /** A call and where it was made, for messages. */
  at(call: string): string {
    return `${call} (orchestrator '${this.name}', instance '${this.options.instanceId}')`;
  }

  /** Runs code of the orchestrator: the only time when its context may be used. */
  runCode<T>(code: () => T): T {
    this.inCode = true;
    try {
      return code();
    } finally {
      this.inCode = false;
    }
  }

  get isRunningCode(): boolean {
    return this.inCode;
  }

  /** @throws OrchestratorError when `call` was not made by the running code */
  assertRunningCode(call: string): void {
    if (this.isRunningCode) return;
    throw new OrchestratorError(
      `${call} was called outside of its episode. ${this.title} may use its context only while it runs itself: not in ` +
        'callbacks, promises or timers of Node, and not after it has ended. Do such work in an activity.',
    );
  }

  /**
   * Makes room for one action of the code.
   * @throws OrchestratorError when the episode has too many [O14]
   */
  reserveAction(): void {
    if (!this.actions.isFull) return;
    this.fatal ??= new OrchestratorError(
      `${this.title} did more than ${this.options.maxOrchestrationActions} actions without waiting for any: a runaway loop? ` +
        'Yield in between, divide the work among sub-orchestrations, or raise maxOrchestrationActions.',
    );
    throw this.fatal;
  }

  /** A line for those who look for lost results; not written again on replay. */
  debug(message: string): void {
    if (!this.isReplaying) this.options.log.debug?.(`${this.title}: ${message}`);
  }
}
