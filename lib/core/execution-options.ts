import type { OrchestratorFunction } from './handlers.js';
import type { DurableLogger } from './logger.js';
import type { HandlerClass } from './stubs.js';

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
  /** Takes the lines of `ctx.log` [O12]. */
  readonly log: DurableLogger;
  /** Durable names of a class's activities, by method name. */
  activityNames(type: HandlerClass<unknown>): ReadonlyMap<string, string>;
  /** Durable names of a class's orchestrators, by method name. */
  orchestratorNames(type: HandlerClass<unknown>): ReadonlyMap<string, string>;
}
