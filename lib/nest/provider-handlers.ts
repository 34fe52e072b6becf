import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { MetadataScanner } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { findHandler, type HandlerMetadata, type Method } from './durable-metadata.js';
import type { MethodPlace } from './durable.messages.js';

type Methods = Record<string, unknown>;

/** A decorated method of a provider. */
export interface ProviderHandler {
  readonly wrapper: InstanceWrapper;
  readonly metadata: HandlerMetadata;
  readonly place: MethodPlace;
  /** Prototype of the decorated class. */
  readonly prototype: object;
  /** The function that carries the decorator. */
  readonly decorated: Method;
  /** The prototype's function: `decorated`, or what a decorator further up or an instrumentation made of it. */
  readonly current: Method;
  /** Its return type, as far as TypeScript noted it (`emitDecoratorMetadata`). */
  readonly returnType: unknown;
  /** The input's class, as far as TypeScript noted it; an entity in function form takes its input from its context. */
  readonly inputType: Type | undefined;
  /** A mock's own method, of a provider that is not of the decorated class. */
  readonly replacement: Method | undefined;
}

/**
 * The decorated methods of a provider or controller. They are read from prototypes, never from the instance: an
 * instrumented instance may be a proxy that hides metadata and makes promises of generators.
 *
 * The token's class counts too, for methods that the provider's own class does not decorate: so a mock of
 * `overrideProvider(X).useValue(mock)`, or another class provided under the token, keeps X's handlers.
 */
export function handlersOf(wrapper: InstanceWrapper, scanner: MetadataScanner): ProviderHandler[] {
  const handlers = new Map<string, ProviderHandler>();
  for (const prototype of [ownPrototype(wrapper), tokenPrototype(wrapper)]) {
    if (prototype === undefined) continue;
    for (const methodName of scanner.getAllMethodNames(prototype)) {
      const found = findHandler(prototype, methodName);
      if (found === undefined || handlers.has(methodName)) continue;
      handlers.set(methodName, {
        wrapper,
        metadata: found.metadata,
        place: { moduleName: moduleNameOf(wrapper), className: prototype.constructor.name, methodName },
        prototype,
        decorated: found.decorated,
        current: (prototype as Methods)[methodName] as Method,
        returnType: Reflect.getMetadata('design:returntype', prototype, methodName),
        inputType: found.metadata.kind === 'entity' ? undefined : inputType(prototype, methodName),
        replacement: replacement(wrapper, methodName, prototype),
      });
    }
  }
  return [...handlers.values()];
}

export function moduleNameOf({ host }: InstanceWrapper): string {
  return host?.name ?? 'unknown';
}

/** The class of a method's first parameter, as far as TypeScript noted it. */
export function inputType(prototype: object, methodName: string): Type | undefined {
  return (Reflect.getMetadata('design:paramtypes', prototype, methodName) as Type[] | undefined)?.[0];
}

/** Prototype of the provider's class: of its instance, where a value or a factory made it. */
export function ownPrototype(wrapper: InstanceWrapper): object | undefined {
  if (!wrapper.isNotMetatype) return (wrapper.metatype?.prototype as object | undefined) ?? undefined;
  const instance: unknown = wrapper.instance;
  if (typeof instance !== 'object' || instance === null) return undefined;
  return (Object.getPrototypeOf(instance) as object | null) ?? undefined;
}

/** Prototype of the class that is the provider's token. */
export function tokenPrototype({ token }: InstanceWrapper): object | undefined {
  return typeof token === 'function' ? (token.prototype as object | undefined) : undefined;
}

/** What stands in for the decorated method in a provider that is not of the decorated class: the mock's own method. */
function replacement(wrapper: InstanceWrapper, methodName: string, decorated: object): Method | undefined {
  const own = ownPrototype(wrapper);
  if (own === decorated) return undefined;
  const source = (wrapper.isNotMetatype ? wrapper.instance : own) as Methods | undefined;
  return typeof source?.[methodName] === 'function' ? (source[methodName] as Method) : undefined;
}
