import { OrchestratorError } from './errors.js';
import type { OrchestratorFunction } from './handlers.js';
import type { OrchestrationContext } from './orchestration-context.js';

/** What the code of an orchestrator did with its turn: it waits for something, or has ended with a value. */
export type DriverStep = { readonly done: false; readonly awaited: unknown } | { readonly done: true; readonly value: unknown };

/**
 * How the executor moves the code of an orchestrator. What the code throws comes out of these calls. There is no call to
 * end it early: code that is dropped stays where it is, so that `finally` blocks do not run then [Y7].
 */
export interface OrchestratorDriver {
  start(input: unknown): DriverStep;
  /** Goes on with the result of what was awaited. */
  resume(value: unknown): DriverStep;
  /** Goes on with an error thrown at the place that waits. */
  resumeWithError(error: unknown): DriverStep;
}

/** Drives generators, and plain functions that call nothing [O3]. */
export class GeneratorDriver implements OrchestratorDriver {
  private generator: Generator<unknown, unknown, unknown> | undefined;

  /** @param source class and method, for messages */
  constructor(
    private readonly handler: OrchestratorFunction,
    private readonly ctx: OrchestrationContext,
    private readonly source: string,
  ) {}

  start(input: unknown): DriverStep {
    const returned = this.handler(this.ctx, input);
    if (isGenerator(returned)) {
      this.generator = returned;
      return stepOf(returned.next());
    }
    if (isPromise(returned) || isAsyncGenerator(returned)) {
      silence(returned);
      throw new OrchestratorError(
        `${this.source} is asynchronous. An orchestrator must be a generator method, '*name(ctx, input)', or a plain ` +
          'synchronous one: replace await by yield*, and do everything asynchronous in activities.',
      );
    }
    return { done: true, value: returned };
  }

  resume(value: unknown): DriverStep {
    return stepOf(this.running.next(value));
  }

  resumeWithError(error: unknown): DriverStep {
    return stepOf(this.running.throw(error));
  }

  private get running(): Generator<unknown, unknown, unknown> {
    if (!this.generator) throw new Error(`${this.source} was resumed without having been started.`);
    return this.generator;
  }
}

/** Keeps a promise that nobody will wait for from ending the process when it is rejected. */
export function silence(value: unknown): void {
  try {
    if (isPromise(value)) value.then(undefined, () => undefined);
  } catch {
    // An object whose `then` throws is no promise.
  }
}

function stepOf(result: IteratorResult<unknown, unknown>): DriverStep {
  return result.done ? { done: true, value: result.value } : { done: false, awaited: result.value };
}

function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  return hasMethods(value, 'next', 'throw') && Symbol.iterator in (value as object);
}

function isAsyncGenerator(value: unknown): boolean {
  return hasMethods(value, 'next', 'throw') && Symbol.asyncIterator in (value as object);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return hasMethods(value, 'then');
}

function hasMethods(value: unknown, ...methods: string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');
}
