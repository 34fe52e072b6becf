/** How this process takes part in its task hub, from what it has in memory: {@link DurableClient.getHealth}. */
export interface DurableHealth {
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
