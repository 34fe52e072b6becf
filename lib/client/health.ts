/** How this process takes part in its task hub, from what it has in memory: {@link DurableClient.getHealth}. */
export interface DurableHealth {
  /** Whether this process runs orchestrators and activities; false: it is a client only. */
  readonly isWorker: boolean;
  /** Partitions of the hub. */
  readonly partitionCount: number;
  /** How many of them this process owns. */
  readonly ownedPartitions: number;
  /**
   * Orchestrators that instances of the owned partitions wait for, because this process does not have them and no live worker
   * that has took the partitions [Y6]; those with most instances first. Empty, all is well. After a start or a hand-over it takes a
   * moment until all are counted.
   */
  readonly parked: readonly ParkedInstances[];
}

/** Instances that wait for an orchestrator. */
export interface ParkedInstances {
  readonly name: string;
  /** Absent: the unversioned one. */
  readonly version?: string;
  readonly instances: number;
}
