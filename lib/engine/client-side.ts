/** What this process's client works through: keys, placement, eager start, the client's commit queue, waiters. */
import { v7 as uuidV7 } from 'uuid';
import { partitionOf } from '../core/ids.js';
import type { RuntimeStatus, HistoryEvent } from '../core/history.js';
import type { HandlerClass, HandlerNames } from '../core/stubs.js';
import {
  CLIENT_SENDER_BASE,
  type ClientOperation,
  type ClientResult,
  type DurableStore,
  type InboxMessage,
  type InstanceHead,
  type InstanceKey,
  type InstanceQuery,
  type InstanceRow,
  type MessageBody,
  type OnConflict,
  type PurgeOutcome,
  type PurgeRequest,
  type PurgeTarget,
} from '../storage/store.js';
import { ClientQueue } from './client-queue.js';
import type { Clock, EngineTime } from './clock.js';
import { CompletionWaiters } from './completion-waiters.js';
import type { Dispatcher } from './dispatcher.js';
import { assertOutsideEpisode } from './episode-guard.js';
import type { HandlerRegistry } from './handlers.js';
import type { MessageKeys } from './message-keys.js';
import type { Ownership } from './ownership.js';
import { countParked } from './parking.js';
import type { Partition } from './partition.js';
import { Purger } from './purger.js';
import type { EngineSettings } from './settings.js';
import type { StoreHealth } from './store-health.js';

export interface ClientSidePort {
  /** Name of the task hub. */
  readonly hub: string;
  readonly store: DurableStore;
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly health: StoreHealth;
  readonly handlers: HandlerRegistry;
  readonly settings: EngineSettings;
  readonly keys: MessageKeys;
  readonly ownership: Ownership;
  readonly dispatcher: Dispatcher;
  /** False: a client only. */
  readonly worker: boolean;
  partitionCount(): number;
  /** Hands a committed message to its partition, if that is this process's. */
  deliver(message: InboxMessage): void;
  /** Histories are to be collected. */
  purged(): void;
  /** Messages may become visible soon, and nothing will tell of it. */
  expectMessages(): void;
}

/** A new instance as the client asks for it. */
export interface StartRequest extends Pick<InstanceRow, 'name' | 'version' | 'input' | 'tags' | 'startAt'> {
  /** Absent: one is chosen. */
  readonly instanceId?: string;
  /** Execution id of the finished instance whose place it is to take. */
  readonly replaces?: string;
}

export class ClientSide {
  private readonly queue: ClientQueue;
  private readonly waiters: CompletionWaiters;
  private readonly purger: Purger;

  constructor(private readonly port: ClientSidePort) {
    const { store, clock, health, keys, ownership, settings } = port;
    this.queue = new ClientQueue({ store, clock, health, keys, worker: () => ownership.members.worker, register: (gone) => ownership.members.register(gone) });
    this.purger = new Purger({ store, clock, health, purged: () => port.purged() });
    this.waiters = new CompletionWaiters({
      clock, health,
      maxPollingInterval: settings.maxPollingInterval,
      read: (ids) => store.getInstances(ids.map((instanceId) => this.keyOf(instanceId))),
      isAlive: (instanceId) => ownership.owns(this.partitionOf(instanceId))?.slots.get(instanceId)?.isAlive === true,
    });
  }

  /** Transactions and operations of client calls written by this process so far. */
  get counters(): { readonly commits: number; readonly operations: number } {
    return this.queue.counters;
  }

  get taskHub(): string {
    return this.port.hub;
  }

  get maxPayloadBytes(): number {
    return this.port.settings.maxPayloadBytes;
  }

  get defaultVersion(): string | undefined {
    return this.port.settings.defaultVersion;
  }

  now(): number {
    return this.port.time.now();
  }

  schedule(delay: number, fn: () => void): () => void {
    return this.port.clock.after(delay, fn);
  }

  assertOutsideEpisode(call: string): void {
    assertOutsideEpisode(call);
  }

