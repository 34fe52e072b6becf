import { Logger } from '@nestjs/common';
import type {
  BeforeApplicationShutdown, OnApplicationBootstrap, OnApplicationShutdown, OnModuleDestroy, OnModuleInit,
} from '@nestjs/common';
import type { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import { DEFAULT_API, DurableClient, type ManagementApiAddress } from '../client/index.js';
import type { Clock } from '../engine/clock.js';
import { DurableEngine } from '../engine/durable-engine.js';
import { createStore } from '../storage/index.js';
import { serverOptionsOf } from './application-data-source.js';
import type { ResolvedDurableOptions } from './durable-options.js';
import { DurableExplorer } from './durable.explorer.js';
import type { HandlerEnhancers } from './enhancers/handler-enhancers.js';
import { DiscoveredHandlers } from './handler-registry.js';
import type { HttpAddress } from './http-address.js';
import { checkRegistration } from './registrations.js';

/**
 * One registration of the module: its engine, and the engine's life within the application's.
 *
 * Handlers are explored and the database is prepared while modules initialise, work begins when all of them have, and
 * ends before any of them is gone: running activities may use the application's providers until the drain is over.
 */
export class DurableRuntime
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly engine: DurableEngine;
  readonly client: DurableClient;
  private known: readonly DurableRuntime[] | undefined;
  private readonly handlers: DiscoveredHandlers;

  constructor(
    readonly name: string,
    readonly options: ResolvedDurableOptions,
    clock: Clock,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly enhancers: HandlerEnhancers,
    modules: ModuleRef,
    readonly http?: HttpAddress,
  ) {
    const { storage } = options;
    this.handlers = new DiscoveredHandlers(name);
    this.engine = new DurableEngine({
      hub: options.taskHub,
      store: createStore('dataSource' in storage ? () => serverOptionsOf(storage.dataSource, modules) : storage),
      handlers: this.handlers,
      settings: options.settings,
      clock,
      log: new Logger('DurableFunctions'),
      worker: options.worker,
    });
    this.client = new DurableClient(this.engine.client, () => this.apiAddress());
  }

  /** All registrations of the application, this one among them. To be asked when they are made: when modules initialise, and later. */
  get registrations(): readonly DurableRuntime[] {
    return (this.known ??= this.discovery
      .getProviders()
      .map((wrapper): unknown => wrapper.instance)
      .filter((instance) => instance instanceof DurableRuntime));
  }

  async onModuleInit(): Promise<void> {
    await this.closingOnFailure(async () => {
      this.exploreHandlers();
      await this.engine.prepare();
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.closingOnFailure(() => this.engine.start());
  }

  async onModuleDestroy(): Promise<void> {
    await this.engine.drain();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.engine.release();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.engine.close();
  }

  /** Any API of the application serves its task hub. */
  private apiAddress(): ManagementApiAddress {
    return this.http ?? this.registrations.find(({ http }) => http !== undefined)?.http ?? DEFAULT_API;
  }

  private exploreHandlers(): void {
    checkRegistration(this, this.registrations);
    const hubs = this.registrations.map(({ name }) => name);
    // A process that is client only must not be taken for one that can run what its classes declare.
    if (!this.options.worker) return;
    new DurableExplorer(this.discovery, this.scanner, this.enhancers).explore(this.name, hubs, this.handlers);
  }

  /** An application that fails to start is not always closed by its owner. */
  private async closingOnFailure(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      await this.engine.close().catch(() => undefined);
      throw error;
    }
  }
}
