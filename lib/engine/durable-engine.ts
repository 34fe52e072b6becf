/**
 * The engine of one process in one task hub: puts the parts together and carries out what a commit has brought about.
 * ARCHITECTURE.md follows one orchestration through it.
 */
import { isEntityId } from '../core/entity-id.js';
import { isFinished } from '../core/history.js';
import type { DurableLogger } from '../core/logger.js';
import type { Checkpoint, DurableStore, InboxMessage, InstanceRow } from '../storage/store.js';
import { Activities } from './activities.js';
import { Backoff } from './backoff.js';
import { withBuiltIns } from './built-in/built-in-handlers.js';
import { ClientSide } from './client-side.js';
import { EngineTime, within, type Clock } from './clock.js';
import { Committer } from './committer.js';
import { Defects } from './defects.js';
import { Dispatcher } from './dispatcher.js';
import { drain } from './drain.js';
import { Entities } from './entities/entities.js';
import { GarbageCollector } from './garbage-collector.js';
import { newExecutionId } from './generated-ids.js';
import type { HandlerRegistry } from './handlers.js';
import { InboxPoller } from './inbox-poller.js';
import { defaultVersion } from './instance-creation.js';
import type { PendingInput } from './instance-slot.js';
import { MessageKeys } from './message-keys.js';
import { newMetrics } from './metrics.js';
import { Observation } from './observation.js';
import { Ownership } from './ownership.js';
import { ParkedWork } from './parked-work.js';
import { isParkMark, Parking } from './parking.js';
import type { Partition } from './partition.js';
import { RetentionKeeper } from './retention-keeper.js';
import type { EngineSettings } from './settings.js';
import { StoreHealth } from './store-health.js';
import { TimerAlarm } from './timer-alarm.js';

export interface EngineOptions {
  /** Name of the task hub. */
  readonly hub: string;
  readonly store: DurableStore;
  readonly handlers: HandlerRegistry;
  readonly settings: EngineSettings;
  readonly clock: Clock;
  readonly log: DurableLogger;
  /** False: a client only, which runs no orchestrators and no activities. */
  readonly worker: boolean;
}

/** How long the first connection is tried for, ms. */
const CONNECT_TIMEOUT = 10_000;
/** How long a stop waits for a start that is still under way, ms. */
const START_GRACE = 5_000;
/** How long a stop tries to give the partitions back; their leases end anyway, ms. */
const RELEASE_TIMEOUT = 5_000;

