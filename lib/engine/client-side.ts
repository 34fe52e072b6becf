/** What this process's client works through: keys, the client's commit queue, starts, waiters. */
import { partitionOf } from '../core/ids.js';
import type { RuntimeStatus, HistoryEvent } from '../core/history.js';
import type { EntityClass, HandlerClass, HandlerNames } from '../core/stubs.js';
import {
  CLIENT_SENDER_BASE,
  type ClientResult,
  type DurableStore,
  type EntityMessageBody,
  type EntityQuery,
  type EntityRow,
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
import { BacklogLimit } from './backlog-limit.js';
import { ClientQueue } from './client-queue.js';
import { ClientStarts, type StartRequest } from './client-starts.js';
import type { Clock, EngineTime } from './clock.js';
import { CompletionWaiters } from './completion-waiters.js';
import type { Dispatcher } from './dispatcher.js';
import { assertOutsideEpisode } from './episode-guard.js';
import type { HandlerRegistry } from './handlers.js';
import type { MessageKeys } from './message-keys.js';
import type { ClientCounts } from './metrics.js';
import type { Observation } from './observation.js';
import type { Ownership } from './ownership.js';
import { Purger } from './purger.js';
import type { SentMessages } from './sent-messages.js';
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
  readonly metrics: ClientCounts;
  readonly sent: SentMessages;
  readonly observation: Pick<Observation, 'health' | 'metrics'>;
  partitionCount(): number;
  /** Hands a committed message to its partition, if that is this process's. @param row that was committed with it */
  deliver(message: InboxMessage, row?: InstanceRow): void;
  /** Histories are to be collected. */
  purged(): void;
  /** Messages may become visible soon, and nothing will tell of it. */
  expectMessages(): void;
}

export class ClientSide {
  private readonly queue: ClientQueue;
  private readonly starts: ClientStarts;
  private readonly waiters: CompletionWaiters;
  private readonly purger: Purger;

  constructor(private readonly port: ClientSidePort) {
    const { store, clock, health, keys, metrics, ownership, settings } = port;
    this.queue = new ClientQueue({
      store, clock, health, keys, metrics,
      sent: port.sent,
      deliver: (message, row) => port.deliver(message, row),
      worker: () => ownership.members.worker,
      register: (gone) => ownership.members.register(gone),
    });
    this.starts = new ClientStarts({
      ...port,
      queue: this.queue,
      limit: new BacklogLimit({ store, clock, health, hub: port.hub, maxBacklog: settings.maxBacklog }),
      partitionOf: (instanceId) => this.partitionOf(instanceId),
      message: (instanceId, body) => this.message(instanceId, body),
      sendJoined: (instanceId, body, entityManager) => this.sendJoined(instanceId, body, entityManager),
    });
    this.purger = new Purger({ store, clock, health, purged: () => port.purged() });
    this.waiters = new CompletionWaiters({
      clock, health,
      maxPollingInterval: settings.maxPollingInterval,
      read: (ids) => store.getInstances(ids.map((instanceId) => this.keyOf(instanceId))),
      isInMemory: (instanceId) => {
        const slot = ownership.owns(this.partitionOf(instanceId))?.slots.get(instanceId);
        return slot !== undefined && (slot.isAlive || slot.hasWork);
      },
    });
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

  start(request: StartRequest, onConflict: OnConflict): Promise<{ instanceId: string; result: ClientResult }> {
    return this.starts.start(request, onConflict);
  }

  async send(instanceId: string, body: MessageBody, allowed: readonly RuntimeStatus[]): Promise<ClientResult> {
    const message = this.message(instanceId, body);
    const weight = body.type === 'Deliver' ? JSON.stringify(body.event).length : 0;
    return this.queue.apply({ kind: 'send', message, allowed }, weight);
  }

  async signal(entityId: string, body: EntityMessageBody): Promise<void> {
    const message = this.message(entityId, body);
    await this.queue.apply({ kind: 'signal', message }, body.type === 'EntityOperation' ? (body.input?.length ?? 0) : 0);
  }

  async rewind(instanceId: string, reason: string | undefined): Promise<ClientResult> {
    const message = this.message(instanceId, { type: 'RewindInstance', reason });
    return this.queue.apply({ kind: 'rewind', message, now: this.now() }, reason?.length ?? 0);
  }

  startJoined(request: StartRequest, onConflict: OnConflict, entityManager: object): Promise<string> {
    return this.starts.startJoined(request, onConflict, entityManager);
  }

  async sendJoined(instanceId: string, body: MessageBody, entityManager: object): Promise<void> {
    this.queue.assertOpen();
    await this.port.store.insertJoined(entityManager, this.message(instanceId, body));
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

  async getEntity(entityId: string): Promise<EntityRow | undefined> {
    const [row] = await this.port.store.getEntities([this.keyOf(entityId)]);
    return row;
  }

  queryEntities(query: EntityQuery): Promise<EntityRow[]> {
    return this.port.store.queryEntities(query);
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

  entityOf(type: HandlerClass<unknown>): EntityClass {
    return this.port.handlers.entityOf(type);
  }

  health() {
    return this.port.observation.health();
  }

  metrics() {
    return this.port.observation.metrics();
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

  private message(instanceId: string, body: MessageBody): InboxMessage {
    const sender = CLIENT_SENDER_BASE + this.port.ownership.members.worker.workerId;
    return { ...this.keyOf(instanceId), key: this.port.keys.next(), sender, body };
  }
}
