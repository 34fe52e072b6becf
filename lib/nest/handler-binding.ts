import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { ActivityFunction, OrchestratorFunction } from '../core/index.js';
import type { Method } from './durable-metadata.js';
import type { ActivityEnhancers } from './enhancers/activity-enhancers.js';
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

/**
 * The activity with its provider as `this`, inside its enhancers. It is looked up on the instance at each call, so that a
 * spy or an instrumentation that was put there later takes part; in a request-scoped provider each work item gets an
 * instance of its own, whose `REQUEST` is the ActivityContext, and its enhancers share that context.
 */
export function bindActivity(handler: ProviderHandler, enhancers: ActivityEnhancers): ActivityFunction {
  const { wrapper } = handler;
  const enhanced = enhancers.of(handler);
  const single = isSingleton(wrapper);
  if (single && !enhanced?.isScoped) {
    const call = callOn(wrapper.instance, handler);
    return enhanced?.around(call) ?? call;
  }
  return async (input, ctx) => {
    const contextId = ContextIdFactory.create();
    const moduleRef = moduleRefOf(wrapper);
    moduleRef.registerRequestByContextId(ctx, contextId);
    const provider: unknown = single ? wrapper.instance : await moduleRef.resolve(wrapper.token, contextId, { strict: true });
    await enhanced?.load(contextId);
    const call = callOn(provider, handler);
    return await (enhanced?.around(call, contextId) ?? call)(input, ctx);
  };
}

/** Whether there is one instance for the life of the application. */
export function isSingleton(wrapper: InstanceWrapper): boolean {
  return !wrapper.isTransient && wrapper.isDependencyTreeStatic();
}

function callOn(provider: unknown, { place, replacement, current }: ProviderHandler): ActivityFunction {
  return (input, ctx) => {
    const method = (provider as Record<string, unknown> | null | undefined)?.[place.methodName];
    return (typeof method === 'function' ? (method as Method) : (replacement ?? current)).call(provider, input, ctx);
  };
}

function moduleRefOf(wrapper: InstanceWrapper): ModuleRef {
  const moduleRef = wrapper.host?.getProviderByKey<ModuleRef>(ModuleRef).instance;
  if (moduleRef === undefined) throw new Error(`The provider ${String(wrapper.name)} has no module to resolve it from.`);
  return moduleRef;
}
