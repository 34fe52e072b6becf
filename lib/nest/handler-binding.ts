import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { ActivityContext, ActivityFunction, OrchestratorFunction } from '../core/index.js';
import type { Method, ProviderHandler } from './provider-handlers.js';

/** The orchestrator with its provider as `this`; always the class's own function, whatever was put on the instance. */
export function bindOrchestrator({ wrapper, method }: ProviderHandler): OrchestratorFunction {
  const provider: unknown = wrapper.instance;
  return (ctx, input) => method.call(provider, ctx, input);
}

/**
 * The activity with its provider as `this`. It is looked up on the instance at each call, so that a spy or an
 * instrumentation that was put there later takes part; in a request-scoped provider each work item gets an instance of
 * its own, whose `REQUEST` is the ActivityContext.
 */
export function bindActivity(handler: ProviderHandler): ActivityFunction {
  const { wrapper } = handler;
  if (isSingleton(wrapper)) {
    const provider: unknown = wrapper.instance;
    return (input, ctx) => currentMethod(provider, handler).call(provider, input, ctx);
  }
  return async (input, ctx) => {
    const provider = await resolveForWorkItem(wrapper, ctx);
    return currentMethod(provider, handler).call(provider, input, ctx);
  };
}

/** Whether there is one instance for the life of the application. */
export function isSingleton(wrapper: InstanceWrapper): boolean {
  return !wrapper.isTransient && wrapper.isDependencyTreeStatic();
}

function currentMethod(provider: unknown, { place, method }: ProviderHandler): Method {
  const current = (provider as Record<string, unknown> | null | undefined)?.[place.methodName];
  return typeof current === 'function' ? (current as Method) : method;
}

function resolveForWorkItem(wrapper: InstanceWrapper, ctx: ActivityContext): Promise<unknown> {
  const moduleRef = wrapper.host?.getProviderByKey<ModuleRef>(ModuleRef).instance;
  if (moduleRef === undefined) throw new Error(`The provider ${String(wrapper.name)} has no module to resolve it from.`);
  const contextId = ContextIdFactory.create();
  moduleRef.registerRequestByContextId(ctx, contextId);
  return moduleRef.resolve<unknown>(wrapper.token, contextId, { strict: true });
}
