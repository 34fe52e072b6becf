import { isFinished, type HistoryEvent, type RuntimeStatus } from '../core/history.js';
import type { Database } from './database.js';
import { isDuplicateKey } from './error-mapping.js';
import { FenceLostError, StaleMemberError } from './errors.js';
import { JoinedCalls } from './joined-calls.js';
import type { Session } from './session.js';
import { SqliteDatabase } from './sqlite-database.js';
import * as activities from './statements/activities.js';
import { countBacklog } from './statements/backlog.js';
import { applyClientBatch } from './statements/client-batch.js';
import { commit } from './statements/commit.js';
import { findEntities, queryEntities } from './statements/entities.js';
import { loadEntities, type EntityLoadOptions } from './statements/entity-loading.js';
import { readQueued } from './statements/entity-queue.js';
import { collectGarbage } from './statements/garbage.js';
import { readHistories, readHistory } from './statements/history.js';
import { openHub, readTime } from './statements/hubs.js';
import { readInbox } from './statements/inbox.js';
import { queryInstances } from './statements/instance-pages.js';
import { countWithin, findInstances } from './statements/instances.js';
import { findOverdue } from './statements/overdue.js';
import * as partitions from './statements/partitions.js';
import * as purge from './statements/purge.js';
import { readTimers } from './statements/timers.js';
import * as workers from './statements/workers.js';
import type {
  AgeQuery, AgeScan, ClientBatch, ClientResult, CommitBatch, CommitOutcome, DurableStore, EntityQuery, EntityRow, ForeignActivityResult, HubInfo, HubOptions, HubState,
  InboxAnswer, InboxMessage, InboxRange, InstanceHead, InstanceKey, InstanceQuery, InstanceRow, LoadedEntities, LoadedInstances, LoadKey,
  MessageKey, OverdueQuery, OverdueRange, OverdueWork, PartitionFence, PartitionLease, PartitionRelease, PurgeOutcome, PurgeQuery, PurgeScan, PurgeTarget, QueuedMessage, QueueKey, RunningActivity,
  StoreCapabilities, SuspectClaim, TimerKey, TimerRow, WorkerInfo, WorkerRegistration,
} from './store.js';

/** How often a client's batch may meet an instance that another process is creating. */
const MAX_CONFLICTS = 5;

/** The port {@link DurableStore} on a TypeORM DataSource: which statements run, and in what kind of transaction. */
export class TypeOrmStore implements DurableStore {
  readonly capabilities: StoreCapabilities;
  private hub = 0;
  private partitions: readonly number[] = [];
  /** Where a claim ended that took as many as it might. */
  private lastClaimed: activities.ClaimOptions['after'];
  private readonly joined: JoinedCalls;

  constructor(private readonly database: Database) {
    this.joined = new JoinedCalls(database);
    const sqlite = database instanceof SqliteDatabase ? database : undefined;
    this.capabilities = {
      singleWorker: sqlite !== undefined,
      get maxStatementBytes() {
        return database.maxStatementBytes;
      },
      get server() {
        return database.title;
      },
      tryLockWorker: sqlite && (() => sqlite.tryLockWorker(this.hub)),
      unlockWorker: sqlite && (() => Promise.resolve(sqlite.unlockWorker())),
    };
  }

  async open(options: HubOptions): Promise<HubInfo> {
    await this.database.open();
    const info = await this.database.migrate((session) => openHub(session, options));
    this.hub = info.hubId;
    this.partitions = Array.from({ length: info.partitionCount }, (_, partition) => partition);
    return info;
  }

  close(): Promise<void> {
    return this.database.close();
  }

  time(): Promise<number> {
    return this.read(readTime);
  }

  registerWorker(registration: WorkerRegistration): Promise<WorkerInfo> {
    return this.write((session) => workers.registerWorker(session, this.hub, registration));
  }

