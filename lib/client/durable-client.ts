import type { EntityId, HandlerClass, TaskEntity } from '../core/index.js';
import { checkedId } from './arguments.js';
import { acceptedResponse, type CheckStatusResponse } from './check-status-response.js';
import { deliver, raiseEvent, rewindInstance, type RaiseEventOptions, type TerminateOptions } from './control.js';
import { cleanEntityStorage, type CleanEntityStorageResult } from './entity-cleaning.js';
import { entityClient, type EntityClient } from './entity-client.js';
import { readAllEntities, readEntityPage, type EntityFilter, type EntityMetadata, type EntityPage } from './entity-pages.js';
import { signalEntity, type SignalOptions } from './entity-signals.js';
import { readEntityState, type EntityStateResponse } from './entity-state.js';
import type { DurableHealth } from './health.js';
import type { ClientHost } from './host.js';
import {
  DEFAULT_API, managementLinks, type HttpManagementPayload, type HttpRequestLike, type ManagementApiAddress, type ManagementLinks,
} from './management-payload.js';
import type { DurableMetrics } from './metrics.js';
import { readStatus, type DurableOrchestrationStatus, type GetStatusOptions } from './orchestration-status.js';
import { orchestratorStarters, type OrchestratorStarters } from './orchestrator-starters.js';
import { purgeInstance, purgeInstancesBy, type PurgeFilter, type PurgeOptions, type PurgeResult } from './purge.js';
import { restartInstance, type RestartOptions } from './restart.js';
import type { StartNewOptions } from './start-options.js';
import { startInstance } from './starts.js';
import type { StatusFilter } from './status-filter.js';
import { readAllStatuses, readStatusPage, type StatusPage } from './status-pages.js';
import { waitForCompletion, waitOrCheckStatus, type WaitForCompletionOptions, type WaitOrCheckOptions } from './waiting.js';

/**
 * Starts, queries and steers orchestrations, signals and reads entities, from anywhere but an orchestrator: there every method
 * throws [O1].
 * Injected with `@InjectDurableClient()`.
 *
 * A promise that resolves means that the call is durable: a crash right after it loses nothing.
 */
export class DurableClient {
  /** @param api where links to the management API lead: it is asked for each of them */
  constructor(
    private readonly host: ClientHost,
    private readonly api: () => ManagementApiAddress = () => DEFAULT_API,
  ) {}

  /** Name of the task hub whose instances and entities these are. */
  get taskHub(): string {
    return this.host.taskHub;
  }

  /**
   * Starts an orchestration and resolves with its instance id [K1].
   *
   * With `entityManager` the start is a part of the application's own transaction (MySQL and MariaDB): the instance is there
   * soon after the commit, and never after a rollback. `onConflict` is looked at then; a start that it refuses is logged.
   * @throws {UnknownHandlerError} when no live worker has an orchestrator of this name (and version)
   * @throws {InstanceAlreadyExistsError} when the id is in use and `onConflict` does not allow for it
   * @throws {HubOverloadedError} when as much waits in the task hub as `maxBacklog` allows
   * @throws {InvalidEntityManagerError} when the `entityManager` has no transaction, or one of another database
   * @throws {InvalidInstanceIdError} {SerializationError} {PayloadTooLargeError} {TypeError} for bad arguments
   */
  startNew(name: string, options: StartNewOptions = {}): Promise<string> {
    this.host.assertOutsideEpisode('startNew');
    return startInstance(this.host, name, options);
  }

  /**
   * The orchestrators of a class as typed functions that start them: `client.orchestrators(OrderService).fulfil(order)`.
   * They may be destructured. An undecorated method throws when it is called.
   */
  orchestrators<T>(type: HandlerClass<T>): OrchestratorStarters<T> {
    return orchestratorStarters(type, this.host.orchestratorNames(type), (name, input, options) =>
      this.startNew(name, { ...options, input }));
  }

