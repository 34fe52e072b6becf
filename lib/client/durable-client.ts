import type { EntityManager } from 'typeorm';
import {
  InstanceAlreadyExistsError, InstanceNotFoundError, isFinished, serialize, TaskTimeoutError, UnknownHandlerError, type HandlerClass,
  type InputEvent,
} from '../core/index.js';
import { assertDuration, checkedId } from './arguments.js';
import { acceptedResponse, finishedResponse, type CheckStatusResponse } from './check-status-response.js';
import type { DurableHealth } from './health.js';
import { toHistoryRecords } from './history-record.js';
import type { ClientHost } from './host.js';
import { managementPayload, type HttpManagementPayload, type HttpRequestLike } from './management-payload.js';
import { toStatus, type DurableOrchestrationStatus, type GetStatusOptions } from './orchestration-status.js';
import { orchestratorStarters, type OrchestratorStarters } from './orchestrator-starters.js';
import { purgeInstance, purgeInstancesBy, type PurgeFilter, type PurgeOptions, type PurgeResult } from './purge.js';
import { restartInstance, type RestartOptions } from './restart.js';
import { toNewInstance, type StartNewOptions } from './start-options.js';
import type { StatusFilter } from './status-filter.js';
import { readAllStatuses, readStatusPage, type StatusPage } from './status-pages.js';
import { ALLOWED_STATUSES, assertDone, type Transition } from './transitions.js';

export interface RaiseEventOptions {
  /** Of an open transaction that the event is to be a part of, on MySQL and MariaDB; its database is the task hub's. */
  readonly entityManager?: EntityManager;
}

export interface TerminateOptions {
  /** Whether to terminate the open sub-orchestrations too, at all depths, for the same reason. Default false: they go on. */
  readonly recursive?: boolean;
}

export interface WaitForCompletionOptions {
  /** Longest wait, ms. Default: none. */
  readonly timeout?: number;
}

/** Options of {@link DurableClient.waitForCompletionOrCreateCheckStatusResponse}. */
export interface WaitOrCheckOptions {
  /** Longest wait, ms. Default 10 000. */
  readonly timeout?: number;
  /** Longest time between two looks at the database, ms; the end is signalled besides. Default: as the engine polls. */
  readonly interval?: number;
}

/**
 * Starts, queries and steers orchestrations, from anywhere but an orchestrator: there every method throws [O1].
 * Injected with `@InjectDurableClient()`.
 *
 * A promise that resolves means that the call is durable: a crash right after it loses nothing.
 */
export class DurableClient {
  constructor(private readonly host: ClientHost) {}

  /**
   * Starts an orchestration and resolves with its instance id [K1].
   *
   * With `entityManager` the start is a part of the application's own transaction (MySQL and MariaDB): the instance is there
   * soon after the commit, and never after a rollback. `onConflict` is looked at then; a start that it refuses is logged.
   * @throws {UnknownHandlerError} when no live worker has an orchestrator of this name (and version)
   * @throws {InstanceAlreadyExistsError} when the id is in use and `onConflict` does not allow for it
   * @throws {InvalidEntityManagerError} when the `entityManager` has no transaction, or one of another database
   * @throws {InvalidInstanceIdError} {SerializationError} {PayloadTooLargeError} {TypeError} for bad arguments
   */
  startNew(name: string, options: StartNewOptions = {}): Promise<string> {
    this.host.assertOutsideEpisode('startNew');
    return this.start(name, options);
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
    return this.readStatus(instanceId, options);
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
    return this.sendEvent(instanceId, name, data, options);
  }

  /**
   * Ends an instance that is not finished yet, without running its code again; `reason` becomes its output [K4, K6].
   * Its running activities' signals are aborted [K9], with `recursive` also those of its sub-orchestrations.
   * @throws {InstanceNotFoundError} {InstanceNotRunningError}
   */
  terminate(instanceId: string, reason?: string, { recursive = false }: TerminateOptions = {}): Promise<void> {
    this.host.assertOutsideEpisode('terminate');
    return this.deliver('terminate', instanceId, { type: 'ExecutionTerminated', reason, ...(recursive && { recursive }) });
  }

