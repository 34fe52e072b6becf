/**
 * The port between the engine and the database. Everything that the engine knows of storage is on this screen.
 *
 * Writes come in batches and are all or nothing. A batch of the engine is fenced by the partitions' rows, a batch of the
 * client by its worker's row (I2): a batch whose fence does not match throws {@link FenceLostError} and wrote nothing.
 * A batch whose member does not match the rows it consumes or changes throws {@link StaleMemberError} (I4, I8) and wrote
 * nothing. `OutcomeUnknownError` means that the connection was lost during COMMIT: ask `resolve…` before anything else.
 */
import type { HistoryEvent, RuntimeStatus } from '../core/history.js';
import type { ForeignActivityResult, RunningActivity, SuspectClaim } from './records/activities.js';
import type { CommitBatch, CommitOutcome, PartitionFence } from './records/checkpoints.js';
import type { ClientBatch, ClientResult } from './records/client-batch.js';
import type { EntityQuery, EntityRow, LoadedEntities, QueuedMessage, QueueKey } from './records/entities.js';
import type { HubInfo, HubOptions, HubState, PartitionLease, PartitionRelease, WorkerInfo, WorkerRegistration } from './records/hub.js';
import type { AgeQuery, AgeScan, InstanceHead, InstanceKey, InstanceQuery, InstanceRow, LoadKey, LoadedInstances, PurgeOutcome, PurgeQuery, PurgeScan, PurgeTarget } from './records/instances.js';
import type { InboxAnswer, InboxMessage, InboxRange, MessageKey } from './records/messages.js';
import type { OverdueQuery, OverdueRange, OverdueWork } from './records/overdue.js';
import type { TimerKey, TimerRow } from './records/timers.js';

export * from './records/activities.js';
export * from './records/checkpoints.js';
export * from './records/client-batch.js';
export * from './records/entities.js';
export * from './records/hub.js';
export * from './records/instances.js';
export * from './records/messages.js';
export * from './records/overdue.js';
export * from './records/timers.js';

export interface DurableStore {
  /** Connects and migrates (safe when several processes do at once), creates the hub when it is new. */
  open(hub: HubOptions): Promise<HubInfo>;
  close(): Promise<void>;
  /** The database's time, epoch ms. */
  time(): Promise<number>;
  /** What the database can do for wake-ups and ownership. */
  readonly capabilities: StoreCapabilities;

  // Workers and partitions. Expiry is by the database's clock.
  registerWorker(worker: WorkerRegistration): Promise<WorkerInfo>;
  /** Prolongs the worker's heartbeat and the leases of the partitions it owns; answers all rows of the hub and the time. */
  heartbeat(worker: WorkerInfo, leaseDuration: number): Promise<HubState>;
  /** Takes partitions that are free or expired (or any, with `force`); answers those that it got. */
  acquirePartitions(worker: WorkerInfo, partitions: readonly number[], options: { leaseDuration: number; force?: boolean }): Promise<PartitionLease[]>;
  /**
   * Gives a partition to another worker, whose heartbeats prolong its lease from then on.
   * @returns false, with nothing written, when the lease is not this worker's any more or the other one does not live
   */
  assignPartition(worker: WorkerInfo, lease: Pick<PartitionLease, 'partition' | 'epoch'>, to: { incarnation: string; leaseDuration: number }): Promise<boolean>;
  /** Gives partitions back at once. */
  releasePartitions(worker: WorkerInfo, releases: readonly PartitionRelease[]): Promise<void>;
  /** Makes the worker one that only has a client, to its own and the others' heartbeats. */
  retireWorker(worker: WorkerInfo): Promise<void>;
  /** Removes the worker's row. */
  unregisterWorker(worker: WorkerInfo): Promise<void>;

  // The engine's writes.
  commit(batch: CommitBatch): Promise<void>;
  /**
   * After an unknown outcome, per fence: committed, not committed (nor will it be: try again after {@link voidNo}), or lost (drop the
   * partition).
   */
  resolveCommit(fences: readonly PartitionFence[]): Promise<CommitOutcome[]>;
  /** Moves waiting activities that this worker has handlers for to running. */
  claimActivities(worker: WorkerInfo, names: readonly string[], limit: number, suspects?: SuspectClaim): Promise<RunningActivity[]>;
  /** Writes results of activities of partitions that this process does not own; answers which tokens were still valid. */
  completeForeignActivities(worker: WorkerInfo, results: readonly ForeignActivityResult[]): Promise<boolean[]>;
  /** Puts activities that this process cannot run (claimed or its own) back to ready; answers which tokens were still valid. */
  returnActivities(activities: readonly RunningActivity[]): Promise<boolean[]>;
  /** Which of these claims no longer exist: their activity was taken from this worker, or its instance has ended. */
  findLostClaims(activities: readonly RunningActivity[]): Promise<RunningActivity[]>;