  /** The instance's status, or `null` when there is none of this id [K2]. */
  getStatus(instanceId: string, options: GetStatusOptions = {}): Promise<DurableOrchestrationStatus | null> {
    this.host.assertOutsideEpisode('getStatus');
    return readStatus(this.host, instanceId, options);
  }

  /**
   * A page of instances, in the order of their creation [K3]. Pages are stable while instances come and go.
   * @param filter with the `continuationToken` of the page before, for the next one
   * @throws {TypeError} for a bad filter or token
   */
  getStatusBy(filter: StatusFilter & { readonly continuationToken?: string } = {}): Promise<StatusPage> {
    this.host.assertOutsideEpisode('getStatusBy');
    return readStatusPage(this.host, filter, filter.continuationToken);
  }

  /** All instances that {@link getStatusBy} would list, page after page: `for await (const status of client.getStatusAll())`. */
  getStatusAll(filter: StatusFilter = {}): AsyncIterable<DurableOrchestrationStatus> {
    this.host.assertOutsideEpisode('getStatusAll');
    return readAllStatuses(this.host, filter);
  }

  /**
   * Sends an external event, which is kept until the orchestrator waits for one of this name (case does not matter) [K4].
   *
   * With `entityManager` the event is a part of the application's own transaction (MySQL and MariaDB): it is sent by the commit,
   * behind what the transaction has started and sent before. Whether there is such an instance is found out then: an event for
   * one that is missing or finished is dropped, and logged.
   * @throws {InstanceNotFoundError} {InstanceNotRunningError} when there is no such instance, or it is finished [E4]
   * @throws {InvalidEntityManagerError} when the `entityManager` has no transaction, or one of another database
   */
  raiseEvent(instanceId: string, name: string, data?: unknown, options: RaiseEventOptions = {}): Promise<void> {
    this.host.assertOutsideEpisode('raiseEvent');
    return raiseEvent(this.host, instanceId, name, data, options);
  }

  /**
   * Ends an instance that is not finished yet, without running its code again; `reason` becomes its output [K4, K6].
   * Its running activities' signals are aborted [K9], with `recursive` also those of its sub-orchestrations.
   * @throws {InstanceNotFoundError} {InstanceNotRunningError}
   */
  terminate(instanceId: string, reason?: string, { recursive = false }: TerminateOptions = {}): Promise<void> {
    this.host.assertOutsideEpisode('terminate');
    return deliver(this.host, 'terminate', instanceId, { type: 'ExecutionTerminated', reason, ...(recursive && { recursive }) });
  }

  /**
   * Stops a Pending or Running instance before its next step; what reaches it meanwhile is kept in order [K6, K7].
   * @throws {InstanceNotFoundError} {InvalidInstanceStateError} {InstanceNotRunningError}
   */
  suspend(instanceId: string, reason?: string): Promise<void> {
    this.host.assertOutsideEpisode('suspend');
    return deliver(this.host, 'suspend', instanceId, { type: 'ExecutionSuspended', reason });
  }

  /**
   * Lets a Suspended instance go on [K6, K7].
   * @throws {InstanceNotFoundError} {InvalidInstanceStateError} {InstanceNotRunningError}
   */
  resume(instanceId: string, reason?: string): Promise<void> {
    this.host.assertOutsideEpisode('resume');
    return deliver(this.host, 'resume', instanceId, { type: 'ExecutionResumed', reason });
  }

  /**
   * Lets a Failed instance go on [K8]: its failed activities and sub-orchestrations (these by a rewind of their own) run again, also
   * those whose failure its code has handled, and what had not ended is dispatched again; what succeeded is not repeated. An instance
   * that failed by its own code goes on where it failed. It is Running when this resolves, and may be rewound as often as it fails.
   * @throws {InstanceNotFoundError} {InvalidInstanceStateError} when the instance is not Failed [K6]
   */
  rewind(instanceId: string, reason?: string): Promise<void> {
    this.host.assertOutsideEpisode('rewind');
    return rewindInstance(this.host, instanceId, reason);
  }

