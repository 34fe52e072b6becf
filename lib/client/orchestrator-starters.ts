import { createStubs, type HandlerClass, type HandlerNames, type OrchestrationContext, type OrchestratorInput } from '../core/index.js';
import type { StartOptions } from './start-options.js';

/** For each orchestrator of a class: a function that starts it and resolves with the instance's id. */
export type OrchestratorStarters<T> = {
  readonly [K in keyof T as IsOrchestrator<T[K]> extends true ? K : never]: (
    ...args: StarterArguments<OrchestratorInput<T[K]>>
  ) => Promise<string>;
};

type IsOrchestrator<M> = M extends (ctx: infer C, ...rest: any[]) => unknown
  ? 0 extends 1 & C
    ? false
    : [unknown] extends [C]
      ? false
      : OrchestrationContext extends C
        ? true
        : false
  : false;

type StarterArguments<I> = undefined extends I ? [input?: I, options?: StartOptions] : [input: I, options?: StartOptions];

/**
 * Builds the starters of a class.
 * @param names the durable names of its orchestrators, by method name; their versions are those started, unless options say otherwise [Y5]
 */
export function orchestratorStarters<T>(
  type: HandlerClass<T>,
  names: HandlerNames,
  start: (name: string, input: unknown, options: StartOptions) => Promise<string>,
): OrchestratorStarters<T> {
  return createStubs<OrchestratorStarters<T>>(type, '@Orchestrator()', names, ({ name, version }, input, options?: StartOptions) =>
    start(name, input, { ...options, version: options?.version ?? version }));
}
