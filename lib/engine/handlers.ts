import type { ActivityFunction, OrchestratorFunction } from '../core/handlers.js';
import type { HandlerClass, HandlerNames } from '../core/stubs.js';
import type { HandlerList } from '../storage/store.js';

/** An orchestrator as the application registered it. */
export interface OrchestratorDefinition {
  readonly name: string;
  readonly version?: string;
  /** Bound to its provider. */
  readonly handler: OrchestratorFunction;
  /** For messages: `OrderService.fulfil`. */
  readonly source: string;
}

export interface ActivityDefinition {
  readonly name: string;
  readonly handler: ActivityFunction;
  readonly source: string;
}

/** The handlers of this process. */
export interface HandlerRegistry {
  /** Without `version`: the unversioned handler. */
  findOrchestrator(name: string, version?: string): OrchestratorDefinition | undefined;
  findActivity(name: string): ActivityDefinition | undefined;
  list(): HandlerList;
  /** For the typed stubs. */
  namesOf(type: HandlerClass<unknown>, kind: 'orchestrator' | 'activity'): HandlerNames;
}
