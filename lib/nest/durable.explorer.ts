import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { isGeneratorFunction } from './durable-metadata.js';
import { InvalidHandlerError, MESSAGES, sourceOf } from './durable.messages.js';
import type { HandlerEnhancers } from './enhancers/handler-enhancers.js';
import { bindEntityClass } from './entity-binding.js';
import { entityOf, type EntityProvider } from './entity-providers.js';
import { bindActivity, bindEntity, bindOrchestrator, isSingleton } from './handler-binding.js';
import { DiscoveredHandlers } from './handler-registry.js';
import { handlersOf, type ProviderHandler } from './provider-handlers.js';

/** A decorated method, or an entity class. */
type Found = ProviderHandler | EntityProvider;

/** Finds the decorated methods and entity classes of the application's providers, and refuses those that cannot work. */
export class DurableExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly enhancers: HandlerEnhancers,
  ) {}

  /**
   * Fills `handlers` with those of one registration.
   * @param hubs the names of all registrations of the application
   * @throws {InvalidHandlerError} naming module, class and method, and what to do
   */
  explore(hub: string, hubs: readonly string[], handlers: DiscoveredHandlers): void {
    this.refuseControllers();
    const found = new Map<string, Found>();
    for (const handler of this.discoverHandlers()) {
      const { metadata, place } = handler;
      if (!hubs.includes(metadata.hub)) throw new InvalidHandlerError(MESSAGES.unknownHub(place, metadata, hubs));
      if (metadata.hub !== hub) continue;

      const key = JSON.stringify([metadata.kind, metadata.name, metadata.version]);
      const earlier = found.get(key);
      if (earlier !== undefined) throw new InvalidHandlerError(duplicateMessage(handler, earlier));
      found.set(key, handler);

      if ('operations' in handler) this.addEntityClass(handler, handlers);
      else if (metadata.kind === 'orchestrator') this.addOrchestrator(handler, handlers);
      else if (metadata.kind === 'activity') this.addActivity(handler, handlers);
      else this.addEntity(handler, handlers);
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
    if (isGeneratorFunction(handler.decorated)) throw new InvalidHandlerError(MESSAGES.generatorActivity(place, metadata));
    handlers.addActivity({ name: metadata.name, handler: bindActivity(handler, this.enhancers), source: sourceOf(place) });
  }

  private addEntity(handler: ProviderHandler, handlers: DiscoveredHandlers): void {
    const { metadata, place } = handler;
    if (isGeneratorFunction(handler.decorated)) throw new InvalidHandlerError(MESSAGES.generatorEntity(place, metadata));
    const code = bindEntity(handler, this.enhancers);
    handlers.addEntity({ name: metadata.name, source: sourceOf(place), create: () => code });
  }

  private addEntityClass(entity: EntityProvider, handlers: DiscoveredHandlers): void {
    const { metadata, place } = entity;
    handlers.addEntity({ name: metadata.name, source: sourceOf(place), create: bindEntityClass(entity, this.enhancers) });
  }

  /** One instance under several tokens (aliases, factories that pass it on) counts once. */
  private *discoverHandlers(): Generator<Found> {
    const seen = new Set<unknown>();
    for (const wrapper of this.providers()) {
      if (isSingleton(wrapper)) {
        if (seen.has(wrapper.instance)) continue;
        seen.add(wrapper.instance);
      }
      yield* this.handlersOf(wrapper);
    }
  }

  /** Classes first: a factory may pass on the instance of one, of which it can make no other. */
  private providers(): InstanceWrapper[] {
    const providers = this.discovery.getProviders().filter(({ isAlias }) => !isAlias);
    return providers.sort((a, b) => Number(a.isNotMetatype) - Number(b.isNotMetatype));
  }

  private handlersOf(wrapper: InstanceWrapper): readonly Found[] {
    const entity = entityOf(wrapper);
    const methods = handlersOf(wrapper, this.scanner);
    if (entity === undefined) return methods;
    const [method] = methods;
    if (method !== undefined) throw new InvalidHandlerError(MESSAGES.decoratedOperation(method.place, method.metadata, entity.metadata));
    return [entity];
  }

  private refuseControllers(): void {
    const [handler] = this.discovery
      .getControllers()
      .flatMap((wrapper: InstanceWrapper) => this.handlersOf(wrapper));
    if (handler !== undefined) {
      throw new InvalidHandlerError(MESSAGES.onController(handler.place, handler.metadata));
    }
  }
}

/** By the kind of function, and by what TypeScript noted as the return type, where it compiled `async` away [O3]. */
function isAsync({ decorated, returnType }: ProviderHandler): boolean {
  return /^Async(Generator)?Function$/.test(decorated.constructor.name) || returnType === Promise;
}

function duplicateMessage(handler: Found, earlier: Found): string {
  const inherited = 'decorated' in handler && 'decorated' in earlier && handler.decorated === earlier.decorated
    && handler.place.className !== earlier.place.className;
  return (inherited ? MESSAGES.inheritedTwice : MESSAGES.duplicate)(handler.place, handler.metadata, earlier.place);
}
