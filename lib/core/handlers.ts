import type { ActivityContext } from './activity-context.js';
import type { OperationContext } from './operation-context.js';
import type { OrchestrationContext } from './orchestration-context.js';

/** An orchestrator, bound to its provider. It returns a generator, or a plain value when it calls nothing [O3]. */
export type OrchestratorFunction = (ctx: OrchestrationContext, input: unknown) => unknown;

/** An activity, bound to its provider. It may return a promise. */
export type ActivityFunction = (input: unknown, ctx: ActivityContext) => unknown;

/** The code of one loaded entity: runs one operation at a time, which may be asynchronous [N4]. */
export type EntityFunction = (ctx: OperationContext) => unknown;
