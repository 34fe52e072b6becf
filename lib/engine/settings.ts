/** The engine's part of `DurableModule.forRoot` (semantics.md section 6). Times are milliseconds. */
export interface EngineSettings {
  /** Partitions of a new hub, 1–64; fixed when the hub is created. Default 16. */
  readonly partitionCount: number;
  /** Activities that run at once in this process. Default 100. */
  readonly maxConcurrentActivityFunctions: number;
  /** Entities that run operations at once in this process. Default 100. */
  readonly maxConcurrentEntityFunctions: number;
  /** Operations of one entity that are committed together at most. Default 500. */
  readonly maxEntityOperationBatchSize: number;
  /** How long an operation of an entity may take before it fails and its signal is aborted [N4]. Default none. */
  readonly entityOperationTimeout?: number;
  /** Instances with an episode in the works in this process. Default 1 000. */
  readonly maxConcurrentOrchestratorFunctions: number;
  /** Whether the generators of running instances stay in memory between episodes. Default true. */
  readonly extendedSessionsEnabled: boolean;
  /** Generators kept in memory. Default 10 000. */
  readonly maxCachedInstances: number;
  /** Upper end of the adaptive polling. Default 1 000. */
  readonly maxPollingInterval: number;
  /** Leases of partitions and heartbeats of workers, renewed at a third of it. Default 15 000. */
  readonly leaseDuration: number;
  /** Actions of one episode, or of one operation of an entity [O14]. Default 100 000. */
  readonly maxOrchestrationActions: number;
  /** Size of an input, result or event as JSON. Default 4 MiB. */
  readonly maxPayloadBytes: number;
  /** How often a work item is taken up again after its worker died of it, before it fails [Y8]; 1–1 000. Default 10. */
  readonly maxDispatchCount: number;
  /** How long a callHttp waits between polls when the answer has no Retry-After [H2]. Default 30 000. */
  readonly maxTimerInterval: number;
  /** How long a stop waits for running work, and the hand-over of a partition for its operations. Default 30 000. */
  readonly shutdownTimeout: number;
  /** Version of instances that are started without one [Y5]. Default none. */
  readonly defaultVersion?: string;
  /** How long finished instances are kept before they are purged with their histories. Default for ever. */
  readonly retention?: Retention;
  /**
   * How many messages and activities may wait in the hub before starts fail with HubOverloadedError; what runs already is not
   * refused anything. Default none.
   */
  readonly maxBacklog?: number;
}

/** From the instance's last update on, in milliseconds: a minute to ten years. A status that is absent: for ever. */
export interface Retention {
  readonly completed?: number;
  readonly failed?: number;
  readonly terminated?: number;
}

export const DEFAULT_SETTINGS: EngineSettings = {
  partitionCount: 16,
  maxConcurrentActivityFunctions: 100,
  maxConcurrentEntityFunctions: 100,
  maxEntityOperationBatchSize: 500,
  maxConcurrentOrchestratorFunctions: 1_000,
  extendedSessionsEnabled: true,
  maxCachedInstances: 10_000,
  maxPollingInterval: 1_000,
  leaseDuration: 15_000,
  maxOrchestrationActions: 100_000,
  maxPayloadBytes: 4 * 1024 * 1024,
  maxDispatchCount: 10,
  maxTimerInterval: 30_000,
  shutdownTimeout: 30_000,
};
