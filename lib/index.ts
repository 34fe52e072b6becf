/** The public API of nestjs-durable. */

export {
  Activity,
  DurableModule,
  getDurableClientToken,
  InjectDurableClient,
  InvalidHandlerError,
  Orchestrator,
  type ActivityDecoratorOptions,
  type DataSourceStorage,
  type DurableModuleAsyncOptions,
  type DurableModuleOptions,
  type DurableModuleShape,
  type DurableOptions,
  type DurableOptionsFactory,
  type DurableStorageOptions,
  type EnhancerOptions,
  type OrchestratorDecoratorOptions,
} from './nest/index.js';

export {
  DurableClient,
  type CheckStatusResponse,
  type DurableHealth,
  type DurableOrchestrationStatus,
  type GetStatusOptions,
  type HistoryRecord,
  type HttpManagementPayload,
  type HttpOrchestrationStatus,
  type HttpRequestLike,
  type OrchestratorStarters,
  type ParkedInstances,
  type PurgeFilter,
  type PurgeOptions,
  type PurgeResult,
  type RestartOptions,
  type RaiseEventOptions,
  type StartNewOptions,
  type StartOptions,
  type StatusFilter,
  type StatusPage,
  type TerminateOptions,
  type WaitForCompletionOptions,
  type WaitOrCheckOptions,
} from './client/index.js';

export type {
  ActivityContext,
  ActivityOptions,
  ActivityStubs,
  ContinueAsNewOptions,
  DurableLogger,
  DurableTask,
  EventTask,
  FailureDetails,
  HandlerClass,
  Jsonify,
  Orchestration,
  OrchestrationContext,
  OrchestratorStubs,
  RetryOptions,
  RuntimeStatus,
  SettledResult,
  SubOrchestrationOptions,
  TaskResult,
  TimerTask,
  WaitForEventOptions,
} from './core/index.js';

export {
  InstanceAlreadyExistsError,
  InstanceNotFoundError,
  InstanceNotRunningError,
  InvalidEntityManagerError,
  InvalidInstanceIdError,
  InvalidInstanceStateError,
  NonDeterminismError,
  NonRetriableError,
  OrchestratorError,
  PayloadTooLargeError,
  PoisonMessageError,
  RUNTIME_STATUSES,
  SerializationError,
  TaskCanceledError,
  TaskFailedError,
  TaskTimeoutError,
  UnknownHandlerError,
} from './core/index.js';

export { InvalidSettingError } from './engine/settings-validation.js';
export type { OnConflict } from './storage/store.js';
export { TransientStoreError } from './storage/errors.js';
export type { StorageOptions } from './storage/index.js';
