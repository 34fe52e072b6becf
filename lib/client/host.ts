/**
 * What the client needs of its process's engine, also in a process that is client only: keys, the client's commit queue,
 * eager start, placement and wake-up stay behind this port, so that the client imports no engine.
 */
import type { RuntimeStatus, HistoryEvent } from '../core/history.js';
import type { EntityClass, HandlerClass, HandlerNames } from '../core/stubs.js';
import type { DurableHealth } from './health.js';
import type { DurableMetrics } from './metrics.js';
import type {
  ClientResult, EntityMessageBody, EntityQuery, EntityRow, InstanceHead, InstanceQuery, InstanceRow, MessageBody, OnConflict, PurgeOutcome, PurgeRequest,
  PurgeTarget,
} from '../storage/store.js';

export interface NewInstance {
  /** Absent: the host chooses one, in a partition of this process while it has little to do. */
  readonly instanceId?: string;
  readonly name: string;
  readonly version?: string;
  readonly input?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Epoch ms. */
  readonly startAt?: number;
  /** Execution id of the finished instance whose place it is to take; without that instance nothing is started. */
  readonly replaces?: string;
}

export interface ClientHost {
  /** Name of the task hub. */
  readonly taskHub: string;
  readonly maxPayloadBytes: number;
  readonly defaultVersion?: string;
  /** Engine time, epoch ms. */
  now(): number;
  /** Runs `fn` once after `delay` ms; the answer cancels it. */
  schedule(delay: number, fn: () => void): () => void;
  /** Throws when called while an orchestrator's code runs [O1]. */
  assertOutsideEpisode(call: string): void;
  /** Resolves when the start is durable. `instanceId` is the one given or chosen. */
  start(instance: NewInstance, onConflict: OnConflict): Promise<{ instanceId: string; result: ClientResult }>;
  /** Resolves when the message is durable, or was refused. */
  send(instanceId: string, body: MessageBody, allowed: readonly RuntimeStatus[]): Promise<ClientResult>;
  /** Resolves when the message for the entity is durable, whether there is such an entity or not. */
  signal(entityId: string, body: EntityMessageBody): Promise<void>;
  /** Resolves when the failed instance is Running and its owner will hear of it, or when that was refused. */
  rewind(instanceId: string, reason: string | undefined): Promise<ClientResult>;
  /**
   * Like `start`, as a part of the application's own transaction: resolves with the id given or chosen, once the message to
   * the owner is written there. The owner decides about conflicts.
   * @param entityManager TypeORM's, opaque above the storage layer
   */
  startJoined(instance: NewInstance, onConflict: OnConflict, entityManager: object): Promise<string>;
  /** Like `send` or `signal`, as a part of the application's own transaction; whether there is such an instance is found out by the owner. */
  sendJoined(instanceId: string, body: MessageBody, entityManager: object): Promise<void>;
  /** Whether a live worker of the hub, this process included, has the orchestrator; else the known names. */
  findOrchestrator(name: string, version?: string): Promise<{ found: true } | { found: false; known: readonly string[] }>;
  getInstance(instanceId: string): Promise<InstanceRow | undefined>;
  queryInstances(query: InstanceQuery): Promise<InstanceRow[]>;
  getEntity(entityId: string): Promise<EntityRow | undefined>;
  queryEntities(query: EntityQuery): Promise<EntityRow[]>;
  readHistory(row: Pick<InstanceRow, 'partition' | 'instanceId' | 'executionId'>): Promise<HistoryEvent[]>;
  /** Rows without payloads; what is missing is left out. */
  getInstanceHeads(instanceIds: readonly string[]): Promise<InstanceHead[]>;
  /** Deletes those of these instances that are finished; answers what became of each. Tries until the database has answered. */
  purge(targets: readonly Omit<PurgeTarget, 'partition'>[]): Promise<PurgeOutcome[]>;
  /** Deletes all instances that match now, but none that is created meanwhile; answers how many. */
  purgeMatching(request: PurgeRequest): Promise<number>;
  /**
   * Resolves with the instance's row once it is finished, or with its last row (undefined: missing) when `timeout` ms have
   * passed. All waiters of the process share one query.
   */
  waitUntilFinished(instanceId: string, timeout: number | undefined): Promise<InstanceRow | undefined>;
  health(): DurableHealth;
  metrics(): DurableMetrics;
  orchestratorNames(type: HandlerClass<unknown>): HandlerNames;
  /** @throws {TypeError} when the class is no entity class */
  entityOf(type: HandlerClass<unknown>): EntityClass;
}
