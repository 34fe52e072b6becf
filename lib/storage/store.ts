/**
 * The port between the engine and the database. Everything that the engine knows of storage is on this screen.
 *
 * Writes come in batches and are all or nothing. A batch of the engine is fenced by the partitions' rows, a batch of the
 * client by its worker's row (I2): a batch whose fence does not match throws {@link FenceLostError} and wrote nothing.
 * A batch whose member does not match the rows it consumes or changes throws {@link StaleMemberError} (I4, I8) and wrote
 * nothing. `OutcomeUnknownError` means that the connection was lost during COMMIT: ask `resolve…` before anything else.
 */
import type { HistoryEvent, InputEvent, ParentInstance, RuntimeStatus } from '../core/history.js';
import type { OutdatedVersionError } from '../core/errors.js';
import type { FailureDetails } from '../core/failure.js';

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
  releasePartitions(worker: WorkerInfo, leases: readonly Pick<PartitionLease, 'partition' | 'epoch'>[]): Promise<void>;
  /** Makes the worker one that only has a client, to its own and the others' heartbeats. */
  retireWorker(worker: WorkerInfo): Promise<void>;
  /** Removes the worker's row. */
  unregisterWorker(worker: WorkerInfo): Promise<void>;

  // The engine's writes.
  commit(batch: CommitBatch): Promise<void>;
  /** After an unknown outcome, per fence: committed, not committed (try again), or lost (drop the partition). */
  resolveCommit(fences: readonly PartitionFence[]): Promise<CommitOutcome[]>;
  /** Moves waiting activities that this worker has handlers for to running. */
  claimActivities(worker: WorkerInfo, names: readonly string[], limit: number, suspects?: SuspectClaim): Promise<RunningActivity[]>;
  /** Writes results of activities of partitions that this process does not own; answers which tokens were still valid. */
  completeForeignActivities(worker: WorkerInfo, results: readonly ForeignActivityResult[]): Promise<boolean[]>;
  /** Puts activities that this process cannot run (claimed or its own) back to ready; answers which tokens were still valid. */
  returnActivities(activities: readonly RunningActivity[]): Promise<boolean[]>;
  /** Which of these claims no longer exist: their activity was taken from this worker, or its instance has ended. */
  findLostClaims(activities: readonly RunningActivity[]): Promise<ActivityKey[]>;

  // The engine's reads.
  /** Of the first `limit` messages of each partition, in key order, those that the process does not know yet; and signs of what else is new in the hub. */
  readInbox(worker: WorkerInfo, ranges: readonly InboxRange[], isKnown: (key: MessageKey) => boolean): Promise<InboxAnswer>;
  /** Timers in due order, at most `limit`, beginning after `after`. */
  readTimers(partition: number, options: { limit: number; after?: TimerKey }): Promise<TimerRow[]>;
  /** Claims on activities of these partitions. */
  readRunningActivities(partitions: readonly number[]): Promise<RunningActivity[]>;
  /** Loads instances in the order of `keys` until `maxBytes` of history are passed; at least one key is looked at. */
  loadInstances(keys: readonly LoadKey[], options: { maxBytes: number }): Promise<LoadedInstances>;
  readHistory(key: InstanceKey & { executionId: string }): Promise<HistoryEvent[]>;
  /** Deletes up to `limit` history rows of executions that are marked as garbage; answers how many. */
  collectGarbage(partitions: readonly number[], limit: number): Promise<number>;

  // The client's side.
  applyClientBatch(worker: WorkerInfo, batch: ClientBatch): Promise<ClientResult[]>;
  /** After an unknown outcome: whether the batch with this commit number was written; 'lost' when the worker's row is gone. */
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
  /** Rows without payloads, in no order; what is missing is left out. */
  getInstanceHeads(keys: readonly InstanceKey[]): Promise<InstanceHead[]>;
  /** When the newest instance was created. */
  newestCreation(): Promise<number | undefined>;
  /** Looks at up to `limit` instances in the order of their creation, and answers those that match. Reads no payloads. */
  scanForPurge(query: PurgeQuery, limit: number): Promise<PurgeScan>;
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
  /** Tries to become the only worker process; the operating system gives the lock back at death. Only with `singleWorker`. */
  tryLockWorker?(): Promise<boolean>;
  unlockWorker?(): Promise<void>;
}

