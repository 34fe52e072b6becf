/**
 * Nest's interceptors, pipes, filters and guards around one handler, with the context type `durable` and the arguments
 * (input, context).
 *
 * As in Nest: filters see what the others throw, guards come before interceptors, pipes are next to the method.
 */
import 'reflect-metadata';
import type { PipeTransform, Type } from '@nestjs/common';
import { ModuleRef, type ExternalContextCreator } from '@nestjs/core';
import type { ContextId, InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { PipesContextCreator } from '@nestjs/core/pipes/pipes-context-creator.js';
import { isObservable, lastValueFrom } from 'rxjs';
import type { EnhancerKind } from '../interfaces/enhancer-options.js';
import type { ProviderHandler } from '../provider-handlers.js';
import { afterFilter, asRefusal } from './refusals.js';

const CONTEXT_TYPE = 'durable';
const NOTHING = { guards: false, interceptors: false, filters: false };

/** A work item's call: its input, and what an ActivityContext or EntityContext `C` knows of it. */
export type HandlerCall<C extends object> = (input: unknown, ctx: C) => unknown;

/** One handler's enhancers. */
export class EnhancedHandler<C extends object> {
  /** Request-scoped and transient enhancers that are not loaded together with the provider. */
  private readonly scoped: readonly InstanceWrapper[];
  /**
   * What Nest takes for the provider: an object of the decorated class. The instance itself may be a mock, or a proxy that
   * hides its class, and Nest reads the enhancers from there.
   */
  private readonly host: object;

  constructor(
    private readonly handler: ProviderHandler,
    private readonly kinds: readonly EnhancerKind[],
    scopedGlobals: readonly InstanceWrapper[],
    private readonly contexts: ExternalContextCreator,
    private readonly pipes: PipesContextCreator,
  ) {
    this.host = Object.create(handler.prototype) as object;
    const transient = (handler.wrapper.getEnhancersMetadata() ?? []).filter((enhancer) => enhancer.isTransient);
    this.scoped = scopedGlobals.length > 0 ? [...scopedGlobals, ...transient] : [];
  }

  /** Whether enhancers are made for each work item, also when there is one provider for all. */
  get isScoped(): boolean {
    return this.scoped.length > 0;
  }

  /** Makes the enhancers of a work item that the provider's own resolution does not make. */
  async load(contextId: ContextId): Promise<void> {
    const { wrapper } = this.handler;
    for (const enhancer of this.scoped) {
      const moduleRef = enhancer.host!.getProviderByKey<ModuleRef>(ModuleRef).instance;
      const instance = await moduleRef.resolve<object>(enhancer.token, contextId, { strict: true });
      // A transient one belongs to who asks for it; Nest looks for it under the provider's id.
      if (enhancer.isTransient) {
        enhancer.setInstanceByContextId(contextId, { instance, isResolved: true, isConstructorCalled: true }, wrapper.id);
      }
    }
  }

  /** @param contextId of the work item, where provider or enhancers are made for each one; absent: once for all */
  around(call: HandlerCall<C>, contextId?: ContextId): HandlerCall<C> {
    let around = call;
    if (this.kinds.includes('pipes')) around = this.withPipes(around, contextId);
    if (this.kinds.includes('interceptors')) around = this.through(around, { ...NOTHING, interceptors: true }, contextId);
    if (this.kinds.includes('guards')) around = this.withGuards(around, contextId);
    if (this.kinds.includes('filters')) around = this.withFilters(around, contextId);
    return around;
  }

  private withPipes(call: HandlerCall<C>, contextId: ContextId | undefined): HandlerCall<C> {
    const { wrapper, inputType } = this.handler;
    const pipes = this.pipes.create(this.host, this.standIn(call), wrapper.host!.token, contextId, wrapper.id);
    return async (input, ctx) => call(await transformed(input, pipes, inputType), ctx);
  }

  private withGuards(call: HandlerCall<C>, contextId: ContextId | undefined): HandlerCall<C> {
    const settled: HandlerCall<C> = async (input, ctx) => {
      try {
        return { value: await call(input, ctx) };
      } catch (error) {
        return { error };
      }
    };
    const guarded = this.through(settled, { ...NOTHING, guards: true }, contextId);
    return async (input, ctx) => {
      const outcome = await allowed(guarded, input, ctx);
      if ('error' in outcome) throw outcome.error;
      return outcome.value;
    };
  }

  private withFilters(call: HandlerCall<C>, contextId: ContextId | undefined): HandlerCall<C> {
    const originals = new WeakMap<C, unknown>();
    const noting: HandlerCall<C> = async (input, ctx) => {
      try {
        return await call(input, ctx);
      } catch (error) {
        originals.set(ctx, error);
        throw error;
      }
    };
    const filtered = this.through(noting, { ...NOTHING, filters: true }, contextId);
    return async (input, ctx) => {
      try {
        const result: unknown = await filtered(input, ctx);
        return isObservable(result) ? await lastValueFrom(result) : result;
      } catch (error) {
        throw afterFilter(error, originals.get(ctx));
      }
    };
  }

  private through(call: HandlerCall<C>, options: typeof NOTHING, contextId: ContextId | undefined): HandlerCall<C> {
    const { wrapper, place } = this.handler;
    return this.contexts.create(
      this.host, this.standIn(call), place.methodName, undefined, undefined, contextId, wrapper.id, options, CONTEXT_TYPE,
    ) as HandlerCall<C>;
  }

  /** What `getHandler()` of an ExecutionContext answers: it has the name and the metadata of the decorated method. */
  private standIn(call: HandlerCall<C>): (...args: unknown[]) => unknown {
    const standIn = (...[input, ctx]: unknown[]): unknown => call(input, ctx as C);
    for (const method of new Set([this.handler.decorated, this.handler.current])) {
      for (const key of Reflect.getOwnMetadataKeys(method)) {
        Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, method), standIn);
      }
    }
    Object.defineProperty(standIn, 'name', { value: this.handler.place.methodName });
    return standIn;
  }
}

/** @param metatype the input's class, as far as TypeScript noted it */
async function transformed(input: unknown, pipes: readonly PipeTransform[], metatype: Type | undefined): Promise<unknown> {
  let value = input;
  try {
    // 'body' makes Nest's own pipes, ValidationPipe above all, treat the input as they treat the body of a request.
    for (const pipe of pipes) value = await pipe.transform(value, { type: 'body', metatype, data: undefined });
  } catch (error) {
    throw asRefusal(error);
  }
  return value;
}

/** The outcome of what a guard let pass; what is thrown is the guard's. */
async function allowed<C extends object>(
  guarded: HandlerCall<C>, input: unknown, ctx: C,
): Promise<{ readonly value: unknown } | { readonly error: unknown }> {
  try {
    return (await guarded(input, ctx)) as { readonly value: unknown } | { readonly error: unknown };
  } catch (error) {
    throw asRefusal(error);
  }
}
