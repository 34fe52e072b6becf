/** Finds the handlers of an application without running an engine. */
import { Injectable, type ModuleMetadata } from '@nestjs/common';
import { ApplicationConfig, DiscoveryModule, DiscoveryService, ExternalContextCreator, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { Activity, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DurableExplorer } from '../../../lib/nest/durable.explorer.js';
import { ActivityEnhancers } from '../../../lib/nest/enhancers/activity-enhancers.js';
import { DiscoveredHandlers } from '../../../lib/nest/handler-registry.js';
import { DEFAULT_ENHANCERS } from '../../../lib/nest/interfaces/enhancer-options.js';

export async function explore(metadata: ModuleMetadata, override = (builder: TestingModuleBuilder) => builder): Promise<DiscoveredHandlers> {
  const builder = Test.createTestingModule({ ...metadata, imports: [DiscoveryModule, ...(metadata.imports ?? [])] });
  const app = await override(builder).compile();
  const handlers = new DiscoveredHandlers();
  const enhancers = new ActivityEnhancers(app.get(ExternalContextCreator), app.get(ApplicationConfig), app.get(ModulesContainer), DEFAULT_ENHANCERS);
  const explorer = new DurableExplorer(app.get(DiscoveryService), app.get(MetadataScanner), enhancers);
  explorer.explore('default', ['default', 'billing'], handlers);
  return handlers;
}

export function call(handlers: DiscoveredHandlers, name: string, input?: unknown, ctx = {}): unknown {
  return handlers.findActivity(name)?.handler(input, ctx as ActivityContext);
}

export function firstYield(handlers: DiscoveredHandlers, name: string): unknown {
  const generator = handlers.findOrchestrator(name)?.handler({} as OrchestrationContext, 'input') as Generator | undefined;
  return generator?.next().value;
}

@Injectable()
export class Gateway {
  pay(amount: number): string {
    return `paid ${amount}`;
  }
}

@Injectable()
export class Shop {
  constructor(protected readonly gateway: Gateway) {}

  @Activity()
  charge(amount: number): string {
    return this.gateway.pay(amount);
  }

  @Activity({ hub: 'billing' })
  bill(): void {}

  @Orchestrator({ name: 'sell' })
  *sellOne(_ctx: OrchestrationContext, input: string): Orchestration {
    yield `${input} through ${this.gateway.constructor.name}` as never;
  }

  undecorated(): void {}
}
