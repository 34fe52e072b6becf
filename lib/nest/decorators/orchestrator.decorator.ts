import type { DurableTask, OrchestrationContext } from '../../core/index.js';
import { defineHandler } from '../durable-metadata.js';

/** Options of {@link Orchestrator}. */
export interface OrchestratorDecoratorOptions {
  /** Name under which it is started; case-sensitive. Default: the method's name. */
  readonly name?: string;
  /** Several methods may carry one name with different versions; an instance keeps the version it started with [Y5]. */
  readonly version?: string;
  /** Name of the `DurableModule` registration that it belongs to. Default: the default one. */
  readonly hub?: string;
}

/** What a method must look like to be an orchestrator; anything else is a type whose only key says what is wrong. */
type CheckedOrchestrator<T> = T extends (ctx: OrchestrationContext, input: any) => infer R
  ? Parameters<T>['length'] extends 0 | 1 | 2
    ? CheckedResult<R>
    : { 'an orchestrator takes an OrchestrationContext and an input, nothing more': never }
  : { 'an orchestrator takes (ctx: OrchestrationContext, input)': never };

/** `any`, and `never` of one that always throws, say nothing. */
type CheckedResult<R> = 0 extends 1 & R
  ? unknown
  : [R] extends [never]
    ? unknown
    : R extends PromiseLike<unknown> | AsyncGenerator
      ? { 'an orchestrator is a generator or a plain synchronous method, not an async one': never }
      : R extends Generator<infer Y, unknown, any>
        ? [Y] extends [DurableTask<any>]
          ? unknown
          : { 'an orchestrator yields durable tasks only': never }
        : unknown;

/**
 * Makes a method of a provider an orchestrator: a generator `*name(ctx: OrchestrationContext, input): Orchestration<R>`,
 * or a plain synchronous method that calls nothing [O3]. Its class must be a singleton: an orchestrator is replayed, so
 * nothing may hang on the request or the moment.
 */
export function Orchestrator(options: OrchestratorDecoratorOptions = {}) {
  return <T>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<T> & CheckedOrchestrator<T>): void => {
    defineHandler('orchestrator', target, key, descriptor?.value, options);
  };
}