export class DurableEngine {
  /** What the client of this process works through, once the engine has started. */
  readonly client: ClientSide;
  private readonly defects: Defects;
  private readonly time: EngineTime;
  private readonly health: StoreHealth;
  private readonly clientKeys: MessageKeys;
  private partitionCount = 0;
  private readonly ownership: Ownership;
  private readonly committer: Committer;
  private readonly dispatcher: Dispatcher;
  private readonly entities: Entities;
  private readonly parking: Parking;
  private readonly activities: Activities;
  private readonly poller: InboxPoller;
  private readonly alarm: TimerAlarm;
  private readonly garbage: GarbageCollector;
  private readonly observation: Observation;
  private readonly keeper: RetentionKeeper | undefined;
  private stage: 'new' | 'prepared' | 'started' | 'stopping' = 'new';
  /** The step of the start that is under way, or the last one; it does not fail. */
  private starting: Promise<void> = Promise.resolve();
  private draining: Promise<void> | undefined;
  private releasing: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: EngineOptions) {
    const { store, log, settings, hub, worker } = options;
    const defects = (this.defects = new Defects(log));
    const clock = defects.clock(options.clock);
    const { maxPayloadBytes } = settings;
    const handlers = worker ? withBuiltIns(options.handlers, { clock, maxPayloadBytes }) : options.handlers;
    const time = (this.time = new EngineTime(clock));
    const health = (this.health = new StoreHealth(log, hub, () => time.now()));
    const partitionCount = () => this.partitionCount;
    const metrics = newMetrics();
    this.clientKeys = new MessageKeys(0, () => time.now());
    this.ownership = new Ownership({
      store, clock, time, health, log, hub, worker,
      metrics: metrics.partitions,
      handlers: () => handlers.list(),
      leaseDuration: settings.leaseDuration,
      partitionCount,
      acquired: (partitions) => this.acquired(partitions),
      lost: (partitions) => partitions.forEach((partition) => this.drop(partition)),
      settled: (partition) => this.settled(partition),
      renewed: () => this.renewed(),
      outdated: (reason) => {
        this.activities.stopTaking();
        this.entities.stopTaking();
        this.client.refuse(reason);
      },
      workersGone: () => void this.activities.recover([...this.ownership.partitions.values()]),
    });
    this.committer = new Committer({ store, clock, health, metrics: metrics.commits, lose: (partitions) => this.ownership.fenced(partitions), failed: (partition, instanceId, error) => this.failed(partition, instanceId, error) });
    this.activities = new Activities({
      store, clock, health, log, handlers, settings, partitionCount,
      metrics: metrics.activities,
      ownership: this.ownership,
      keys: this.clientKeys,
      hasSuspects: () => this.dispatcher.hasSuspects || this.entities.hasSuspects,
      offer: (partition, activity, event) => this.dispatcher.offer(partition, activity.instanceId, { kind: 'activity', activity, event }),
    });
    const parked = new ParkedWork({ log, refreshWorkers: () => this.ownership.members.refresh() });
    this.parking = new Parking({
      store, clock, health, log, handlers,
      committer: this.committer,
      parked,
      now: () => time.now(),
      handsOver: (partition, ref) => this.ownership.offer(partition, ref),
      effects: (partition, checkpoint) => this.effects(partition, checkpoint, null),
    });
    const isOrchestratorKnown = (name: string, version?: string) =>
      handlers.findOrchestrator(name, version) !== undefined || this.ownership.members.workers.hasOrchestrator({ name, version });
    this.dispatcher = new Dispatcher({
      store, clock, health, log,
      metrics: metrics.instances,
      committer: this.committer,
      parking: this.parking,
      context: {
        handlers, settings, log, partitionCount,
        now: () => time.now(),
        newExecutionId,
        isOrchestratorKnown,
        reserveActivity: (name) => this.activities.reserve(name),
      },
      isHeld: () => this.ownership.holdsLease,
      hasOtherSuspects: () => this.entities.isSuspectAtWork,
      effects: (partition, checkpoint, row) => this.effects(partition, checkpoint, row),
      unreserve: (count) => this.activities.unreserve(count),
      orphaned: (inputs) => this.orphaned(inputs),
      verify: (partition, inputs) => this.verify(partition, inputs),
      expectMessages: () => this.poller.nudge(),
    });
    this.entities = new Entities({
      store, clock, health, log, handlers, settings, partitionCount, parked,
      metrics: metrics.entities,
      committer: this.committer,
      ownership: this.ownership,
      now: () => time.now(),
      defaultVersion: (name) => defaultVersion(name, { settings, isOrchestratorKnown }),
      hasOtherSuspects: () => this.dispatcher.hasSuspects || this.activities.isSuspectAtWork,
      effects: (partition, checkpoint) => this.effects(partition, checkpoint, null),
      reread: (partition, messages) => this.reread(partition, messages),
    });
    this.alarm = new TimerAlarm({
      clock, time,
      partitions: () => this.ownership.partitions.values(),
      read: (partition, options) => store.readTimers(partition.index, options),
      due: (partition, timer) => {
        defects.guard(`A timer of '${timer.instanceId}'`, () => {
          if (isEntityId(timer.instanceId)) this.entities.offerTimer(partition, timer);
          else if (isParkMark(timer)) this.parking.found(partition, timer);
          else this.dispatcher.offer(partition, timer.instanceId, { kind: 'timer', timer });
        });
      },
    });
    this.poller = new InboxPoller({
      store, clock, health,
      maxPollingInterval: settings.maxPollingInterval,
      worker: () => this.ownership.members.worker,
      partitions: () => [...this.ownership.partitions.values()].filter(({ state }) => state === 'owned'),
      noticed: (signs) => this.ownership.noticed(signs),
      received: (partition, message) => this.offer(partition, message),
      claimActivities: () => this.activities.claim(),
    });
    this.garbage = new GarbageCollector({
      clock, health,
      collect: (limit) => store.collectGarbage([...this.ownership.partitions.keys()], limit),
    });
    const { retention } = settings;
    this.keeper = retention && new RetentionKeeper({
      store, clock, health, retention,
      now: () => time.now(),
      isKeeper: () => this.ownership.owns(0) !== undefined && this.ownership.holdsLease,
      purged: () => this.garbage.nudge(),
    });
    this.observation = new Observation({
      store, clock, health, log, handlers, hub, worker, partitionCount,
      counts: metrics,
      leaseDuration: settings.leaseDuration,
      ownership: this.ownership,
      dispatcher: this.dispatcher,
      entities: this.entities,
      activities: this.activities,
      alarm: this.alarm,
      poller: this.poller,
      isRunning: () => this.stage === 'started' && this.ownership.members.isRegistered,
      now: () => time.now(),
    });
    this.client = new ClientSide({
      hub, store, clock, health, time, handlers, settings, worker,
      keys: this.clientKeys,
      ownership: this.ownership,
      dispatcher: this.dispatcher,
      partitionCount,
      deliver: (message) => this.deliver(message),
      metrics: metrics.client,
      observation: this.observation,
      purged: () => this.garbage.nudge(),
      expectMessages: () => this.poller.expectMessages(),
    });
  }

  /** Connects, migrates and creates the hub when it is new. */
  prepare(): Promise<void> {
    return this.stage === 'new' ? this.step(this.prepareOnce()) : Promise.resolve();
  }

  private async prepareOnce(): Promise<void> {
    const { store, hub, settings, log } = this.options;
    const info = await this.connect(() => store.open({ name: hub, partitionCount: settings.partitionCount }));
    const { server } = store.capabilities;
    if (server !== undefined) log.log(`Task hub '${hub}': on ${server}.`);
    if (info.partitionCount !== settings.partitionCount) {
      log.warn(`Task hub '${hub}' was created with ${info.partitionCount} partitions; the setting partitionCount ${settings.partitionCount} is ignored.`);
    }
    this.partitionCount = info.partitionCount;
    this.time.sync(await this.connect(() => store.time()));
    this.stage = 'prepared';
  }

  /** Registers this process with the hub, takes partitions and begins to work. */
  start(): Promise<void> {
    return this.stage === 'prepared' ? this.step(this.startOnce()) : Promise.resolve();
  }

  private async startOnce(): Promise<void> {
    this.stage = 'started';
    this.observation.start();
    await this.connect(() => this.ownership.members.register());
    await this.ownership.members.start();
    if (this.options.worker) this.poller.nudge();
  }

  /** Takes up nothing more and waits for what runs, for `shutdownTimeout` at most; then aborts it. */
  drain(): Promise<void> {
    return (this.draining ??= this.drainOnce());
  }

  /** Gives the partitions back, so that other workers go on at once. */
  release(): Promise<void> {
    return (this.releasing ??= this.drain().then(() => this.releaseOnce()));
  }

  /** Drains and releases, if that is still to be done, and closes the store. */
  close(): Promise<void> {
    return (this.closing ??= this.release().then(() => this.options.store.close()));
  }

  private async drainOnce(): Promise<void> {
    const hasStarted = this.stage === 'started';
    this.stage = 'stopping';
    // It gives up where it is. A store that does not even answer holds nothing up for longer.
    await within(this.options.clock, this.options.clock.monotonic() + START_GRACE, this.starting);
    if (!hasStarted) return;
    const { alarm, observation, poller, ownership, activities, entities, dispatcher, parking, garbage, keeper, committer, client } = this;
    const { clock, settings } = this.options;
    const parts = { clock, alarm, observation, poller, ownership, activities, entities, dispatcher, parking, garbage, keeper, committer, client };
    await drain({ ...parts, drop: (partition) => this.drop(partition) }, settings.shutdownTimeout);
  }

  private async releaseOnce(): Promise<void> {
    const released = this.ownership.release().catch((error: unknown) => this.health.failed(error));
    const { clock } = this.options;
    await within(clock, clock.monotonic() + RELEASE_TIMEOUT, released);
  }

  // ---- partitions

  private acquired(partitions: readonly Partition[]): void {
    this.garbage.nudge();
    this.keeper?.start();
    void this.takeUp(partitions);
  }

  private async takeUp(partitions: readonly Partition[]): Promise<void> {
    const filled = Promise.all(partitions.map((partition) => this.alarm.refill(partition)));
    if (partitions.some(({ takenOverAt }) => takenOverAt !== undefined)) {
      // First the marks of what is parked, then what the last owner may have died of: activities of which many died wait for that [Y8].
      await filled;
      this.poller.nudge();
      await this.poller.whenPolled();
    } else this.poller.nudge();
    await this.activities.recover(partitions);
  }

  /** Resolves when nothing is under way in the partition. All else there waits for that: an operation may not hold it up for ever. */
  private async settled(partition: Partition): Promise<void> {
    const { clock, settings } = this.options;
    if (await within(clock, clock.monotonic() + settings.shutdownTimeout, partition.whenSettled())) return;
    this.entities.interrupt(partition, new Error(`Partition ${partition.index} goes to another worker.`));
    await partition.whenSettled();
  }

  private drop(partition: Partition): void {
    this.dispatcher.drop(partition);
    this.entities.drop(partition);
  }

  /** What was to follow from a commit did not: what memory holds of the partition is read again from the database. */
  private failed(partition: Partition, instanceId: string, error: unknown): void {
    this.defects.tell(`What was to follow from a checkpoint of '${instanceId}'`, error);
    this.ownership.drop([partition]);
  }

  private renewed(): void {
    this.alarm.adjust();
    this.dispatcher.resume();
    this.entities.resume();
    this.activities.leaseRenewed();
  }

  // ---- effects of a commit (I3)

  private effects(partition: Partition, checkpoint: Checkpoint, row: InstanceRow | null): void {
    for (const timer of checkpoint.deletedTimers) partition.timers.remove(timer);
    for (const timer of checkpoint.cancelledTimers) partition.timers.remove(timer);
    this.activities.consumed(partition, checkpoint.consumedActivities);
    for (const executionId of checkpoint.abandonedActivities) this.activities.abandon(partition, executionId);
    // The mark of an instance that waits for another worker is for that one.
    for (const timer of checkpoint.timers) if (!isParkMark(timer)) partition.timers.add(timer);
    if (checkpoint.timers.length + checkpoint.deletedTimers.length + checkpoint.cancelledTimers.length > 0) this.alarm.arm(partition);
    for (const message of checkpoint.messages) this.deliver(message);
    for (const activity of checkpoint.runningActivities) this.activities.start(activity);
    if (checkpoint.readyActivities.length > 0) void this.activities.claim();
    if (checkpoint.garbage.length > 0) this.garbage.nudge();
    if (partition.wantsRead) this.poller.nudge();
    if (row && isFinished(row.status)) this.client.finished(row);
  }

  /** Hands a committed message to its partition, if that is this process's; its owner finds it by polling otherwise. */
  private deliver(message: InboxMessage): void {
    const partition = this.ownership.owns(message.partition);
    if (partition?.accept(message)) this.offer(partition, message);
  }

  private offer(partition: Partition, message: InboxMessage): void {
    this.defects.guard(`A message for '${message.instanceId}'`, () => {
      if (isEntityId(message.instanceId)) this.entities.offer(partition, message);
      else this.dispatcher.offerMessage(partition, message);
    });
  }

  private reread(partition: Partition, messages: readonly InboxMessage[]): void {
    partition.reread(messages);
    this.poller.nudge();
  }

  private async verify(partition: Partition, inputs: readonly PendingInput[]): Promise<PendingInput[]> {
    this.reread(partition, inputs.flatMap((input) => (input.kind === 'message' ? [input.message] : [])));
    const claims = inputs.flatMap((input) => (input.kind === 'activity' ? [input.activity] : []));
    const lost = await this.activities.findLost(partition, claims);
    return inputs.filter((input) => input.kind !== 'message' && !(input.kind === 'activity' && lost.has(input.activity.claimToken)));
  }

  private orphaned(inputs: readonly PendingInput[]): void {
    for (const input of inputs) {
      if (input.kind === 'eager') input.settle('dropped');
      else if (input.kind === 'activity') this.activities.completeForeign(input.activity, input.event);
    }
  }

  private step(step: Promise<void>): Promise<void> {
    this.starting = step.catch(() => undefined);
    return step;
  }

  private assertNotStopping(): void {
    if (this.stage === 'stopping') throw new Error(`Task hub '${this.options.hub}': the application was closed before it had started.`);
  }

  private async connect<T>(attempt: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(this.options.clock, { first: 100, max: 2_000 });
    const deadline = this.options.clock.monotonic() + CONNECT_TIMEOUT;
    for (;;) {
      try {
        this.assertNotStopping();
        const answer = await attempt();
        this.assertNotStopping();
        return answer;
      } catch (error) {
        if (!this.health.isTransient(error) || this.options.clock.monotonic() > deadline) throw error;
        this.health.failed(error);
        await backoff.wait();
      }
    }
  }
}
