export { acceptedResponse, inSeconds, toHttpStatus, type CheckStatusResponse, type HttpOrchestrationStatus } from './check-status-response.js';
export type { RaiseEventOptions, TerminateOptions } from './control.js';
export { DurableClient } from './durable-client.js';
export type { CleanEntityStorageResult } from './entity-cleaning.js';
export type { EntityClient } from './entity-client.js';
export type { EntityFilter, EntityMetadata, EntityPage } from './entity-pages.js';
export type { SignalOptions } from './entity-signals.js';
export type { EntityStateResponse } from './entity-state.js';
export { TransientStoreError } from '../storage/errors.js';
export type { DurableHealth, HealthProblem, HealthProblemKind, ParkedInstances, ProblemHandler } from './health.js';
export type { HistoryRecord } from './history-record.js';
export type { ClientHost, NewInstance } from './host.js';
export {
  DEFAULT_API, managementLinks, type HttpManagementPayload, type HttpRequestLike, type ManagementApiAddress, type ManagementLinks,
} from './management-payload.js';
export type {
  ActivityMetrics, ClientMetrics, CommitMetrics, DistributionMetrics, DurableMetrics, EntityMetrics, EventLoopMetrics, InboxMetrics, InstanceMetrics,
  PartitionMetrics,
} from './metrics.js';
export type { DurableOrchestrationStatus, GetStatusOptions } from './orchestration-status.js';
export type { OrchestratorStarters } from './orchestrator-starters.js';
export type { PurgeFilter, PurgeOptions, PurgeResult } from './purge.js';
export type { RestartOptions } from './restart.js';
export type { StartNewOptions, StartOptions } from './start-options.js';
export type { StatusFilter } from './status-filter.js';
export type { StatusPage } from './status-pages.js';
export type { WaitForCompletionOptions, WaitOrCheckOptions } from './waiting.js';