  /**
   * Starts an instance anew: the same orchestrator in exactly the same version, with the same input and tags [K4]. Of one that
   * continued as new it is the last generation's input. It begins at once, and belongs to no parent.
   * @returns the id of the new instance: a new one, or with `newInstanceId: false` the same, whose instance it replaces
   * @throws {InstanceNotFoundError} {UnknownHandlerError} when no live worker has that version
   * @throws {InvalidInstanceStateError} when the id is to stay and its instance is not finished [K6]
   * @throws {HubOverloadedError} when as much waits in the task hub as `maxBacklog` allows
   */
  restart(instanceId: string, options: RestartOptions = {}): Promise<string> {
    this.host.assertOutsideEpisode('restart');
    return restartInstance(this.host, instanceId, options);
  }

  /**
   * Deletes a finished instance with its history [K4]. Deletes none when there is no such instance.
   *
   * With `recursive` its finished sub-orchestrations too, at all depths, before it: a call that was interrupted may be repeated.
   * Of an instance that continued as new, these are the last generation's.
   * @throws {InvalidInstanceStateError} when it is not finished [K6]
   */
  purgeInstanceHistory(instanceId: string, options: PurgeOptions = {}): Promise<PurgeResult> {
    this.host.assertOutsideEpisode('purgeInstanceHistory');
    return purgeInstance(this.host, instanceId, options);
  }

  /**
   * Deletes the finished instances that meet all that is given, with their histories [K4]. In small chunks with pauses, so that
   * other work goes on: 100 000 take minutes. Ends with the newest instance of the moment when it was called; instances that finish
   * meanwhile may be left. A call that was interrupted, or that failed, may be repeated.
   * @returns how many; fewer than were deleted when the database was away in the meantime
   * @throws {TypeError} for a bad filter, also for a `runtimeStatus` of unfinished instances
   */
  purgeInstanceHistoryBy(filter: PurgeFilter): Promise<PurgeResult> {
    this.host.assertOutsideEpisode('purgeInstanceHistoryBy');
    return purgeInstancesBy(this.host, filter);
  }

  /**
   * Resolves with the status once the instance is finished, whatever the end [K5].
   * @throws {TaskTimeoutError} after `timeout` ms
   * @throws {ModuleStoppedError} when the application stops; the instance goes on
   * @throws {InstanceNotFoundError}
   */
  waitForCompletion(instanceId: string, options: WaitForCompletionOptions = {}): Promise<DurableOrchestrationStatus> {
    this.host.assertOutsideEpisode('waitForCompletion');
    return waitForCompletion(this.host, instanceId, options);
  }

  /**
   * Sends an operation to an entity, which need not exist yet, and forgets it [N8]: whether it succeeds is told to nobody but the log.
   * Operations of one process arrive in the order in which they were sent [N4]. A signal for a name that no live worker has is kept
   * until one comes that has it [Y6].
   *
   * With `scheduledTime` it is carried out then, never earlier [N7]. With `entityManager` it is a part of the application's own
   * transaction (MySQL and MariaDB): it is sent by the commit, behind what the transaction has sent before.
   * @param operation case does not matter
   * @param input JSON-serializable; `undefined` is no input
   * @throws {InvalidEntityManagerError} when the `entityManager` has no transaction, or one of another database
   * @throws {SerializationError} {PayloadTooLargeError} {TypeError} for bad arguments
   */
  signalEntity(id: EntityId, operation: string, input?: unknown, options: SignalOptions = {}): Promise<void> {
    this.host.assertOutsideEpisode('signalEntity');
    return signalEntity(this.host, id, operation, input, options);
  }

  /**
   * An entity by its class: `client.entity(Counter, 'a').signal.add(1)` is a typed {@link signalEntity}. What is no operation throws
   * when it is called.
   * @throws {TypeError} when the class is no entity class
   * @throws {InvalidInstanceIdError} for a bad key [N1]
   */
  entity<T extends TaskEntity<any>>(type: HandlerClass<T>, key: string): EntityClient<T> {
    return entityClient(type, key, this.host.entityOf(type), (id, operation, input, options) => this.signalEntity(id, operation, input, options));
  }