  async start(request: StartRequest, onConflict: OnConflict): Promise<{ instanceId: string; result: ClientResult }> {
    this.queue.assertOpen();
    const now = this.now();
    const instanceId = request.instanceId ?? this.newInstanceId(request);
    const row = this.newRow(instanceId, request, now);
    const isOwnId = request.instanceId !== undefined;
    if (!isOwnId && (await this.startEagerly(row))) return { instanceId, result: { kind: 'done' } };
    const message = this.message(row.partition, instanceId, { type: 'StartInstance' });
    const replaceMessage = onConflict === 'terminateAndReplace' ? this.message(row.partition, instanceId, creation(row, onConflict, false)) : undefined;
    const { replaces } = request;
    const operation: ClientOperation = { kind: 'start', row, message, onConflict: isOwnId ? onConflict : 'useExisting', replaces, replaceMessage };
    const result = await this.queue.apply(operation, row.input?.length ?? 0);
    if (result.kind === 'done') this.port.deliver(message);
    if (result.kind === 'replacing' && replaceMessage) this.port.deliver(replaceMessage);
    // A generated id that exists is this very start: its eager commit was written although its answer was lost.
    return { instanceId, result: isOwnId ? result : { kind: 'done' } };
  }

  async send(instanceId: string, body: MessageBody, allowed: readonly RuntimeStatus[]): Promise<ClientResult> {
    const message = this.message(this.partitionOf(instanceId), instanceId, body);
    const weight = body.type === 'Deliver' ? JSON.stringify(body.event).length : 0;
    const result = await this.queue.apply({ kind: 'send', message, allowed }, weight);
    if (result.kind === 'done') this.port.deliver(message);
    return result;
  }

  async rewind(instanceId: string, reason: string | undefined): Promise<ClientResult> {
    const message = this.message(this.partitionOf(instanceId), instanceId, { type: 'RewindInstance', reason });
    const result = await this.queue.apply({ kind: 'rewind', message, now: this.now() }, reason?.length ?? 0);
    if (result.kind === 'done') this.port.deliver(message);
    return result;
  }

  async startJoined(request: StartRequest, onConflict: OnConflict, entityManager: object): Promise<string> {
    const isNewId = request.instanceId === undefined;
    const row = this.newRow(request.instanceId ?? this.newInstanceId(request), request, this.now());
    await this.sendJoined(row.instanceId, creation(row, onConflict, isNewId), entityManager);
    return row.instanceId;
  }

  async sendJoined(instanceId: string, body: MessageBody, entityManager: object): Promise<void> {
    this.queue.assertOpen();
    await this.port.store.insertJoined(entityManager, this.message(this.partitionOf(instanceId), instanceId, body));
    this.port.expectMessages();
  }

  async findOrchestrator(name: string, version?: string): Promise<{ found: true } | { found: false; known: readonly string[] }> {
    if (this.port.handlers.findOrchestrator(name, version)) return { found: true };
    const live = (await this.port.ownership.members.liveHandlers()).flatMap(({ orchestrators }) => orchestrators);
    const all = [...this.port.handlers.list().orchestrators, ...live];
    if (all.some((known) => known.name === name && known.version === version)) return { found: true };
    const known = all.map((each) => (each.version === undefined ? each.name : `${each.name} (version ${each.version})`));
    return { found: false, known: [...new Set(known)].sort() };
  }

  async getInstance(instanceId: string): Promise<InstanceRow | undefined> {
    const [row] = await this.port.store.getInstances([this.keyOf(instanceId)]);
    return row;
  }

  queryInstances(query: InstanceQuery): Promise<InstanceRow[]> {
    return this.port.store.queryInstances(query);
  }

  readHistory(row: Pick<InstanceRow, 'partition' | 'instanceId' | 'executionId'>): Promise<HistoryEvent[]> {
    return this.port.store.readHistory(row);
  }

  getInstanceHeads(instanceIds: readonly string[]): Promise<InstanceHead[]> {
    return this.port.store.getInstanceHeads(instanceIds.map((instanceId) => this.keyOf(instanceId)));
  }

