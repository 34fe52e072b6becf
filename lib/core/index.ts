/** The replay core: pure and synchronous. No I/O, no clock, no randomness; times and ids come in with the events. */
export { idempotencyKey, type ActivityContext } from './activity-context.js';
export type { CancelledTimer } from './action-log.js';
export { isCausedBy, type ErrorType } from './causes.js';
export * from './client-errors.js';
export type { EntityContext, EntityStartOptions, SignalEntityOptions, TaskEntityContext } from './entity-context.js';
export {
  EntityExecution,
  type EntityAction,
  type EntityExecutionOptions,
  type OperationOutcome,
  type RequestedOperation,
} from './entity-execution.js';
export { EntityId, isEntityId } from './entity-id.js';
export type { EntityLock, LockState } from './entity-lock.js';
export { createOperationStubs, type EntityReference, type EntitySignalStubs, type EntityStub } from './entity-stubs.js';
export type { EpisodeResult } from './episode-result.js';
export { splitEpisodes, type OpenEpisode, type RecordedEpisode, type TakenBack } from './episodes.js';
export * from './errors.js';
export { OrchestrationExecution } from './execution.js';
export type { ExecutionOptions } from './execution-options.js';
export { failureDetailsOf } from './failure-details.js';
export type { FailureDetails } from './failure.js';
export type { ActivityFunction, EntityFunction, OrchestratorFunction } from './handlers.js';
export * from './history.js';
export type { DurableHttpRequest, DurableHttpResponse } from './http-call-messages.js';
export { partitionOf, subOrchestrationId, validateInstanceId } from './ids.js';
export type { Jsonify } from './jsonify.js';
export type { DurableLogger } from './logger.js';
export type { OperationContext } from './operation-context.js';
export type {
  ActivityOptions,
  ContinueAsNewOptions,
  OrchestrationContext,
  SubOrchestrationOptions,
  WaitForEventOptions,
} from './orchestration-context.js';
export { isReservedName, RESERVED_NAME } from './reserved-names.js';
export type { RetryOptions } from './retry-options.js';
export { failuresToDrop, planRewind, type Rewind } from './rewind.js';
export { deserialize, serialize } from './serialization.js';
export {
  createStubs,
  type ActivityStubs,
  type EntityClass,
  type HandlerClass,
  type HandlerName,
  type HandlerNames,
  type OrchestratorInput,
  type OrchestratorOutput,
  type OrchestratorStubs,
} from './stubs.js';
export { checkedTags } from './tags.js';
export { entityFunction, operationNames, operationsOf, TaskEntity, type AroundOperation } from './task-entity.js';
export type {
  DurableTask,
  EventTask,
  Orchestration,
  SettledResult,
  SettledResults,
  TaskResult,
  TaskResults,
  TimerTask,
} from './task.js';
