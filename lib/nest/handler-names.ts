import { MetadataScanner } from '@nestjs/core';
import { readHandler, type HandlerKind } from './durable-metadata.js';

type AnyClass = abstract new (...args: never[]) => unknown;

const scanner = new MetadataScanner();

/**
 * The durable names of a class's decorated methods, by method name. They come from the decorators alone, so that stubs
 * work also where the class is no provider: in a process that is client only.
 */
export function handlerNames(type: AnyClass, kind: HandlerKind): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const prototype = type.prototype as Record<string, unknown>;
  for (const method of scanner.getAllMethodNames(prototype)) {
    const metadata = readHandler(prototype[method]);
    if (metadata?.kind === kind) names.set(method, metadata.name);
  }
  return names;
}

/** {@link handlerNames}, remembered for each class. */
export class HandlerNames {
  private readonly known: Record<HandlerKind, WeakMap<AnyClass, ReadonlyMap<string, string>>> = {
    orchestrator: new WeakMap(), activity: new WeakMap(),
  };

  of(type: AnyClass, kind: HandlerKind): ReadonlyMap<string, string> {
    const earlier = this.known[kind].get(type);
    if (earlier !== undefined) return earlier;
    const names = handlerNames(type, kind);
    this.known[kind].set(type, names);
    return names;
  }
}