  /**
   * Stops a Pending or Running instance before its next step; what reaches it meanwhile is kept in order [K6, K7].
   * @throws {InstanceNotFoundError} {InvalidInstanceStateError} {InstanceNotRunningError}
   */
  suspend(instanceId: string, reason?: string): Promise<void> {
    this.host.assertOutsideEpisode('suspend');
    return this.deliver('suspend', instanceId, { type: 'ExecutionSuspended', reason });
  }

  /**
   * Lets a Suspended instance go on [K6, K7].
   * @throws {InstanceNotFoundError} {InvalidInstanceStateError} {InstanceNotRunningError}
   */
  resume(instanceId: string, reason?: string): Promise<void> {
    this.host.assertOutsideEpisode('resume');
    return this.deliver('resume', instanceId, { type: 'ExecutionResumed', reason });
  }

  /**
   * Lets a Failed instance go on [K8]: its failed activities and sub-orchestrations (these by a rewind of their own) run again, also
   * those whose failure its code has handled, and what had not ended is dispatched again; what succeeded is not repeated. An instance
   * that failed by its own code goes on where it failed. It is Running when this resolves, and may be rewound as often as it fails.
   * @throws {InstanceNotFoundError} {InvalidInstanceStateError} when the instance is not Failed [K6]
   */
  rewind(instanceId: string, reason?: string): Promise<void> {
    this.host.assertOutsideEpisode('rewind');
    return this.rewindFailed(instanceId, reason);
  }

  /**
   * Starts an instance anew: the same orchestrator in exactly the same version, with the same input and tags [K4]. Of one that
   * continued as new it is the last generation's input. It begins at once, and belongs to no parent.
   * @returns the id of the new instance: a new one, or with `newInstanceId: false` the same, whose instance it replaces
   * @throws {InstanceNotFoundError} {UnknownHandlerError} when no live worker has that version
   * @throws {InvalidInstanceStateError} when the id is to stay and its instance is not finished [K6]
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
   * @throws {InstanceNotFoundError}
   */
  waitForCompletion(instanceId: string, options: WaitForCompletionOptions = {}): Promise<DurableOrchestrationStatus> {
    this.host.assertOutsideEpisode('waitForCompletion');
    return this.waitUntilFinished(instanceId, options.timeout);
  }

  /** How this process takes part in its task hub: partitions that it owns, instances that wait for an orchestrator [Y6]. Asks no database. */
  getHealth(): Promise<DurableHealth> {
    this.host.assertOutsideEpisode('getHealth');
    return Promise.resolve(this.host.health());
  }

  /** Links to the management API for an instance, with the request's host: for a controller's answer to its caller [K5]. */
  createHttpManagementPayload(request: HttpRequestLike, instanceId: string): HttpManagementPayload {
    const call = 'createHttpManagementPayload';
    return managementPayload(call, request, this.host.taskHub, checkedId(call, instanceId));
  }

  /** The 202 with `Location`, `Retry-After` and {@link HttpManagementPayload} that tells a caller where to ask for an instance [K5]. */
  createCheckStatusResponse(request: HttpRequestLike, instanceId: string): CheckStatusResponse {
    const call = 'createCheckStatusResponse';
    return acceptedResponse(managementPayload(call, request, this.host.taskHub, checkedId(call, instanceId)));
  }

  /**
   * Waits for the end of an instance, for a while: 200 with its output, 200 with the status of a terminated one, 500 with the status
   * of a failed one; after `timeout` ms {@link createCheckStatusResponse} [K5].
   * @throws {InstanceNotFoundError} {TypeError}
   */
  async waitForCompletionOrCreateCheckStatusResponse(
    request: HttpRequestLike, instanceId: string, options: WaitOrCheckOptions = {},
  ): Promise<CheckStatusResponse> {
    const call = 'waitForCompletionOrCreateCheckStatusResponse';
    this.host.assertOutsideEpisode(call);
    const { timeout = 10_000, interval = Infinity } = options;
    const accepted = acceptedResponse(managementPayload(call, request, this.host.taskHub, checkedId(call, instanceId)));
    assertDuration(call, instanceId, 'timeout', timeout);
    assertDuration(call, instanceId, 'interval', interval);
    const step = Math.max(interval, 1);
    for (let left = timeout; ; left -= step) {
      const row = await this.host.waitUntilFinished(instanceId, Math.min(left, step));
      if (row === undefined) throw new InstanceNotFoundError(instanceId);
      if (isFinished(row.status)) return finishedResponse(toStatus(row, true));
      if (left <= step) return accepted;
    }
  }

