import type { ActivityFunction, EntityFunction, OrchestratorFunction } from '../core/handlers.js';
import type { DecoratedClasses } from '../core/stubs.js';
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
  /** Not the application's: what it was at when its signal was aborted is given back to the other workers. */
  readonly isBuiltIn?: boolean;
}

export interface EntityDefinition {
  /** In lower case [N1]. */
  readonly name: string;
  /** For messages: the class, or class and method of the function form. */
  readonly source: string;
  /** The code of one entity that is loaded: in class form an object of its own, which no other key shares [N3]. */
  create(): EntityFunction | Promise<EntityFunction>;
}

/** The handlers of this process. */
export interface HandlerRegistry extends DecoratedClasses {
  /** Without `version`: the unversioned handler. */
  findOrchestrator(name: string, version?: string): OrchestratorDefinition | undefined;
  findActivity(name: string): ActivityDefinition | undefined;
  /** @param name in lower case */
  findEntity(name: string): EntityDefinition | undefined;
  list(): HandlerList;
}
