import type { INestApplicationContext, Provider } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DurableModule, type DurableModuleOptions } from 'nestjs-durable';
import { DURABLE_CLOCK, VirtualClock } from 'nestjs-durable/testing';
import { createDatabase, type DatabaseKind, type TestDatabase, type TestStorage } from '../../support/databases.js';
import { Gates } from './gates.js';
import { LOG_LINES } from './log-lines.js';
import { WaitingWorkReader, type EntityRows, type WaitingWork } from './waiting-work.js';

export interface AppOptions {
  /** The handlers, and what they inject; Gates is there already. */
  readonly providers: readonly Provider[];
  readonly settings?: Omit<DurableModuleOptions, 'storage' | 'name'>;
}

/** An application on a database of its own, in one mode. */
export class ScenarioApp {
  /** Goes on over restarts: engine time is never set back. */
  readonly clock = new VirtualClock();
  /** Outlives restarts too, so that a scenario can hold an activity of a stopped process. */
  readonly gates = new Gates();
  /** The instances and entities of earlier scenarios. */
  readonly known = new Set<string>();
  private database: TestDatabase | undefined;
  private current: INestApplicationContext | undefined;
  private changed = false;
  private reader: WaitingWorkReader | undefined;

  constructor(
    readonly kind: DatabaseKind,
    private readonly options: AppOptions,
  ) {}

  get context(): INestApplicationContext {
    if (!this.current) throw new Error('The application of the scenario is not running.');
    return this.current;
  }

  get storage(): TestStorage {
    return this.database!.storage;
  }

  async start(changes: Partial<AppOptions> = {}): Promise<void> {
    this.database ??= await createDatabase(this.kind);
    this.current = await this.create(changes);
    this.changed = Object.keys(changes).length > 0;
  }

  async stop(): Promise<void> {
    await this.current?.close();
    this.current = undefined;
  }

  /** Another process on the same database, beside the one that runs; the caller closes it. */
  async create(changes: Partial<AppOptions> = {}): Promise<INestApplicationContext> {
    const { providers, settings } = { ...this.options, ...changes };
    const durable = DurableModule.forRoot({ ...this.options.settings, ...settings, storage: this.storage });
    const module = await Test.createTestingModule({
      imports: [durable],
      providers: [...providers, { provide: Gates, useValue: this.gates }],
    })
      .overrideProvider(DURABLE_CLOCK)
      .useValue(this.clock)
      .setLogger(LOG_LINES)
      .compile();
    return await this.launch(module);
  }

  /** Handlers need no server; the tests of the HTTP API do. */
  protected launch(module: TestingModule): Promise<INestApplicationContext> {
    return module.init();
  }

  waitingWork(instanceId: string): Promise<WaitingWork> {
    return this.waiting.of(instanceId);
  }

  entityRows(entityId: string): Promise<EntityRows> {
    return this.waiting.ofEntity(entityId);
  }

  private get waiting(): WaitingWorkReader {
    return (this.reader ??= new WaitingWorkReader(this.storage));
  }

  /** Back to the application that scenarios expect, when one stopped or changed it. */
  async restore(): Promise<void> {
    if (this.current && !this.changed) return;
    await this.stop();
    await this.start();
  }

  async drop(): Promise<void> {
    this.gates.reset();
    await this.stop();
    await this.reader?.close();
    await this.database?.drop();
  }
}