  /** The entity's state as last committed, without running its code [N8]: `{ entityExists: false }` when it has none. */
  readEntityState<T = unknown>(id: EntityId): Promise<EntityStateResponse<T>> {
    this.host.assertOutsideEpisode('readEntityState');
    return readEntityState<T>(this.host, id);
  }

  /**
   * A page of the entities that exist, in the order of their ids [N8]. Pages are stable while entities come and go.
   * @param filter with the `continuationToken` of the page before, for the next one
   * @throws {TypeError} for a bad filter or token
   */
  listEntities(filter: EntityFilter & { readonly continuationToken?: string } = {}): Promise<EntityPage> {
    this.host.assertOutsideEpisode('listEntities');
    return readEntityPage(this.host, filter, filter.continuationToken);
  }

  /** All entities that {@link listEntities} would list, page after page: `for await (const { entityId } of client.listEntitiesAll())`. */
  listEntitiesAll(filter: EntityFilter = {}): AsyncIterable<EntityMetadata> {
    this.host.assertOutsideEpisode('listEntitiesAll');
    return readAllEntities(this.host, filter);
  }

  /**
   * Releases the locks of orchestrations that are finished or gone, and removes what is left of entities that do not exist [N8].
   * A safety net: entities do both by themselves. It resolves when their owners are told, which then do it; it may be repeated.
   */
  cleanEntityStorage(): Promise<CleanEntityStorageResult> {
    this.host.assertOutsideEpisode('cleanEntityStorage');
    return cleanEntityStorage(this.host);
  }

  /**
   * How this process takes part in its task hub, and what is wrong with it: a database that is away, work that is overdue, blocked or
   * waits for a handler [Y6], with what to do. From memory: it asks no database, and may be called as often as a probe likes.
   */
  getHealth(): DurableHealth {
    this.host.assertOutsideEpisode('getHealth');
    return this.host.health();
  }

  /** What this process does in its task hub, in numbers, from memory: counts since it started, and what is in memory now. */
  getMetrics(): DurableMetrics {
    this.host.assertOutsideEpisode('getMetrics');
    return this.host.metrics();
  }

  /**
   * Links to the management API for an instance, with the request's host: for a controller's answer to its caller [K5]. They lead to where
   * the application serves the API, by the setting `http`, and hold no key: whoever may use the API has one.
   */
  createHttpManagementPayload(request: HttpRequestLike, instanceId: string): HttpManagementPayload {
    const call = 'createHttpManagementPayload';
    return this.links(call, request)(checkedId(call, instanceId));
  }

  /** The 202 with `Location`, `Retry-After` and {@link HttpManagementPayload} that tells a caller where to ask for an instance [K5]. */
  createCheckStatusResponse(request: HttpRequestLike, instanceId: string): CheckStatusResponse {
    const call = 'createCheckStatusResponse';
    return acceptedResponse(this.links(call, request)(checkedId(call, instanceId)));
  }

  /**
   * Waits for the end of an instance, for a while: 200 with its output, 200 with the status of a terminated one, 500 with the status
   * of a failed one; after `timeout` ms {@link createCheckStatusResponse} [K5].
   * @throws {InstanceNotFoundError} {TypeError}
   */
  waitForCompletionOrCreateCheckStatusResponse(
    request: HttpRequestLike, instanceId: string, options: WaitOrCheckOptions = {},
  ): Promise<CheckStatusResponse> {
    const call = 'waitForCompletionOrCreateCheckStatusResponse';
    this.host.assertOutsideEpisode(call);
    return waitOrCheckStatus(this.host, () => this.links(call, request), instanceId, options);
  }

  private links(call: string, request: HttpRequestLike): ManagementLinks {
    return managementLinks(call, request, this.api(), { taskHub: this.host.taskHub });
  }
}
