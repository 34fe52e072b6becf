import { MetadataScanner } from '@nestjs/core';
import type { HandlerClass, HandlerName, HandlerNames } from '../core/index.js';
import { findHandler } from './durable-metadata.js';

type AnyClass = HandlerClass<unknown>;

/** What has stubs by method. */
export type StubKind = 'orchestrator' | 'activity';

const scanner = new MetadataScanner();

/**
 * The durable names and versions of a class's decorated methods. They come from the decorators alone, so that stubs
 * work also where the class is no provider: in a process that is client only.
 */
export function handlerNames(type: AnyClass, kind: StubKind): HandlerNames {
  const names = new Map<string, HandlerName>();
  const prototype = type.prototype as object;
  for (const method of scanner.getAllMethodNames(prototype)) {
    const metadata = findHandler(prototype, method)?.metadata;
    if (metadata?.kind === kind) names.set(method, { name: metadata.name, version: metadata.version });
  }
  return names;
}

/** {@link handlerNames}, remembered for each class. */
export class KnownHandlerNames {
  private readonly known: Record<StubKind, WeakMap<AnyClass, HandlerNames>> = {
    orchestrator: new WeakMap(), activity: new WeakMap(),
  };

  of(type: AnyClass, kind: StubKind): HandlerNames {
    const earlier = this.known[kind].get(type);
    if (earlier !== undefined) return earlier;
    const names = handlerNames(type, kind);
    this.known[kind].set(type, names);
    return names;
  }
}
