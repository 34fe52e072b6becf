import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { InvalidHandlerError, MESSAGES, type HandlerPlace } from './durable.messages.js';
import type { ActivityEnhancers } from './enhancers/activity-enhancers.js';
import { bindActivity, bindOrchestrator, isSingleton } from './handler-binding.js';
import { DiscoveredHandlers } from './handler-registry.js';
import { handlersOf, type ProviderHandler } from './provider-handlers.js';

/** Finds the decorated methods of the application's providers, and refuses those that cannot work. */
export class DurableExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly enhancers: ActivityEnhancers,
  ) {}

  /**
   * Fills `handlers` with those of one registration.
   * @param hubs the names of all registrations of the application
   * @throws {InvalidHandlerError} naming module, class and method, and what to do
   */
  explore(hub: string, hubs: readonly string[], handlers: DiscoveredHandlers): void {
    this.refuseControllers();
    const found = new Map<string, ProviderHandler>();
    for (const handler of this.discoverHandlers()) {
      const { metadata, place } = handler;
      if (!hubs.includes(metadata.hub)) throw new InvalidHandlerError(MESSAGES.unknownHub(place, metadata, hubs));
      if (metadata.hub !== hub) continue;

      const key = JSON.stringify([metadata.kind, metadata.name, metadata.version]);
      const earlier = found.get(key);
      if (earlier !== undefined) throw new InvalidHandlerError(duplicateMessage(handler, earlier));
      found.set(key, handler);

      if (metadata.kind === 'orchestrator') this.addOrchestrator(handler, handlers);
      else this.addActivity(handler, handlers);
    }
  }

  private addOrchestrator(handler: ProviderHandler, handlers: DiscoveredHandlers): void {
    const { metadata, place } = handler;
    if (isAsync(handler)) throw new InvalidHandlerError(MESSAGES.asyncOrchestrator(place, metadata));
    if (!isSingleton(handler.wrapper)) throw new InvalidHandlerError(MESSAGES.scopedOrchestrator(place, metadata));
    handlers.addOrchestrator({
      name: metadata.name, version: metadata.version, handler: bindOrchestrator(handler), source: sourceOf(place),
    });
  }

  private addActivity(handler: ProviderHandler, handlers: DiscoveredHandlers): void {
    const { metadata, place } = handler;
    if (isGenerator(handler)) throw new InvalidHandlerError(MESSAGES.generatorActivity(place, metadata));
    handlers.addActivity({ name: metadata.name, handler: bindActivity(handler, this.enhancers), source: sourceOf(place) });
  }

  /** One instance under several tokens (aliases, factories that pass it on) counts once. */
  private *discoverHandlers(): Generator<ProviderHandler> {
    const seen = new Set<unknown>();
    for (const wrapper of this.discovery.getProviders()) {
      if (wrapper.isAlias) continue;
      const handlers = handlersOf(wrapper, this.scanner);
      if (handlers.length === 0) continue;
      if (isSingleton(wrapper)) {
        if (seen.has(wrapper.instance)) continue;
        seen.add(wrapper.instance);
      }
      yield* handlers;
    }
  }

  private refuseControllers(): void {
    const [handler] = this.discovery
      .getControllers()
      .flatMap((wrapper: InstanceWrapper) => handlersOf(wrapper, this.scanner));
    if (handler !== undefined) {
      throw new InvalidHandlerError(MESSAGES.onController(handler.place, handler.metadata));
    }
  }
}

/** By the kind of function, and by what TypeScript noted as the return type, where it compiled `async` away [O3]. */
function isAsync({ decorated, returnType }: ProviderHandler): boolean {
  return /^Async(Generator)?Function$/.test(decorated.constructor.name) || returnType === Promise;
}

function isGenerator({ decorated }: ProviderHandler): boolean {
  return /^(Async)?GeneratorFunction$/.test(decorated.constructor.name);
}

function duplicateMessage({ place, metadata, decorated }: ProviderHandler, earlier: ProviderHandler): string {
  const inherited = decorated === earlier.decorated && place.className !== earlier.place.className;
  return (inherited ? MESSAGES.inheritedTwice : MESSAGES.duplicate)(place, metadata, earlier.place);
}

function sourceOf({ className, methodName }: HandlerPlace): string {
  return `${className}.${methodName}`;
}