export interface HubOptions {
  readonly name: string;
  readonly partitionCount: number;
}

export interface HubInfo {
  readonly hubId: number;
  /** As stored with the hub; a different setting is reported, the stored one counts. */
  readonly partitionCount: number;
}

/** What a worker can run. A handler without a version is listed with `version` absent. */
export interface HandlerList {
  readonly orchestrators: readonly { readonly name: string; readonly version?: string }[];
  readonly activities: readonly string[];
}

export interface WorkerRegistration {
  /** A fresh UUID per engine start. */
  readonly incarnation: string;
  /** False for a process that is client only. */
  readonly worker: boolean;
  readonly handlers: HandlerList;
  readonly leaseDuration: number;
}

/** The row of this process; it is also the sender of its client's messages. `commitNo` and `lastKey` start at 0. */
export interface WorkerInfo {
  readonly workerId: number;
  readonly incarnation: string;
}

export interface WorkerRow extends WorkerInfo {
  readonly worker: boolean;
  readonly handlers: HandlerList;
  readonly live: boolean;
}

export interface PartitionRow {
  readonly partition: number;
  readonly owner: string | null;
  readonly epoch: number;
  readonly expired: boolean;
}

export interface HubState {
  readonly time: number;
  /** False when the worker's own row is gone: it was taken for dead. */
  readonly alive: boolean;
  readonly workers: readonly WorkerRow[];
  readonly partitions: readonly PartitionRow[];
  /** Why this process may not write any more: a newer version has opened the hub, and says so. */
  readonly outdated?: OutdatedVersionError;
}

export interface PartitionLease {
  readonly partition: number;
  readonly epoch: number;
  readonly commitNo: number;
  readonly lastKey: number;
  /** The owner before, another one, did not give it away: a recovery. */
  readonly takeover: boolean;
}

export interface InstanceKey {
  readonly partition: number;
  readonly instanceId: string;
}

/** A row of instances. Times are epoch ms. */
export interface InstanceRow extends InstanceKey {
  readonly executionId: string;
  readonly name: string;
  readonly version?: string;
  readonly status: RuntimeStatus;
  readonly input?: string;
  readonly output?: string;
  readonly failureDetails?: FailureDetails;
  readonly customStatus?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly parent?: ParentInstance;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly startAt?: number;
  /** Number of history events of this execution: the sequence of the next one. */
  readonly historyLength: number;
  /** Counts the checkpoints of this row, over all executions. */
  readonly rowVersion: number;
  /** How often its worker died since its last checkpoint [Y8]; absent: never. */
  readonly attempts?: number;
}

export interface LoadKey extends InstanceKey {
  /** Whether the history of a finished instance is wanted too. */
  readonly finishedHistory?: boolean;
}

export interface LoadedInstance {
  readonly row: InstanceRow;
  /** Of the current execution; empty when the instance is finished, unless the key asked for it. */
  readonly history: HistoryEvent[];
}

export interface LoadedInstances {
  /** A key that was looked at and is not here has no row. */
  readonly instances: LoadedInstance[];
  /** How many of the keys, from the first, were looked at. */
  readonly looked: number;
}

// ---- messages

/** Identity and order of a message in the inbox of a partition. */
export interface MessageKey {
  readonly partition: number;
  readonly key: number;
  /** Partition number of the sender, or {@link CLIENT_SENDER_BASE} + worker id. */
  readonly sender: number;
}

export const CLIENT_SENDER_BASE = 1_000;

/** Asks the owner to create an instance: a sub-orchestration, or a start that its client could not carry out itself. */
export interface CreateInstance {
  readonly type: 'CreateInstance';
  readonly executionId: string;
  readonly name: string;
  readonly version?: string;
  readonly input?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly startAt?: number;
  /** When a client asked for it; else it is created when it is. */
  readonly createdAt?: number;
  /** Of a sub-orchestration; it is told when the id is in use. */
  readonly parent?: ParentInstance;
  readonly onConflict: OnConflict;
  /** The id was made for this instance: there can be no other one. */
  readonly isNewId: boolean;
  /** The parent was rewound [K8]: what this very call of it created goes on, if it is there still. */
  readonly rewind?: { readonly reason?: string };
}

/** Wakes a failed instance that a client has made Running, so that it goes on [K8]. */
export interface RewindInstance {
  readonly type: 'RewindInstance';
  readonly reason?: string;
}

