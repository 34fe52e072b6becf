/** Typed stubs of entities: the operations of a class, called with their inputs. */
import type { SignalEntityOptions } from './entity-context.js';
import type { EntityId } from './entity-id.js';
import type { Jsonify } from './jsonify.js';
import { stubsOf, type EntityClass, type FirstParameter, type HandlerClass, type MethodsOf } from './stubs.js';
import type { TaskEntity } from './task-entity.js';
import type { DurableTask } from './task.js';

/** Under this symbol a stub has the id of its entity. */
export const ENTITY_ID: unique symbol = Symbol('entity id');

/** Methods of an entity class that are no operations [N3], and names that stubs have for themselves. */
type NoOperation =
  | keyof TaskEntity
  | 'onModuleInit' | 'onApplicationBootstrap' | 'onModuleDestroy' | 'beforeApplicationShutdown' | 'onApplicationShutdown'
  | 'signal' | 'then'
  | `_${string}`;

/** `delete` is there without being written. */
type OperationsOf<T> = Omit<MethodsOf<T>, NoOperation> & ('delete' extends keyof T ? unknown : { delete(): void });

/** `(input)`, or `(input, options)` where there are options; what is `undefined` may be left out. */
type OperationArguments<M, O> = undefined extends FirstParameter<M>
  ? [input?: FirstParameter<M>, ...([O] extends [never] ? [] : [options?: O])]
  : [input: FirstParameter<M>, ...([O] extends [never] ? [] : [options?: O])];

/** The operations of an entity, called: `yield* ctx.entity(Counter, 'a').add(1)`. */
export type EntityCallStubs<T> = {
  readonly [K in keyof OperationsOf<T>]: (
    ...args: OperationArguments<OperationsOf<T>[K], never>
  ) => DurableTask<Jsonify<OperationsOf<T>[K] extends (...args: never[]) => infer R ? Awaited<R> : never>>;
};

/** The operations of an entity, signalled: `ctx.entity(Counter, 'a').signal.add(1)`. */
export type EntitySignalStubs<T, O = SignalEntityOptions, R = void> = {
  readonly [K in keyof OperationsOf<T>]: (...args: OperationArguments<OperationsOf<T>[K], O>) => R;
};

/** An entity of a class, for orchestrators. */
export type EntityStub<T> = EntityCallStubs<T> & {
  /** Sends operations and forgets them. */
  readonly signal: EntitySignalStubs<T>;
  readonly [ENTITY_ID]: EntityId;
};

/** An entity, as `ctx.lock` takes it: its id or a stub. */
export type EntityReference = EntityId | { readonly [ENTITY_ID]: EntityId };

/**
 * The operations of an entity class as functions.
 *
 * @param send what each of them does
 * @param own what the object has beside them
 */
export function createOperationStubs<S extends object>(
  type: HandlerClass<unknown>,
  { operations }: EntityClass,
  send: (operation: string, input: unknown, options: never) => unknown,
  own: object = {},
): S {
  return stubsOf<S>(
    (name) => (name !== 'then' && (name === 'delete' || operations.has(name)) ? (input: unknown, options: never) => send(name, input, options) : undefined),
    (name) => `${type.name}.${name} is no operation and cannot be called through a stub. Operations are the methods of the class, except those that begin with '_'.`,
    own,
  );
}
