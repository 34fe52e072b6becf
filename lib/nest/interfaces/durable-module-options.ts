import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Type } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { EngineSettings } from '../../engine/settings.js';
import type { StorageOptions } from '../../storage/index.js';
import type { DurableHttpOptions } from './durable-http-options.js';
import type { EnhancerOptions } from './enhancer-options.js';

/**
 * The database of a DataSource of the application, on MySQL or MariaDB. The module opens a pool of its own there, with the
 * DataSource's connection options.
 */
export interface DataSourceStorage {
  /**
   * The name that `TypeOrmModule.forRoot({ name })` gives it (`default` without one), or the DataSource itself: in
   * `forRootAsync`, injected.
   */
  readonly dataSource: string | DataSource;
}

export type DurableStorageOptions = StorageOptions | DataSourceStorage;

/** Settings of a registration (semantics.md section 6). Times are milliseconds. */
export interface DurableOptions extends Partial<EngineSettings> {
  /** Isolates the instances of one application from another's in one database: a letter, then letters and digits, 3–45. Default `DurableHub`. */
  readonly taskHub?: string;
  /**
   * The database: TypeORM's options of better-sqlite3, mysql or mariadb, or a DataSource of the application that has them. Default
   * `{ type: 'better-sqlite3', database: 'durable.sqlite' }`.
   */
  readonly storage?: DurableStorageOptions;
  /** False: this process only starts and queries instances, it runs none. Default true. */
  readonly worker?: boolean;
  /** Which of Nest's enhancers apply to activities and entity operations. Default `{ interceptors: true, pipes: true, filters: true, guards: false }`. */
  readonly enhancers?: EnhancerOptions;
}

/** What shapes the module graph; known before any provider exists, so it is not part of an asynchronous factory's answer. */
export interface DurableModuleShape {
  /** Which registration this is, for `@InjectDurableClient(name)` and `@Orchestrator({ hub: name })`. Default `default`. */
  readonly name?: string;
  /** Whether the client can be injected without importing the module. Default false. */
  readonly isGlobal?: boolean;
  /** The HTTP management API, for applications that serve HTTP. Default false: there is none. */
  readonly http?: DurableHttpOptions | false;
}

export interface DurableModuleOptions extends DurableOptions, DurableModuleShape {}

/** For `forRootAsync({ useClass })` and `{ useExisting }`. */
export interface DurableOptionsFactory {
  createDurableOptions(): DurableOptions | Promise<DurableOptions>;
}

/** Exactly one of `useFactory`, `useClass` and `useExisting`. */
export interface DurableModuleAsyncOptions extends DurableModuleShape, Pick<ModuleMetadata, 'imports'> {
  readonly useFactory?: (...dependencies: any[]) => DurableOptions | Promise<DurableOptions>;
  readonly useClass?: Type<DurableOptionsFactory>;
  readonly useExisting?: InjectionToken<DurableOptionsFactory>;
  /** What `useFactory` is called with. */
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
}