/** Wakes an instance that a client inserted or that continued as new; the row itself says what to start. */
export interface StartInstance {
  readonly type: 'StartInstance';
}

/** An event for an instance. */
export interface Deliver {
  readonly type: 'Deliver';
  /** For this execution only [Y3]. */
  readonly executionId?: string;
  /** Only for a sub-orchestration that this execution called: its id may have been taken by somebody else's instance. */
  readonly parentExecutionId?: string;
  readonly event: InputEvent;
}

export type MessageBody = CreateInstance | RewindInstance | StartInstance | Deliver;

export interface InboxMessage extends MessageKey {
  readonly instanceId: string;
  readonly body: MessageBody;
}

/** What a poll brings. */
export interface InboxAnswer {
  readonly messages: InboxMessage[];
  readonly signs: HubSigns;
}

/** By these numbers a worker sees, between its heartbeats, that partitions or workers have changed. */
export interface HubSigns {
  /** Partitions that nobody owns, or whose lease has ended. */
  readonly free: number;
  /** Partitions that the database holds for the asking worker. */
  readonly own: number;
  /** Workers that live; clients do not count. */
  readonly workers: number;
  /** The highest worker id among them, 0 without any: ids rise with each registration. */
  readonly newestWorker: number;
}

export interface InboxRange {
  readonly partition: number;
  readonly limit: number;
}

// ---- timers

export interface TimerKey {
  readonly fireAt: number;
  readonly executionId: string;
  /** Task id of the timer; {@link START_TIMER} for an instance that starts later. */
  readonly taskId: number;
}

export const START_TIMER = -1;
/** Task id of what marks an instance that waits for a worker with its orchestrator [Y6]; due at {@link PARKED_SINCE}, so always. */
export const PARK_TIMER = -2;
export const PARKED_SINCE = 0;

export interface TimerRow extends TimerKey, InstanceKey {}

// ---- activities

export interface ActivityKey {
  readonly partition: number;
  readonly executionId: string;
  readonly taskId: number;
}

export interface ActivityWork extends ActivityKey {
  readonly instanceId: string;
  readonly name: string;
  readonly input?: string;
  readonly callId: number;
  /** Attempt of the retry policy, 1 for the first. */
  readonly attempt: number;
  /** How often a worker died while it ran this activity [Y8]; absent: never. */
  readonly dispatchCount?: number;
}

/** Which waiting activities may be what killed the workers that ran them [Y8]. At most one of them is taken at a time. */
export interface SuspectClaim {
  /** Those of this dispatch count and more. */
  readonly from: number;
  /** False: none is taken. */
  readonly take: boolean;
}

export interface RunningActivity extends ActivityWork {
  /** Only a result that deletes the row with this token counts (I4). */
  readonly claimToken: string;
  /** Incarnation of the worker that runs it. */
  readonly claimedBy: string;
}

export interface ForeignActivityResult {
  readonly activity: RunningActivity;
  /** Goes to the inbox of the owner, with this key. */
  readonly message: InboxMessage;
}

// ---- batches

/** One instance, one step: all or nothing with the rest of its batch (I1). */
export interface Checkpoint extends InstanceKey {
  readonly write:
    | { readonly kind: 'insert'; readonly row: InstanceRow }
    /** Replaces a finished instance: its old execution is garbage. */
    | { readonly kind: 'replace'; readonly row: InstanceRow; readonly expected: InstanceGuard }
    /**
     * While the execution stays the same, only status, output, failureDetails, customStatus, updatedAt, historyLength,
     * rowVersion and attempts are written; with another execution id (continueAsNew) the whole row is.
     */
    | { readonly kind: 'update'; readonly row: InstanceRow; readonly expected: InstanceGuard }
    /** Only consumes: messages for an instance that is missing or finished. */
    | { readonly kind: 'none' };
  readonly history: readonly HistoryAppend[];
  readonly consumedMessages: readonly MessageKey[];
  /** Claims whose results this step takes up. */
  readonly consumedActivities: readonly Pick<RunningActivity, keyof ActivityKey | 'claimToken'>[];
  /** Timers that fired: exactly these rows are deleted (I4). */
  readonly deletedTimers: readonly TimerKey[];
  /** Timers that are no longer wanted: deleted where they still exist. */
  readonly cancelledTimers: readonly TimerKey[];
  readonly messages: readonly InboxMessage[];
  readonly timers: readonly TimerRow[];
  readonly readyActivities: readonly ActivityWork[];
  readonly runningActivities: readonly RunningActivity[];
  /** Executions whose history is no longer needed. */
  readonly garbage: readonly string[];
  /** Executions (ended by force) whose waiting and running activities are deleted with this step. */
  readonly abandonedActivities: readonly string[];
}

