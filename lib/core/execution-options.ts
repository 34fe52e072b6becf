import type { OrchestratorFunction } from './handlers.js';
import type { DurableLogger } from './logger.js';
import type { DecoratedClasses } from './stubs.js';

/** What an execution needs to know from outside. */
export interface ExecutionOptions {
  readonly instanceId: string;
  readonly executionId: string;
  readonly handler: OrchestratorFunction;
  /** Class and method, for messages: `OrderService.fulfil`. */
  readonly source: string;
  /** Actions that one episode may have [O14]. */
  readonly maxOrchestrationActions: number;
  /** Limit of each input, result and event, bytes of UTF-8 JSON. */
  readonly maxPayloadBytes: number;
  /** How long a callHttp waits between polls when the answer does not say, ms [H2]. */
  readonly maxTimerInterval: number;
  /** Partitions of the hub: where an id lies follows from it. */
  readonly partitionCount: number;
  /** Takes the lines of `ctx.log` [O12]. */
  readonly log: DurableLogger;
  /** For the typed stubs. */
  readonly classes: DecoratedClasses;
}
