import type { ActivityContext } from '../../core/index.js';
import { defineHandler } from '../durable-metadata.js';

/** Options of {@link Activity}. */
export interface ActivityDecoratorOptions {
  /** Name under which orchestrators call it; case-sensitive. Default: the method's name. */
  readonly name?: string;
  /** Name of the `DurableModule` registration that it belongs to. Default: the default one. */
  readonly hub?: string;
}

/** What a method must look like to be an activity; anything else is a type whose only key says what is wrong. */
type CheckedActivity<T> = T extends (input: any, ctx: ActivityContext) => infer R
  ? Parameters<T>['length'] extends 0 | 1 | 2
    ? CheckedResult<R>
    : { 'an activity takes an input and an ActivityContext, nothing more': never }
  : { 'an activity takes (input, ctx: ActivityContext)': never };

/** `any`, and `never` of one that always throws, say nothing. */
type CheckedResult<R> = 0 extends 1 & R
  ? unknown
  : [R] extends [never]
    ? unknown
    : R extends Generator | AsyncGenerator
      ? { 'an activity is no generator: use @Orchestrator() for one': never }
      : unknown;

/**
 * Makes a method of a provider an activity: `(input, ctx: ActivityContext) => result`, synchronous or not [A1].
 * It runs at least once [A4]; `ctx.idempotencyKey` is the same each time. Input and result cross as JSON.
 */
export function Activity(options: ActivityDecoratorOptions = {}) {
  return <T>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<T> & CheckedActivity<T>): void => {
    defineHandler('activity', target, key, descriptor?.value, options);
  };
}
