/** Finds the handlers of an application, and runs activities and operations, without an engine. */
import { Injectable, type ModuleMetadata } from '@nestjs/common';
import { ApplicationConfig, DiscoveryModule, DiscoveryService, ExternalContextCreator, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { Activity, EntityId, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { EntityExecution, type OperationOutcome } from '../../../lib/core/index.js';
import { DurableExplorer } from '../../../lib/nest/durable.explorer.js';
import { HandlerEnhancers } from '../../../lib/nest/enhancers/handler-enhancers.js';
import { DiscoveredHandlers } from '../../../lib/nest/handler-registry.js';
import { DEFAULT_ENHANCERS } from '../../../lib/nest/interfaces/enhancer-options.js';

export async function explore(
  metadata: ModuleMetadata, override = (builder: TestingModuleBuilder) => builder, enabled = DEFAULT_ENHANCERS,
): Promise<DiscoveredHandlers> {
  const builder = Test.createTestingModule({ ...metadata, imports: [DiscoveryModule, ...(metadata.imports ?? [])] });
  const app = await override(builder).compile();
  const handlers = new DiscoveredHandlers();
  const enhancers = new HandlerEnhancers(app.get(ExternalContextCreator), app.get(ApplicationConfig), app.get(ModulesContainer), enabled);
  const explorer = new DurableExplorer(app.get(DiscoveryService), app.get(MetadataScanner), enhancers);
  explorer.explore('default', ['default', 'billing'], handlers);
  return handlers;
}

export function call(handlers: DiscoveredHandlers, name: string, input?: unknown, ctx = {}): unknown {
  return handlers.findActivity(name)?.handler(input, ctx as ActivityContext);
}

const ignore = (): void => undefined;

/** One loaded entity. */
export interface LoadedEntity {
  readonly execution: EntityExecution;
  readonly outcome: (operation: string, input?: unknown, signal?: AbortSignal) => Promise<OperationOutcome>;
  /** @returns its result, or what it failed with, in words */
  readonly run: (operation: string, input?: unknown) => Promise<unknown>;
}

export async function load(handlers: DiscoveredHandlers, name: string, key = 'a'): Promise<LoadedEntity> {
  const definition = handlers.findEntity(name)!;
  const execution = new EntityExecution({
    entityId: new EntityId(name, key), handler: await definition.create(), source: definition.source, state: undefined, maxPayloadBytes: 100_000,
    maxActions: 100, log: { log: ignore, warn: ignore, error: ignore }, newInstanceId: () => 'new',
  });
  const outcome: LoadedEntity['outcome'] = (operation, input, signal = new AbortController().signal) =>
    execution.run({ operation, ...(input !== undefined && { input: JSON.stringify(input) }) }, signal);
  return {
    execution, outcome,
    run: async (operation, input) => {
      const end = await outcome(operation, input);
      if (end.kind === 'failed') return `${end.failureDetails.errorType}: ${end.failureDetails.errorMessage}`;
      return end.result === undefined ? undefined : JSON.parse(end.result);
    },
  };
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