export interface InstanceGuard {
  readonly executionId: string;
  readonly rowVersion: number;
  /** As the row has it: the column is written only where this or the new number is not 0. */
  readonly attempts?: number;
}

export interface HistoryAppend {
  readonly executionId: string;
  /** Sequence number of the first event. */
  readonly sequence: number;
  readonly events: readonly HistoryEvent[];
}

export interface PartitionFence {
  readonly partition: number;
  readonly owner: string;
  readonly epoch: number;
  readonly previousCommitNo: number;
  readonly commitNo: number;
  readonly lastKey: number;
}

/** What became of a batch whose answer was lost. */
export type CommitOutcome = 'committed' | 'not-committed' | 'lost';

export interface CommitBatch {
  readonly checkpoints: readonly Checkpoint[];
  /** One per partition touched, ascending. */
  readonly fences: readonly PartitionFence[];
}

export type OnConflict = 'replaceFinished' | 'useExisting' | 'terminateAndReplace' | 'reject';

/** What a client asks for. Keys and execution ids are fixed before the first attempt. */
export type ClientOperation =
  | {
      readonly kind: 'start';
      readonly row: InstanceRow;
      /** StartInstance, written with the row. */
      readonly message: InboxMessage;
      readonly onConflict: OnConflict;
      /** Execution id of the only instance whose place it may take; without that instance nothing is written. */
      readonly replaces?: string;
      /** CreateInstance, written instead when `terminateAndReplace` meets a live instance. */
      readonly replaceMessage?: InboxMessage;
    }
  /** Makes a failed instance Running, and has its owner rewind it: the message is a RewindInstance. */
  | { readonly kind: 'rewind'; readonly message: InboxMessage; readonly now: number }
  /** A message for an existing instance in one of these statuses. */
  | { readonly kind: 'send'; readonly message: InboxMessage; readonly allowed: readonly RuntimeStatus[] };

export type ClientResult =
  | { readonly kind: 'done' }
  /** A start left a live instance to its owner, by the CreateInstance. */
  | { readonly kind: 'replacing' }
  /** Nothing was written: the instance is missing or in a status that is not allowed. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'status'; readonly status: RuntimeStatus }
  /** A start found an instance that stands in its way, or that it uses. */
  | { readonly kind: 'exists'; readonly status: RuntimeStatus };

export interface ClientBatch {
  readonly operations: readonly ClientOperation[];
  readonly previousCommitNo: number;
  readonly commitNo: number;
  readonly lastKey: number;
}

export interface InstanceQuery {
  readonly statuses?: readonly RuntimeStatus[];
  readonly createdFrom?: number;
  readonly createdTo?: number;
  readonly name?: string;
  readonly instanceIdPrefix?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Keyset: only what comes after this instance in (createdAt, instanceId) order. */
  readonly after?: { readonly createdAt: number; readonly instanceId: string };
  readonly limit: number;
}

/** What a purge needs to know of an instance. */
export type InstanceHead = Pick<InstanceRow, 'partition' | 'instanceId' | 'executionId' | 'status' | 'parent'>;

export interface PurgeTarget extends InstanceKey {
  /** Only this execution; absent: whichever is there. */
  readonly executionId?: string;
}

export interface PurgeOutcome {
  readonly deleted: boolean;
  /** As it was met; absent: there is no such instance, or another execution of it. */
  readonly status?: RuntimeStatus;
}

/** Which instances a purge is to delete. Times are epoch ms, both ends included. */
export interface PurgeRequest extends Pick<InstanceQuery, 'createdFrom' | 'createdTo' | 'name'> {
  readonly statuses: readonly RuntimeStatus[];
}

/** A step of it. */
export interface PurgeQuery extends PurgeRequest, Pick<InstanceQuery, 'after'> {
  readonly createdTo: number;
}

export interface PurgeScan {
  readonly targets: readonly PurgeTarget[];
  /** Where to go on; absent at the end. */
  readonly last?: NonNullable<InstanceQuery['after']>;
}