  async purge(targets: readonly Omit<PurgeTarget, 'partition'>[]): Promise<PurgeOutcome[]> {
    this.queue.assertOpen();
    return this.purger.purge(targets.map((target) => ({ ...target, partition: this.partitionOf(target.instanceId) })));
  }

  async purgeMatching(request: PurgeRequest): Promise<number> {
    this.queue.assertOpen();
    return this.purger.purgeMatching(request);
  }

  waitUntilFinished(instanceId: string, timeout: number | undefined): Promise<InstanceRow | undefined> {
    return this.waiters.wait(instanceId, timeout);
  }

  orchestratorNames(type: HandlerClass<unknown>): HandlerNames {
    return this.port.handlers.namesOf(type, 'orchestrator');
  }

  health() {
    const { ownership, worker } = this.port;
    const partitions = [...ownership.partitions.values()];
    return { isWorker: worker, partitionCount: this.port.partitionCount(), ownedPartitions: partitions.length, parked: countParked(partitions) };
  }

  /** An instance of this process has finished. */
  finished(row: InstanceRow): void {
    this.waiters.finished(row);
  }

  /** Refuses calls that write from now on; those that read go on. */
  refuse(reason: Error): void {
    this.queue.refuse(reason);
  }

  stop(): void {
    this.queue.stop();
    this.purger.stop();
    this.waiters.stop();
  }

  whenIdle(): Promise<void> {
    return this.queue.whenIdle();
  }

  private partitionOf(instanceId: string): number {
    return partitionOf(instanceId, this.port.partitionCount());
  }

  private keyOf(instanceId: string): InstanceKey {
    return { partition: this.partitionOf(instanceId), instanceId };
  }

  private message(partition: number, instanceId: string, body: MessageBody): InboxMessage {
    const sender = CLIENT_SENDER_BASE + this.port.ownership.members.worker.workerId;
    return { partition, key: this.port.keys.next(), sender, instanceId, body };
  }

  private newRow(instanceId: string, request: StartRequest, now: number): InstanceRow {
    const { name, version, input, tags, startAt } = request;
    return {
      partition: this.partitionOf(instanceId), instanceId, executionId: uuidV7(), name, version, input, tags, startAt,
      status: 'Pending', createdAt: now, updatedAt: now, historyLength: 0, rowVersion: 1,
    };
  }

  /** Placement: an id of a partition of this process while it has little to do and can run the instance, of any partition otherwise. */
  private newInstanceId({ name, version }: StartRequest): string {
    const { ownership, handlers } = this.port;
    const canRun = ownership.holdsLease && this.hasLittleToDo && handlers.findOrchestrator(name, version) !== undefined;
    const wantsOwn = canRun && [...ownership.partitions.values()].some(({ state }) => state === 'owned');
    for (;;) {
      const instanceId = uuidV7().replaceAll('-', '');
      if (!wantsOwn || ownership.owns(this.partitionOf(instanceId))) return instanceId;
    }
  }

  private get hasLittleToDo(): boolean {
    return this.port.dispatcher.backlog < this.port.settings.maxConcurrentOrchestratorFunctions;
  }

  /** Creates the instance together with its first episode, when that episode can run here and now. */
  private async startEagerly(row: InstanceRow): Promise<boolean> {
    const partition: Partition | undefined = this.port.ownership.owns(row.partition);
    const isDue = row.startAt === undefined || row.startAt <= this.now();
    if (!partition || !isDue || !this.hasLittleToDo || !this.port.ownership.holdsLease) return false;
    if (!this.port.handlers.findOrchestrator(row.name, row.version)) return false;
    const outcome = await new Promise((settle) => this.port.dispatcher.offer(partition, row.instanceId, { kind: 'eager', row, settle }));
    return outcome === 'committed';
  }
}

/** Leaves it to the owner to create the instance, and to decide what becomes of one that has the id. */
function creation(row: InstanceRow, onConflict: OnConflict, isNewId: boolean): MessageBody {
  const { executionId, name, version, input, tags, startAt, createdAt } = row;
  return { type: 'CreateInstance', executionId, name, version, input, tags, startAt, createdAt, onConflict, isNewId };
}
