import type { TaskEntityContext } from './entity-context.js';
import type { EntityFunction } from './handlers.js';
import type { OperationContext } from './operation-context.js';
import { deserialize, serialize } from './serialization.js';

/**
 * Base of a class that is an entity [N3]: every method is an operation, called with its input; what it returns, or resolves to, is
 * its result. No operations are: the constructor, what this class defines, Nest's lifecycle hooks, accessors, and methods that are
 * `#private` or whose names begin with `_`. Operations are found by name, ignoring case. `delete`, which deletes the state, is
 * there without being written.
 *
 * ```ts
 * @Entity()
 * class Counter extends TaskEntity<number> {
 *   override initializeState() { return 0; }
 *   add(amount: number) { return (this.state += amount); }
 * }
 * ```
 *
 * Each entity has an object of its own, which is made when it is loaded. Only `state` lasts: other fields are lost when the entity
 * leaves memory. The constructor takes what Nest injects.
 */
export abstract class TaskEntity<S = unknown> {
  /**
   * Read from JSON before each operation, stored as JSON after each one that succeeds. `undefined` deletes it; `null`, `0`, `''` and
   * `false` are states like others [N6]. Set only while an operation runs.
   */
  state!: S;

  /** Of the operation that runs. */
  context!: TaskEntityContext;

  /**
   * What `state` is at the beginning of an operation of an entity that has none; stored when the operation succeeds. Default: a
   * copy, made through JSON, of what the class gives the field itself (`override state = { items: [] }`); without that
   * `undefined`, until an operation sets it.
   */
  initializeState(): S {
    return undefined as S;
  }
}

/** Fields of TaskEntity, and the lifecycle hooks of Nest. */
const NO_OPERATIONS: ReadonlySet<string> = new Set([
  'state', 'context',
  'onModuleInit', 'onApplicationBootstrap', 'onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown',
]);

/** The operation that an entity has without a method. */
const DELETE = 'delete';

/**
 * The methods of an entity class that are operations, of its ancestors too, by their names in lower case.
 * @returns the methods' names as the class has them
 * @throws TypeError when the names of two differ only in case
 */
export function operationsOf(prototype: object): ReadonlyMap<string, string> {
  const operations = new Map<string, string>();
  for (let level: object | null = prototype; isBelowTaskEntity(level); level = Object.getPrototypeOf(level) as object | null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value !== 'function' || !isOperation(name)) continue;
      const other = operations.get(name.toLowerCase()) ?? name;
      if (other !== name) throw new TypeError(`its operations '${other}' and '${name}' differ only in case, which callers cannot tell apart`);
      operations.set(name.toLowerCase(), name);
    }
  }
  return operations;
}

/** The names that callers may use: those of its operations, and `delete`. */
export function operationNames(operations: ReadonlyMap<string, string>): ReadonlySet<string> {
  return new Set([...operations.values(), ...(operations.has(DELETE) ? [] : [DELETE])]);
}

function isBelowTaskEntity(prototype: object | null): prototype is object {
  return prototype !== null && prototype !== TaskEntity.prototype && prototype !== Object.prototype;
}

function isOperation(name: string): boolean {
  return !name.startsWith('_') && !(name in TaskEntity.prototype) && !NO_OPERATIONS.has(name);
}

/** What stands around the call of an operation's method. */
export type AroundOperation = (
  methodName: string, method: (input: unknown) => unknown, input: unknown, ctx: OperationContext,
) => unknown;

/**
 * The code of one loaded entity in class form.
 *
 * @param entity the object of this entity, and of no other one
 * @param operations the methods' names, by their names in lower case; `delete` may be absent, and is implied then
 * @param source the class, for messages
 * @param around what stands around the method; default: nothing
 */
export function entityFunction(
  entity: TaskEntity<any>, operations: ReadonlyMap<string, string>, source: string,
  around: AroundOperation = (_name, method, input) => method(input),
): EntityFunction {
  const declared: unknown = entity.state;
  return async (ctx) => {
    const name = ctx.operationName.toLowerCase();
    const methodName = operations.get(name);
    if (methodName === undefined && name !== DELETE) throw new TypeError(unknownOperation(ctx, operations, source));
    const method = (input: unknown): unknown => ctx.attempt(async () => {
      if (methodName === undefined) return ctx.destructOnExit();
      entity.state = ctx.getState(() => initialState(entity, declared));
      const result = await callMethod(entity, methodName, input);
      ctx.setState(entity.state);
      return result;
    });
    try {
      entity.context = ctx;
      const result = await around(methodName ?? DELETE, method, ctx.getInput(), ctx);
      if (result !== undefined) ctx.return(result);
    } finally {
      // What belongs to one operation must not be met by what goes on after it.
      entity.context = undefined as never;
      entity.state = undefined;
    }
  };
}

/** It is looked up on the object, where a spy or an instrumentation may have put another one. */
function callMethod(entity: TaskEntity<any>, methodName: string, input: unknown): unknown {
  return (entity as unknown as Readonly<Record<string, (input: unknown) => unknown>>)[methodName]!(input);
}

function initialState(entity: TaskEntity<any>, declared: unknown): unknown {
  const state: unknown = entity.initializeState();
  if (state !== undefined) return state;
  return deserialize(serialize(declared, 'the initial state that the class declares', Infinity));
}

function unknownOperation(ctx: OperationContext, operations: ReadonlyMap<string, string>, source: string): string {
  const known = [...operationNames(operations)].map((name) => `'${name}'`).join(', ');
  return `Entity '${ctx.entityId.toString()}' (${source}) has no operation '${ctx.operationName}'. It has: ${known}. Case does not matter.`;
}
