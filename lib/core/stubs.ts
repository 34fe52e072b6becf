/** Typed stubs: the decorated methods of a class, called with `(input, options?)` in place of their own parameters. */
import type { ActivityOptions, SubOrchestrationOptions } from './orchestration-context.js';
import type { Jsonify } from './jsonify.js';
import type { DurableTask } from './task.js';

/** What a decorator says of a method: its durable name, and the version of an orchestrator that has one [Y5]. */
export interface HandlerName {
  readonly name: string;
  readonly version?: string;
}

/** The durable names of a class's decorated methods, by method name. */
export type HandlerNames = ReadonlyMap<string, HandlerName>;

/** What the decorator of an entity class says. */
export interface EntityClass {
  /** Durable name, in lower case [N1]. */
  readonly name: string;
  /** Names of the methods that are operations, as the class has them [N3]. */
  readonly operations: ReadonlySet<string>;
}

/** A class of handlers, by its type. */
export type HandlerClass<T> = abstract new (...args: never[]) => T;

/** Knows what the decorators of classes say. */
export interface DecoratedClasses {
  namesOf(type: HandlerClass<unknown>, kind: 'orchestrator' | 'activity'): HandlerNames;
  /** @throws TypeError when the class is no entity class */
  entityOf(type: HandlerClass<unknown>): EntityClass;
}

export type MethodsOf<T> = { [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] };

/** `(input, options?)`; the input may be left out where the method does without. */
type StubArguments<I, O> = undefined extends I ? [input?: I, options?: O] : [input: I, options?: O];

/** The input of a method that takes it first. */
export type FirstParameter<M> = M extends (...args: infer A) => unknown ? (A extends [] ? undefined : A[0]) : never;

type SecondParameter<M> = M extends (...args: infer A) => unknown
  ? A extends [] | [unknown?]
    ? undefined
    : A[1]
  : never;

/** Input type of an orchestrator's method. */
export type OrchestratorInput<M> = SecondParameter<M>;

/** What an orchestrator's method returns in the end. */
export type OrchestratorOutput<M> = M extends (...args: never[]) => infer R
  ? R extends Generator<any, infer T, any>
    ? T
    : R
  : never;

/** The activities of a class: `const { charge } = ctx.activities(Payments)`. */
export type ActivityStubs<T> = {
  readonly [K in keyof MethodsOf<T>]: (
    ...args: StubArguments<FirstParameter<T[K]>, ActivityOptions>
  ) => DurableTask<Jsonify<T[K] extends (...args: never[]) => infer R ? Awaited<R> : never>>;
};

/** The orchestrators of a class, called as sub-orchestrations. */
export type OrchestratorStubs<T> = {
  readonly [K in keyof MethodsOf<T>]: (
    ...args: StubArguments<OrchestratorInput<T[K]>, SubOrchestrationOptions>
  ) => DurableTask<Jsonify<OrchestratorOutput<T[K]>>>;
};

/**
 * Makes the object behind a stub type.
 *
 * @param names durable names by method name
 * @param call what a stub does, with the durable name and version
 */
export function createStubs<S extends object>(
  type: HandlerClass<unknown>,
  decorator: '@Activity()' | '@Orchestrator()',
  names: HandlerNames,
  call: (name: HandlerName, input: unknown, options: never) => unknown,
): S {
  return stubsOf<S>(
    (method) => {
      const name = names.get(method);
      return name && ((input: unknown, options: never) => call(name, input, options));
    },
    (method) => `${type.name}.${method} has no ${decorator} and cannot be called through a stub. Decorate the method.`,
  );
}

/**
 * An object in which any name gives a function, which throws when there is none of that name: so stubs can be destructured, and the
 * message can say what is missing.
 *
 * @param find the function of a name
 * @param refusal message for a name without one
 * @param own what the object has beside them; comes first
 */
export function stubsOf<S extends object>(
  find: (name: string) => ((input: unknown, options: never) => unknown) | undefined,
  refusal: (name: string) => string,
  own: object = {},
): S {
  return new Proxy(own as S, {
    get(target, name) {
      if (Object.hasOwn(target, name)) return Reflect.get(target, name) as unknown;
      if (typeof name === 'symbol') return undefined;
      const stub = find(name);
      // `then` must be absent, or promises would take the stubs for one of theirs.
      if (stub || name === 'then') return stub;
      return () => {
        throw new TypeError(refusal(name));
      };
    },
  });
}