  // The engine's reads.
  /**
   * Of the first `limit` messages of each partition, in key order, those that the process does not know yet; signs of what else is
   * new in the hub; and whether activities wait in it.
   */
  readInbox(worker: WorkerInfo, ranges: readonly InboxRange[], isKnown: (key: MessageKey) => boolean): Promise<InboxAnswer>;
  /** Timers in due order, at most `limit`, beginning after `after`. */
  readTimers(partition: number, options: { limit: number; after?: TimerKey }): Promise<TimerRow[]>;
  /** Claims on activities of these partitions. */
  readRunningActivities(partitions: readonly number[]): Promise<RunningActivity[]>;
  /** Loads instances in the order of `keys` until `maxBytes` of history are passed; at least one key is looked at. */
  loadInstances(keys: readonly LoadKey[], options: { maxBytes: number }): Promise<LoadedInstances>;
  readHistory(key: InstanceKey & { executionId: string }): Promise<HistoryEvent[]>;
  /**
   * Loads entities in the order of `keys` until `maxBytes` of states and messages are passed, each with up to `queueLimit` of what
   * waits for it. At least one key is looked at, and of what waits for it at least one message is read.
   */
  loadEntities(keys: readonly InstanceKey[], options: { maxBytes: number; queueLimit: number }): Promise<LoadedEntities>;
  /** Signals that were kept until their time. What is missing is left out. */
  readQueued(keys: readonly QueueKey[]): Promise<QueuedMessage[]>;
  /** What of these partitions is due for long and still there. Polling finds all of it as well, as long as nothing has gone wrong (I6). */
  findOverdue(ranges: readonly OverdueRange[], query: OverdueQuery): Promise<OverdueWork>;
  /** Deletes up to `limit` history rows of executions that are marked as garbage; answers how many. */
  collectGarbage(partitions: readonly number[], limit: number): Promise<number>;

  // The client's side.
  applyClientBatch(worker: WorkerInfo, batch: ClientBatch): Promise<ClientResult[]>;
  /** After an unknown outcome: whether the batch with this commit number was written, as above; 'lost' when the worker's row is gone. */
  resolveClientBatch(worker: WorkerInfo, commitNo: number): Promise<CommitOutcome>;
  /**
   * Writes a message through the application's own open transaction, to come about or not with it: one insert, and no lock but
   * on the new row.
   * @param entityManager TypeORM's, opaque to all but the store
   * @throws InvalidEntityManagerError
   */
  insertJoined(entityManager: object, message: InboxMessage): Promise<void>;
  getInstances(ids: readonly InstanceKey[]): Promise<InstanceRow[]>;
  queryInstances(query: InstanceQuery): Promise<InstanceRow[]>;
  /** What is missing is left out. */
  getEntities(keys: readonly InstanceKey[]): Promise<EntityRow[]>;
  /** In the order of their ids. */
  queryEntities(query: EntityQuery): Promise<EntityRow[]>;
  /** Rows without payloads, in no order; what is missing is left out. */
  getInstanceHeads(keys: readonly InstanceKey[]): Promise<InstanceHead[]>;
  /** How many messages and activities of the hub wait for somebody to take them up; of each kind no more than `limit` are counted. */
  countBacklog(limit: number): Promise<number>;
  /** When the newest instance was created. */
  newestCreation(): Promise<number | undefined>;
  /** Looks at up to `limit` instances in the order of their creation, and answers those that match. Reads no payloads. */
  scanForPurge(query: PurgeQuery, limit: number): Promise<PurgeScan>;
  /** Looks at up to `limit` instances in the order of their creation, finished or not, and answers how old they are. Reads no payloads. */
  scanAges(query: AgeQuery, limit: number): Promise<AgeScan>;
  /**
   * Deletes those of these instances that are finished (and in one of `statuses`), and marks their histories as garbage; answers
   * what became of each. Not fenced: whoever calls again after an unknown outcome goes on where it ended.
   */
  purgeInstances(targets: readonly PurgeTarget[], statuses?: readonly RuntimeStatus[]): Promise<PurgeOutcome[]>;
}

export interface StoreCapabilities {
  /** True where one process at a time may run workers on this database (SQLite): see `tryLockWorker`. */
  readonly singleWorker: boolean;
  /** Bytes that one statement may have. */
  readonly maxStatementBytes: number;
  /** What kind of server the open database is on, for people: product, version, cluster. */
  readonly server?: string;
  /** Tries to become the only worker process; the operating system gives the lock back at death. Only with `singleWorker`. */
  tryLockWorker?(): Promise<boolean>;
  unlockWorker?(): Promise<void>;
}
