/** How this process takes part in its task hub, from what it has in memory: {@link DurableClient.getHealth}. */
export interface DurableHealth {
  /**
   * `up`: nothing is wrong that this process knows of. `degraded`: it works, and `problems` tell of what does not. `down`: it can do
   * nothing for its hub: it has not started or stops, cannot reach its database for as long as its leases stand, or is outdated.
   */
  readonly status: 'up' | 'degraded' | 'down';
  /** What is wrong, the worst first; of each kind at most 20. Empty, all is well. */
  readonly problems: readonly HealthProblem[];
  /** Whether this process runs orchestrators, entities and activities; false: it is a client only. */
  readonly isWorker: boolean;
  /** Partitions of the hub. */
  readonly partitionCount: number;
  /** How many of them this process owns. */
  readonly ownedPartitions: number;
  /**
   * Orchestrators and entities that this process does not have while work in its partitions waits for them, and no live worker that has
   * took the partitions [Y6]; those first for which most waits. Empty, all is well. After a start or a hand-over it takes a moment until
   * all are counted.
   */
  readonly parked: readonly ParkedInstances[];
}

/** Instances that wait for an orchestrator, or entities that wait for their code. */
export interface ParkedInstances {
  readonly kind: 'orchestrator' | 'entity';
  /** Of the orchestrator; of an entity in lower case, without key. */
  readonly name: string;
  /** Of an orchestrator. Absent: the unversioned one. */
  readonly version?: string;
  /** How many instances, or keys of the entity. */
  readonly instances: number;
}

/**
 * - `notRunning`: the process has not started yet, or stops.
 * - `heartbeat`: the last heartbeat is so long ago that others may take, or have taken, what this process owns.
 * - `outdatedVersion`: a newer version has the hub; this process takes nothing up any more.
 * - `database`: the database cannot be reached, or refuses writes.
 * - `unowned`: no live worker owns some partitions of the hub.
 * - `blocked`: an instance or entity cannot go on: the database refuses what it writes, or what it wrote cannot be read.
 * - `overdue`: something was due long ago, is still there, and was offered again in vain.
 * - `backlog`: more is due than this process gets through; it goes on, and nothing is lost.
 * - `parked`: no live worker has a handler that is needed [Y6].
 * - `suspect`: workers may have died of an instance, entity or activity, which runs alone for that [Y8].
 * - `eventLoop`: code has blocked the event loop so long that it endangers the heartbeats.
 */
export type HealthProblemKind =
  | 'notRunning' | 'heartbeat' | 'outdatedVersion' | 'database' | 'unowned' | 'blocked' | 'overdue' | 'backlog' | 'parked' | 'suspect' | 'eventLoop';

/** Something that is wrong, as {@link DurableHealth} tells of it. */
export interface HealthProblem {
  readonly kind: HealthProblemKind;
  /** What is wrong, and what to do. */
  readonly message: string;
  /** Since when, or since when this process knows. */
  readonly since: Date;
  /** The instance, or the entity as `@name@key`, that it is about. */
  readonly instanceId?: string;
  /** The handler that it is about. */
  readonly handler?: ProblemHandler;
  /** The partitions that it is about. */
  readonly partitions?: readonly number[];
}

/** A handler, by the name under which it is durable. */
export interface ProblemHandler {
  readonly kind: 'orchestrator' | 'entity' | 'activity';
  /** Of an entity in lower case. */
  readonly name: string;
  /** Of an orchestrator that has one. */
  readonly version?: string;
}
