/**
 * What the client needs of its process's engine, also in a process that is client only: keys, the client's commit queue,
 * eager start, placement and wake-up stay behind this port, so that the client imports no engine.
 */
import type { RuntimeStatus, ParentInstance, HistoryEvent } from '../core/history.js';
import type { ClientResult, InstanceQuery, InstanceRow, MessageBody, OnConflict } from '../storage/store.js';

export interface NewInstance {
  /** Absent: the host chooses one, in a partition of this process while it has little to do. */
  readonly instanceId?: string;
  readonly name: string;
  readonly version?: string;
  readonly input?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly parent?: ParentInstance;
  /** Epoch ms. */
  readonly startAt?: number;
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
  /** Whether a live worker of the hub, this process included, has the orchestrator; else the known names. */
  findOrchestrator(name: string, version?: string): Promise<{ found: true } | { found: false; known: readonly string[] }>;
  getInstance(instanceId: string): Promise<InstanceRow | undefined>;
  queryInstances(query: InstanceQuery): Promise<InstanceRow[]>;
  readHistory(row: InstanceRow): Promise<HistoryEvent[]>;
  /**
   * Resolves with the instance's row once it is finished, or with its last row (undefined: missing) when `timeout` ms have
   * passed. All waiters of the process share one query.
   */
  waitUntilFinished(instanceId: string, timeout: number | undefined): Promise<InstanceRow | undefined>;
  /** The durable names of a class's decorated orchestrators, by method name. */
  orchestratorNames(type: abstract new (...args: never[]) => unknown): ReadonlyMap<string, string>;
}
