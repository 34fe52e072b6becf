import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import type { ContextId, InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { ActivityContext, ActivityFunction, EntityFunction, OperationContext, OrchestratorFunction } from '../core/index.js';
import type { Method } from './durable-metadata.js';
import type { HandlerCall } from './enhancers/enhanced-handler.js';
import type { HandlerEnhancers } from './enhancers/handler-enhancers.js';
import type { ProviderHandler } from './provider-handlers.js';

/**
 * The orchestrator with its provider as `this`; always the function that was decorated, whatever an instrumentation put on
 * the instance or on the class: what makes a promise of a generator must not. Only a mock's own method stands in for it.
 */
export function bindOrchestrator({ wrapper, decorated, replacement }: ProviderHandler): OrchestratorFunction {
  const provider: unknown = wrapper.instance;
  const method = replacement ?? decorated;
  return (ctx, input) => method.call(provider, ctx, input);
}

/** The activity with its provider as `this`, inside its enhancers. */
export function bindActivity(handler: ProviderHandler, enhancers: HandlerEnhancers): ActivityFunction {
  return bindCall<ActivityContext>(handler, enhancers, (provider) => (input, ctx) => methodOn(provider, handler).call(provider, input, ctx));
}

/** The entity in function form with its provider as `this`, inside its enhancers: it gets what pipes make of the input, they see what it returns. */
export function bindEntity(handler: ProviderHandler, enhancers: HandlerEnhancers): EntityFunction {
  const call = bindCall<OperationContext>(handler, enhancers, (provider) => (input, ctx) => ctx.attempt(async () => {
    await methodOn(provider, handler).call(provider, withInput(ctx, input));
    return ctx.returned;
  }));
  return async (ctx) => {
    const result = await call(ctx.getInput(), ctx);
    if (result !== ctx.returned) ctx.return(result);
  };
}

/**
 * A method that is looked up on the instance at each call, so that a spy or an instrumentation that was put there later takes
 * part; in a request-scoped provider each work item gets an instance of its own, whose `REQUEST` is the work item's context, and
 * its enhancers share that context.
 */
function bindCall<C extends object>(
  handler: ProviderHandler, enhancers: HandlerEnhancers, callOn: (provider: unknown) => HandlerCall<C>,
): HandlerCall<C> {
  const { wrapper } = handler;
  const enhanced = enhancers.of<C>(handler);
  const single = isSingleton(wrapper);
  if (single && !enhanced?.isScoped) {
    const call = callOn(wrapper.instance);
    return enhanced?.around(call) ?? call;
  }
  return async (input, ctx) => {
    const contextId = contextOf(wrapper, ctx);
    const provider: unknown = single ? wrapper.instance : await resolveIn(contextId, wrapper);
    await enhanced?.load(contextId);
    const call = callOn(provider);
    return await (enhanced?.around(call, contextId) ?? call)(input, ctx);
  };
}

/** Whether there is one instance for the life of the application. */
export function isSingleton(wrapper: InstanceWrapper): boolean {
  return !wrapper.isTransient && wrapper.isDependencyTreeStatic();
}

/** A context of its own for a work item: there, `REQUEST` is what is known of it. */
export function contextOf(wrapper: InstanceWrapper, workItem: object): ContextId {
  const contextId = ContextIdFactory.create();
  moduleRefOf(wrapper).registerRequestByContextId(workItem, contextId);
  return contextId;
}

export function resolveIn(contextId: ContextId, wrapper: InstanceWrapper): Promise<unknown> {
  return moduleRefOf(wrapper).resolve(wrapper.token, contextId, { strict: true });
}

/** Of the module that provides it. */
export function moduleRefOf(wrapper: InstanceWrapper): ModuleRef {
  const moduleRef = wrapper.host?.getProviderByKey<ModuleRef>(ModuleRef).instance;
  if (moduleRef === undefined) throw new Error(`The provider ${String(wrapper.name)} has no module to resolve it from.`);
  return moduleRef;
}

function methodOn(provider: unknown, { place, replacement, current }: ProviderHandler): Method {
  const method = (provider as Record<string, unknown> | null | undefined)?.[place.methodName];
  return typeof method === 'function' ? (method as Method) : (replacement ?? current);
}

function withInput(ctx: OperationContext, input: unknown): OperationContext {
  return Object.create(ctx, { getInput: { value: () => input } }) as OperationContext;
}
