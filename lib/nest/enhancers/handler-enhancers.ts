/** Which of Nest's enhancers apply to a handler: decided once, when it is bound; one without any is called directly. */
import 'reflect-metadata';
import type { ApplicationConfig, ExternalContextCreator, ModulesContainer, NestContainer } from '@nestjs/core';
import { PipesContextCreator } from '@nestjs/core/pipes/pipes-context-creator.js';
import { InvalidHandlerError, MESSAGES } from '../durable.messages.js';
import type { EnhancerKind, EnhancerOptions } from '../interfaces/enhancer-options.js';
import type { ProviderHandler } from '../provider-handlers.js';
import { EnhancedHandler } from './enhanced-handler.js';
import { ENHANCER_PLACES } from './enhancer-kinds.js';

/** The enhancers of one application, as far as the registration asks for them. */
export class HandlerEnhancers {
  private readonly kinds: readonly EnhancerKind[];
  private readonly pipes: PipesContextCreator;

  constructor(
    private readonly contexts: ExternalContextCreator,
    private readonly config: ApplicationConfig,
    modules: ModulesContainer,
    enabled: Required<EnhancerOptions>,
  ) {
    this.kinds = (Object.keys(enabled) as EnhancerKind[]).filter((kind) => enabled[kind]);
    // It asks a container for the modules and nothing else.
    this.pipes = new PipesContextCreator({ getModules: () => modules } as NestContainer, config);
  }

  /**
   * The enhancers of an activity, an entity or an operation; `undefined` when it has none.
   * @throws {InvalidHandlerError} when one is a class that Nest has no instance of
   */
  of<C extends object>(handler: ProviderHandler): EnhancedHandler<C> | undefined {
    const present = this.kinds.filter((kind) => this.declared(kind, handler).length > 0 || this.hasGlobal(kind));
    if (present.length === 0) return undefined;
    this.refuseUnavailable(handler);
    const scoped = this.kinds.flatMap((kind) => ENHANCER_PLACES[kind].scopedGlobals(this.config));
    return new EnhancedHandler(handler, present, scoped, this.contexts, this.pipes);
  }

  private hasGlobal(kind: EnhancerKind): boolean {
    const { globals, scopedGlobals } = ENHANCER_PLACES[kind];
    return globals(this.config).length > 0 || scopedGlobals(this.config).length > 0;
  }

  private declared(kind: EnhancerKind, { prototype, decorated, current }: ProviderHandler): readonly unknown[] {
    const { metadataKey } = ENHANCER_PLACES[kind];
    return [prototype.constructor, decorated, current].flatMap(
      (holder) => (Reflect.getMetadata(metadataKey, holder) as unknown[] | undefined) ?? [],
    );
  }

  /** Nest would leave out, without a word, a class that it did not find beside the provider's class. */
  private refuseUnavailable(handler: ProviderHandler): void {
    const { injectables } = handler.wrapper.host!;
    for (const enhancer of this.kinds.flatMap((kind) => this.declared(kind, handler))) {
      if (typeof enhancer === 'function' && !injectables.has(enhancer)) {
        throw new InvalidHandlerError(MESSAGES.unavailableEnhancer(handler.place, handler.metadata, enhancer.name));
      }
    }
  }
}