  retireWorker(worker: WorkerInfo): Promise<void> {
    return this.read((session) => workers.retireWorker(session, this.hub, worker));
  }

  unregisterWorker(worker: WorkerInfo): Promise<void> {
    return this.write((session) => workers.unregisterWorker(session, this.hub, worker));
  }

  heartbeat(worker: WorkerInfo, leaseDuration: number): Promise<HubState> {
    // Each of its statements is good without the others: an idle process saves two round trips.
    return this.read((session) => workers.heartbeat(session, this.hub, worker, leaseDuration));
  }

  acquirePartitions(worker: WorkerInfo, wanted: readonly number[], options: partitions.AcquireOptions): Promise<PartitionLease[]> {
    return this.write((session) => partitions.acquirePartitions(session, this.hub, worker, wanted, options));
  }

  assignPartition(worker: WorkerInfo, lease: Pick<PartitionLease, 'partition' | 'epoch'>, to: partitions.AssignOptions): Promise<boolean> {
    // One statement: it needs no transaction.
    return this.read((session) => partitions.assignPartition(session, this.hub, worker, lease, to));
  }

  releasePartitions(worker: WorkerInfo, releases: readonly PartitionRelease[]): Promise<void> {
    return this.write((session) => partitions.releasePartitions(session, this.hub, worker, releases));
  }

  async commit(batch: CommitBatch): Promise<void> {
    try {
      await this.write(async (session) => commit(session, this.hub, batch));
    } catch (error) {
      const isDuplicate = isDuplicateKey(error);
      if (!isDuplicate && !(error instanceof FenceLostError)) throw error;
      const lost = await this.write((session) => partitions.lostFences(session, this.hub, batch.fences));
      // Where a row is there already, the server comes to no fence.
      if (isDuplicate && lost.partitions.length === 0) throw new StaleMemberError('What was to be created exists already.', { cause: error });
      throw lost;
    }
  }

  resolveCommit(fences: readonly PartitionFence[]): Promise<CommitOutcome[]> {
    return this.write((session) => partitions.resolveCommit(session, this.hub, fences));
  }

  async claimActivities(worker: WorkerInfo, names: readonly string[], limit: number, suspects?: SuspectClaim): Promise<RunningActivity[]> {
    if (!(await this.read((session) => activities.hasReadyActivities(session, this.hub, names)))) return [];
    const claims = await this.write((session) => activities.claimActivities(session, this.hub, worker, { names, limit, after: this.lastClaimed, suspects }));
    const last = claims[limit - 1];
    this.lastClaimed = last && { partition: last.partition, executionId: last.executionId };
    return claims;
  }

  completeForeignActivities(_worker: WorkerInfo, results: readonly ForeignActivityResult[]): Promise<boolean[]> {
    return this.write((session) => activities.completeForeign(session, this.hub, results));
  }

  returnActivities(claims: readonly RunningActivity[]): Promise<boolean[]> {
    return this.write((session) => activities.returnActivities(session, this.hub, claims));
  }

  findLostClaims(claims: readonly RunningActivity[]): Promise<RunningActivity[]> {
    return this.read((session) => activities.findLostClaims(session, this.hub, claims));
  }

  readInbox(worker: WorkerInfo, ranges: readonly InboxRange[], isKnown: (key: MessageKey) => boolean): Promise<InboxAnswer> {
    return this.read((session) => readInbox(session, this.hub, worker, ranges, isKnown));
  }

  readTimers(partition: number, options: { limit: number; after?: TimerKey }): Promise<TimerRow[]> {
    return this.read((session) => readTimers(session, this.hub, partition, options));
  }

  readRunningActivities(owned: readonly number[]): Promise<RunningActivity[]> {
    return this.read((session) => activities.readRunning(session, this.hub, owned));
  }

