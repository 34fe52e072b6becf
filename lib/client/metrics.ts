/**
 * What this process does in its task hub, from what it has in memory: {@link DurableClient.getMetrics}. Counts begin with the
 * application and never fall; what is "now" rises and falls. Times are milliseconds. Plain numbers throughout: `JSON.stringify` it, or
 * hand it to a collector.
 */
export interface DurableMetrics {
  readonly partitions: PartitionMetrics;
  readonly inbox: InboxMetrics;
  readonly instances: InstanceMetrics;
  readonly commits: CommitMetrics;
  readonly activities: ActivityMetrics;
  readonly entities: EntityMetrics;
  readonly client: ClientMetrics;
  readonly eventLoop: EventLoopMetrics;
}

/** Partitions of the hub and this process's leases on them. */
export interface PartitionMetrics {
  /** Partitions of the hub. */
  readonly total: number;
  /** Owned by this process now. */
  readonly owned: number;
  /** Times that this process took one. */
  readonly taken: number;
  /** Of these: from a worker that did not give it back, because it died or was cut off. */
  readonly takenOver: number;
  /** Times that this process lost one without giving it back: its lease had ended, and another worker took it. */
  readonly lost: number;
  /** Of these: found out by a commit that was refused. The others were found out by a heartbeat. */
  readonly fenced: number;
}

/** What lies in the inboxes of this process's partitions: starts, events, answers, operations of entities. */
export interface InboxMetrics {
  /** Messages in memory now. Beyond 5 000 a partition, the rest waits in the database. */
  readonly messages: number;
  /** How long the oldest of them has waited; 0 when there is none. What rises steadily is a hub that falls behind, or something stuck. */
  readonly oldestAge: number;
  /** Timers in memory now, due or not; of a partition those that are due next. */
  readonly timers: number;
}

/** Orchestrations in this process's partitions. */
export interface InstanceMetrics {
  /** Orchestrations with something to do now: waiting for their turn, being loaded, or written. */
  readonly active: number;
  /** Generators in memory now, each of a running instance. */
  readonly cached: number;
  /** Episodes run and committed. */
  readonly episodes: number;
  /** Turns of an instance whose generator was in memory. */
  readonly cacheHits: number;
  /** Turns of an instance whose history had to be read and replayed first. Many: raise `maxCachedInstances`. */
  readonly cacheMisses: number;
  /** Events of the histories that were replayed. */
  readonly replayedEvents: number;
  /** Instances and entities that wait for a handler that no live worker has, now [Y6]; `getHealth().parked` tells of which. */
  readonly parked: number;
  /** Instances, entities and activities that workers may have died of, now: they run alone [Y8]. */
  readonly suspects: number;
}

/** Transactions of the engine, each with many checkpoints. */
export interface CommitMetrics {
  /** Transactions that were written. */
  readonly count: number;
  /** Checkpoints in them: of instances and entities. */
  readonly checkpoints: number;
  /** Attempts that failed because the database was away, or for a conflict that passes, and were made again. */
  readonly retried: number;
  /** Attempts that were refused because another worker owns a partition. */
  readonly fenced: number;
  /** Checkpoints that no longer fitted what the database held; their instances were read again. */
  readonly stale: number;
  /** Checkpoints that the database refused to write. Not 0: something is wrong, and `getHealth()` names it. */
  readonly refused: number;
  /** Attempts whose answer was lost; what became of each was found out. */
  readonly unknownOutcome: number;
  /** Checkpoints of a transaction. */
  readonly members: DistributionMetrics;
  /** Size of a transaction in bytes, about. */
  readonly bytes: DistributionMetrics;
  /** From the first statement of a transaction to the answer of its COMMIT. */
  readonly latency: DistributionMetrics;
}

/** Activities that this process runs, whoever owns their instances. */
export interface ActivityMetrics {
  /** Running now. */
  readonly running: number;
  /** Taken by this process and waiting for a place, now. */
  readonly waiting: number;
  /** Attempts that began. */
  readonly started: number;
  /** Attempts that returned a result. */
  readonly completed: number;
  /** Attempts that threw; a retry is another attempt. */
  readonly failed: number;
  /** Given back without a result, for another worker or a later time. */
  readonly returned: number;
  /** Whose `signal` was aborted: the instance ended by force, or the process stops. */
  readonly aborted: number;
}

/** Entities in this process's partitions. */
export interface EntityMetrics {
  /** Entities in memory now. */
  readonly cached: number;
  /** Operations carried out and committed. */
  readonly operations: number;
  /** Checkpoints that they were committed with. */
  readonly steps: number;
}

/** Calls of this process's client that write. */
export interface ClientMetrics {
  /** Transactions with starts, events, signals and the like. */
  readonly commits: number;
  /** Calls in them. Starts without an id of one's own are mostly in the engine's commits. */
  readonly operations: number;
}

/** How late the event loop came to what was due, over the last half to whole minute. Code that blocks it delays heartbeats as well. */
export interface EventLoopMetrics {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Sum and count of all values; the spread of the latest 1 024. All are 0 as long as there is none. */
export interface DistributionMetrics {
  readonly count: number;
  readonly sum: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}
