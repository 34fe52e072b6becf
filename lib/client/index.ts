export type { CheckStatusResponse, HttpOrchestrationStatus } from './check-status-response.js';
export { DurableClient, type StatusPage, type WaitForCompletionOptions, type WaitOrCheckOptions } from './durable-client.js';
export type { HistoryRecord } from './history-record.js';
export type { ClientHost, NewInstance } from './host.js';
export type { HttpManagementPayload, HttpRequestLike } from './management-payload.js';
export type { DurableOrchestrationStatus, GetStatusOptions } from './orchestration-status.js';
export type { OrchestratorStarters } from './orchestrator-starters.js';
export type { StartNewOptions, StartOptions } from './start-options.js';
export type { StatusFilter } from './status-filter.js';
