export { Activity, type ActivityDecoratorOptions } from './decorators/activity.decorator.js';
export { Entity, type EntityDecorator, type EntityDecoratorOptions } from './decorators/entity.decorator.js';
export { InjectDurableClient } from './decorators/inject-durable-client.decorator.js';
export { Orchestrator, type OrchestratorDecoratorOptions } from './decorators/orchestrator.decorator.js';
export { getDurableClientToken } from './durable.constants.js';
export { InvalidHandlerError } from './durable.messages.js';
export { DurableModule } from './durable.module.js';
export type {
  DataSourceStorage, DurableModuleAsyncOptions, DurableModuleOptions, DurableModuleShape, DurableOptions, DurableOptionsFactory, DurableStorageOptions,
} from './interfaces/durable-module-options.js';
export type { DurableHttpOptions } from './interfaces/durable-http-options.js';
export type { EnhancerOptions } from './interfaces/enhancer-options.js';