  loadInstances(keys: readonly LoadKey[], { maxBytes }: { maxBytes: number }): Promise<LoadedInstances> {
    return this.read(async (session) => {
      const looked = await countWithin(session, this.hub, keys, maxBytes);
      const rows = await findInstances(session, this.hub, keys.slice(0, looked));
      const withHistory = new Set(keys.flatMap(({ instanceId, finishedHistory }) => (finishedHistory ? [instanceId] : [])));
      const histories = await readHistories(session, this.hub, rows.filter(({ status, instanceId }) => !isFinished(status) || withHistory.has(instanceId)));
      return { instances: rows.map((row) => ({ row, ...(histories.get(row.executionId) ?? { history: [] }) })), looked };
    });
  }

  readHistory(key: InstanceKey & { executionId: string }): Promise<HistoryEvent[]> {
    return this.read((session) => readHistory(session, this.hub, key));
  }

  loadEntities(keys: readonly InstanceKey[], options: EntityLoadOptions): Promise<LoadedEntities> {
    return this.read((session) => loadEntities(session, this.hub, keys, options));
  }

  readQueued(keys: readonly QueueKey[]): Promise<QueuedMessage[]> {
    return this.read((session) => readQueued(session, this.hub, keys));
  }

  findOverdue(ranges: readonly OverdueRange[], query: OverdueQuery): Promise<OverdueWork> {
    return this.read((session) => findOverdue(session, this.hub, ranges, query));
  }

  collectGarbage(owned: readonly number[], limit: number): Promise<number> {
    return this.write((session) => collectGarbage(session, this.hub, owned, limit));
  }

  async applyClientBatch(worker: WorkerInfo, batch: ClientBatch): Promise<ClientResult[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.write((session) => applyClientBatch(session, this.hub, worker, batch));
      } catch (error) {
        // Another process has just created one of the instances: the next try sees it.
        if (!isDuplicateKey(error) || tries === MAX_CONFLICTS) throw error;
      }
    }
  }

  resolveClientBatch(worker: WorkerInfo, commitNo: number): Promise<CommitOutcome> {
    return this.write((session) => workers.resolveClientBatch(session, this.hub, worker, commitNo));
  }

  insertJoined(entityManager: object, message: InboxMessage): Promise<void> {
    return this.joined.insert(entityManager, this.hub, message);
  }

  getInstances(keys: readonly InstanceKey[]): Promise<InstanceRow[]> {
    return this.read((session) => findInstances(session, this.hub, keys));
  }

  queryInstances(query: InstanceQuery): Promise<InstanceRow[]> {
    return this.read((session) => queryInstances(session, this.hub, this.partitions, query));
  }

  getEntities(keys: readonly InstanceKey[]): Promise<EntityRow[]> {
    return this.read((session) => findEntities(session, this.hub, keys));
  }

  queryEntities(query: EntityQuery): Promise<EntityRow[]> {
    return this.read((session) => queryEntities(session, this.hub, query));
  }

  getInstanceHeads(keys: readonly InstanceKey[]): Promise<InstanceHead[]> {
    return this.read((session) => purge.readHeads(session, this.hub, keys));
  }

  countBacklog(limit: number): Promise<number> {
    return this.read((session) => countBacklog(session, this.hub, limit));
  }

  newestCreation(): Promise<number | undefined> {
    return this.read((session) => purge.newestCreation(session, this.hub));
  }

  scanForPurge(query: PurgeQuery, limit: number): Promise<PurgeScan> {
    return this.read((session) => purge.scanForPurge(session, this.hub, query, limit));
  }

  scanAges(query: AgeQuery, limit: number): Promise<AgeScan> {
    return this.read((session) => purge.scanAges(session, this.hub, query, limit));
  }

  purgeInstances(targets: readonly PurgeTarget[], statuses?: readonly RuntimeStatus[]): Promise<PurgeOutcome[]> {
    return this.write((session) => purge.purgeInstances(session, this.hub, targets, statuses));
  }

  private read<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.database.read(work);
  }

  private write<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }
}
