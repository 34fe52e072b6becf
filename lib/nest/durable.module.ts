import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import {
  ApplicationConfig, DiscoveryModule, DiscoveryService, ExternalContextCreator, HttpAdapterHost, MetadataScanner, ModuleRef, ModulesContainer,
} from '@nestjs/core';
import { SystemClock, type Clock } from '../engine/clock.js';
import { InvalidSettingError } from '../engine/settings-validation.js';
import { createManagementController } from '../http/index.js';
import {
  DEFAULT_HUB, DURABLE_CLOCK, getDurableClientToken, getDurableHttpToken, getDurableOptionsToken, getDurableRuntimeToken, getManagementApiToken,
} from './durable.constants.js';
import { DurableHttp } from './durable.http.js';
import { resolveDurableOptions, type ResolvedDurableOptions } from './durable-options.js';
import { DurableRuntime } from './durable.runtime.js';
import { HandlerEnhancers } from './enhancers/handler-enhancers.js';
import { HttpAddress } from './http-address.js';
import { resolveHttp, type HttpSetting } from './http-setting.js';
import type {
  DurableModuleAsyncOptions, DurableModuleOptions, DurableModuleShape, DurableOptionsFactory,
} from './interfaces/durable-module-options.js';

/**
 * Durable Functions for the application: finds the decorated methods of all its providers, runs them on the given
 * database, and provides {@link DurableClient}. Imported once for each task hub, in the root module.
 *
 * Let the application call `app.enableShutdownHooks()`: a clean stop hands its work over at once.
 */
@Module({})
export class DurableModule {
  /**
   * @param options see {@link DurableModuleOptions}; every setting has a default
   * @throws {InvalidSettingError} when the application starts, for an unknown setting or a bad value; at once for what shapes the module graph
   */
  static forRoot(options: DurableModuleOptions = {}): DynamicModule {
    const { name, isGlobal, http, ...settings } = options;
    return createModule({ name, isGlobal, http }, { useFactory: () => settings });
  }

  /**
   * Like {@link forRoot}, with options from a factory, a class or an existing provider; see {@link DurableModuleAsyncOptions}.
   * @throws {TypeError} when none or several of them are given
   */
  static forRootAsync(options: DurableModuleAsyncOptions): DynamicModule {
    const { name, isGlobal, http, ...source } = options;
    return createModule({ name, isGlobal, http }, source);
  }
}

type OptionsSource = Omit<DurableModuleAsyncOptions, keyof DurableModuleShape>;

function createModule({ name = DEFAULT_HUB, isGlobal = false, http }: DurableModuleShape, source: OptionsSource): DynamicModule {
  if (typeof name !== 'string' || name === '') throw new InvalidSettingError('name', 'must be a non-empty string');
  if (typeof isGlobal !== 'boolean') throw new InvalidSettingError('isGlobal', 'must be true or false');
  const httpSetting = resolveHttp(http);
  const optionsToken = getDurableOptionsToken(name);
  const runtimeToken = getDurableRuntimeToken(name);
  const clientToken = getDurableClientToken(name);
  return {
    module: DurableModule,
    global: isGlobal,
    imports: [DiscoveryModule, ...(source.imports ?? [])],
    providers: [
      ...optionsProviders(optionsToken, source),
      { provide: DURABLE_CLOCK, useClass: SystemClock },
      {
        provide: runtimeToken,
        inject: [
          optionsToken, DURABLE_CLOCK, DiscoveryService, MetadataScanner, ExternalContextCreator, ApplicationConfig, ModulesContainer,
          ModuleRef,
        ],
        useFactory: (
          options: ResolvedDurableOptions, clock: Clock, discovery: DiscoveryService, scanner: MetadataScanner,
          contexts: ExternalContextCreator, config: ApplicationConfig, modules: ModulesContainer, moduleRef: ModuleRef,
        ) =>
          new DurableRuntime(
            name, options, clock, discovery, scanner, new HandlerEnhancers(contexts, config, modules, options.enhancers), moduleRef,
            httpSetting && new HttpAddress(httpSetting, config),
          ),
      },
      {
        provide: clientToken,
        inject: [runtimeToken],
        useFactory: (runtime: DurableRuntime) => runtime.client,
      },
      ...(httpSetting ? httpProviders(name, httpSetting) : []),
    ],
    controllers: httpSetting ? [createManagementController(name, httpSetting.path, getManagementApiToken(name))] : [],
    exports: [clientToken],
  };
}

function httpProviders(name: string, setting: HttpSetting): Provider[] {
  const token = getDurableHttpToken(name);
  return [
    {
      provide: token,
      inject: [getDurableRuntimeToken(name), ModulesContainer, HttpAdapterHost],
      useFactory: (runtime: DurableRuntime, modules: ModulesContainer, adapterHost: HttpAdapterHost) =>
        new DurableHttp(runtime, runtime.http!, setting, modules, adapterHost),
    },
    { provide: getManagementApiToken(name), inject: [token], useFactory: ({ api }: DurableHttp) => api },
  ];
}

function optionsProviders(token: string, source: OptionsSource): Provider[] {
  const { imports: _, useFactory, useClass, useExisting, inject = [], ...others } = source;
  const [misplaced] = Object.keys(others);
  if (misplaced !== undefined) {
    throw new InvalidSettingError(misplaced, "stands beside the factory of forRootAsync, where it has no effect: it belongs in the factory's answer");
  }
  if ([useFactory, useClass, useExisting].filter((way) => way !== undefined).length !== 1) {
    throw new TypeError('DurableModule.forRootAsync: give exactly one of useFactory, useClass and useExisting.');
  }
  if (useFactory !== undefined) {
    const create = async (...dependencies: unknown[]): Promise<ResolvedDurableOptions> =>
      resolveDurableOptions(await useFactory(...dependencies));
    return [{ provide: token, inject, useFactory: create }];
  }
  return [
    ...(useClass === undefined ? [] : [useClass]),
    { provide: token, inject: [useExisting ?? useClass!], useFactory: optionsOf },
  ];
}

async function optionsOf(factory: DurableOptionsFactory): Promise<ResolvedDurableOptions> {
  if (typeof factory?.createDurableOptions !== 'function') {
    throw new TypeError('DurableModule.forRootAsync: what useClass or useExisting names has no method createDurableOptions().');
  }
  return resolveDurableOptions(await factory.createDurableOptions());
}