  private async start(name: string, options: StartNewOptions): Promise<string> {
    const instance = toNewInstance(name, options, this.host.maxPayloadBytes);
    const version = await this.chooseVersion(name, instance.version);
    const { onConflict = 'replaceFinished', entityManager } = options;
    if (entityManager !== undefined) return this.host.startJoined({ ...instance, version }, onConflict, entityManager);
    const { instanceId, result } = await this.host.start({ ...instance, version }, onConflict);
    if (result.kind === 'exists' && onConflict !== 'useExisting') {
      throw new InstanceAlreadyExistsError(instanceId, result.status);
    }
    return instanceId;
  }

  /** The version asked for, else the default one, else none, whichever a live worker has [Y5]. */
  private async chooseVersion(name: string, asked: string | undefined): Promise<string | undefined> {
    const candidates = asked === undefined && this.host.defaultVersion !== undefined
      ? [this.host.defaultVersion, undefined]
      : [asked];
    let known: readonly string[] = [];
    for (const version of candidates) {
      const answer = await this.host.findOrchestrator(name, version);
      if (answer.found) return version;
      known = answer.known;
    }
    throw new UnknownHandlerError('orchestrator', name, known, asked);
  }

  private async readStatus(instanceId: string, options: GetStatusOptions): Promise<DurableOrchestrationStatus | null> {
    const { showHistory = false, showHistoryOutput = false, showInput = true } = options;
    const row = await this.host.getInstance(checkedId('getStatus', instanceId));
    if (row === undefined) return null;
    const history = showHistory ? toHistoryRecords(await this.host.readHistory(row), showHistoryOutput) : undefined;
    return toStatus(row, showInput, history);
  }

  private async sendEvent(instanceId: string, name: string, data: unknown, { entityManager }: RaiseEventOptions): Promise<void> {
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(`raiseEvent('${instanceId}'): the event's name must be a non-empty string, but got ${String(name)}.`);
    }
    const input = serialize(data, `the data of event '${name}'`, this.host.maxPayloadBytes);
    const event: InputEvent = { type: 'EventRaised', name, input };
    if (entityManager === undefined) return this.deliver('raiseEvent', instanceId, event);
    await this.host.sendJoined(checkedId('raiseEvent', instanceId), { type: 'Deliver', event }, entityManager);
  }

  private async deliver(call: Transition, instanceId: string, event: InputEvent): Promise<void> {
    assertDone(call, instanceId, await this.host.send(checkedId(call, instanceId), { type: 'Deliver', event }, ALLOWED_STATUSES[call]));
  }

  private async rewindFailed(instanceId: string, reason: string | undefined): Promise<void> {
    assertDone('rewind', instanceId, await this.host.rewind(checkedId('rewind', instanceId), reason));
  }

  private async waitUntilFinished(instanceId: string, timeout: number | undefined): Promise<DurableOrchestrationStatus> {
    if (timeout !== undefined) assertDuration('waitForCompletion', instanceId, 'timeout', timeout);
    const limit = timeout === Infinity ? undefined : timeout;
    const row = await this.host.waitUntilFinished(checkedId('waitForCompletion', instanceId), limit);
    if (row === undefined) throw new InstanceNotFoundError(instanceId);
    if (!isFinished(row.status)) {
      throw new TaskTimeoutError(`Instance '${instanceId}' is ${row.status}: it did not finish within ${timeout} ms.`);
    }
    return toStatus(row, true);
  }
}
