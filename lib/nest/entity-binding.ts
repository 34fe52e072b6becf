import type { Type } from '@nestjs/common';
import type { ContextId } from '@nestjs/core/injector/instance-wrapper.js';
import { entityFunction, operationNames, TaskEntity, type EntityFunction, type OperationContext } from '../core/index.js';
import type { HandlerEnhancers } from './enhancers/handler-enhancers.js';
import type { EntityProvider } from './entity-providers.js';
import { contextOf, isSingleton, moduleRefOf, resolveIn } from './handler-binding.js';
import { inputType } from './provider-handlers.js';

type EntityObject = TaskEntity<any>;

/** Calls an operation's method inside its enhancers. */
type BoundOperation = (method: (input: unknown) => unknown, input: unknown, ctx: OperationContext, contextId: ContextId | undefined) => unknown;

/**
 * What makes the code of each loaded entity in class form [N3]: with an object of its own, or, where the class or what it
 * depends on is request-scoped or transient, with one for each operation, whose `REQUEST` is the EntityContext.
 */
export function bindEntityClass(provider: EntityProvider, enhancers: HandlerEnhancers): () => EntityFunction | Promise<EntityFunction> {
  const { wrapper, operations, place } = provider;
  const bound = new Map([...operationNames(operations)].map((methodName) => [methodName, bindOperation(provider, methodName, enhancers)]));
  const codeOf = (entity: EntityObject, contextId?: ContextId): EntityFunction =>
    entityFunction(entity, operations, place.className, (methodName, method, input, ctx) => bound.get(methodName)!(method, input, ctx, contextId));
  if (isSingleton(wrapper)) return async () => codeOf(await createObject(provider));
  return () => async (ctx: OperationContext) => {
    const contextId = contextOf(wrapper, ctx);
    const entity = asEntity((await resolveIn(contextId, wrapper)) as EntityObject, provider);
    return codeOf(entity, contextId)(ctx);
  };
}

async function createObject(provider: EntityProvider): Promise<EntityObject> {
  const { wrapper } = provider;
  if (wrapper.isNotMetatype) return asEntity(Object.create(wrapper.instance as object) as EntityObject, provider);
  return asEntity(await moduleRefOf(wrapper).create(wrapper.metatype as Type<EntityObject>), provider);
}

/** Gives an object that is no TaskEntity, a mock that stands in for the class, the class's methods that it lacks. */
function asEntity(object: EntityObject, { prototype, operations }: EntityProvider): EntityObject {
  if (object instanceof TaskEntity) return object;
  const standIn = object as Record<string, unknown>;
  for (const name of ['initializeState', ...operations.values()]) {
    if (typeof standIn[name] !== 'function') standIn[name] = prototype[name];
  }
  // A mock may answer to any name.
  for (const field of ['state', 'context']) if (!Object.hasOwn(standIn, field)) standIn[field] = undefined;
  return object;
}

/** Stands for the method of the implied `delete`, which has the enhancers of the class and the global ones. */
function impliedDelete(): void {}

function bindOperation({ wrapper, metadata, place, prototype }: EntityProvider, methodName: string, enhancers: HandlerEnhancers): BoundOperation {
  const method = prototype[methodName] ?? impliedDelete;
  const enhanced = enhancers.of<OperationContext>({
    wrapper, metadata, place: { ...place, methodName }, prototype, decorated: method, current: method,
    returnType: undefined, inputType: inputType(prototype, methodName), replacement: undefined,
  });
  if (enhanced === undefined) return (call, input) => call(input);
  if (!enhanced.isScoped && isSingleton(wrapper)) {
    const calls = new WeakMap<OperationContext, (input: unknown) => unknown>();
    const around = enhanced.around((input, ctx) => calls.get(ctx)!(input));
    return (call, input, ctx) => {
      calls.set(ctx, call);
      return around(input, ctx);
    };
  }
  return async (call, input, ctx, given) => {
    const contextId = given ?? contextOf(wrapper, ctx);
    await enhanced.load(contextId);
    return await enhanced.around(call, contextId)(input, ctx);
  };
}
