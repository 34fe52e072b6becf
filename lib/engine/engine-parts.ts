/** What an engine consists of, how its parts are put together, and what they do when partitions come and go. */
import { isEntityId } from '../core/entity-id.js';
import type { DurableLogger } from '../core/logger.js';
import type { DurableStore } from '../storage/store.js';
import { Activities } from './activities.js';
import { withBuiltIns } from './built-in/built-in-handlers.js';
import { ClientSide } from './client-side.js';
import { EngineTime, within, type Clock } from './clock.js';
import { CommitEffects } from './commit-effects.js';
import { Committer } from './committer.js';
import { Defects } from './defects.js';
import { Dispatcher } from './dispatcher.js';
import { Entities } from './entities/entities.js';
import { GarbageCollector } from './garbage-collector.js';
import { newExecutionId } from './generated-ids.js';
import type { HandlerRegistry } from './handlers.js';
import { InboxPoller } from './inbox-poller.js';
import { defaultVersion } from './instance-creation.js';
import { MessageKeys } from './message-keys.js';
import { newMetrics } from './metrics.js';
import { Observation } from './observation.js';
import { Ownership } from './ownership.js';
import { ParkedWork } from './parked-work.js';
import { isParkMark, Parking } from './parking.js';
import type { Partition } from './partition.js';
import { RetentionKeeper } from './retention-keeper.js';
import { SentMessages } from './sent-messages.js';
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

export class EngineParts {
  partitionCount = 0;
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly health: StoreHealth;
  readonly defects: Defects;
  readonly ownership: Ownership;
  readonly committer: Committer;
  readonly dispatcher: Dispatcher;
  readonly entities: Entities;
  readonly parking: Parking;
  readonly activities: Activities;
  readonly poller: InboxPoller;
  readonly alarm: TimerAlarm;
  readonly garbage: GarbageCollector;
  /** Absent where finished instances are kept for ever. */
  readonly keeper: RetentionKeeper | undefined;
  readonly observation: Observation;
  readonly client: ClientSide;
  readonly effects: CommitEffects;
  readonly sent = new SentMessages();

  /** @param isStarted whether the engine has started and does not stop */
  constructor(private readonly options: EngineOptions, isStarted: () => boolean) {
    const { store, log, settings, hub, worker } = options;
    this.effects = new CommitEffects(this);
    const defects = (this.defects = new Defects(log));
    const clock = (this.clock = defects.clock(options.clock));
    const { maxPayloadBytes } = settings;
    const handlers = worker ? withBuiltIns(options.handlers, { clock, maxPayloadBytes }) : options.handlers;
    const time = (this.time = new EngineTime(clock));
    const health = (this.health = new StoreHealth(log, hub, () => time.now()));
    const partitionCount = () => this.partitionCount;
    const metrics = newMetrics();
    const clientKeys = new MessageKeys(0, () => time.now());
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
      lapsed: () => this.activities.doubtWaiting(),
      outdated: (reason) => {
        this.activities.stopTaking();
        this.entities.stopTaking();
        this.client.refuse(reason);
      },
      workersGone: () => void this.activities.recover([...this.ownership.partitions.values()]),
    });
    this.committer = new Committer({
      store, clock, health,
      metrics: metrics.commits,
      lose: (partitions) => this.ownership.fenced(partitions),
      failed: (partition, instanceId, error) => this.failed(partition, instanceId, error),
    });
    this.activities = new Activities({
      store, clock, health, log, handlers, settings, partitionCount,
      metrics: metrics.activities,
      ownership: this.ownership,
      keys: clientKeys,
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
      effects: (partition, checkpoint) => this.effects.happen(partition, checkpoint, null),
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
      effects: (partition, checkpoint, row) => this.effects.happen(partition, checkpoint, row),
      unreserve: (count) => this.activities.unreserve(count),
      orphaned: (inputs) => this.effects.orphaned(inputs),
      verify: (partition, inputs) => this.effects.verify(partition, inputs),
      expectMessages: () => this.poller.nudge(),
      expectTimers: (partition) => this.alarm.arm(partition),
    });
    this.entities = new Entities({
      store, clock, health, log, handlers, settings, partitionCount, parked,
      metrics: metrics.entities,
      committer: this.committer,
      ownership: this.ownership,
      now: () => time.now(),
      defaultVersion: (name) => defaultVersion(name, { settings, isOrchestratorKnown }),
      hasOtherSuspects: () => this.dispatcher.hasSuspects || this.activities.isSuspectAtWork,
      effects: (partition, checkpoint) => this.effects.happen(partition, checkpoint, null),
      reread: (partition, messages) => this.effects.reread(partition, messages),
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
      received: (partition, message) => this.effects.offer(partition, message),
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
      isRunning: () => isStarted() && this.ownership.members.isRegistered,
      now: () => time.now(),
    });
    this.client = new ClientSide({
      hub, store, clock, health, time, handlers, settings, worker,
      keys: clientKeys,
      ownership: this.ownership,
      dispatcher: this.dispatcher,
      partitionCount,
      deliver: (message, row) => this.effects.deliver(message, row),
      metrics: metrics.client,
      sent: this.sent,
      observation: this.observation,
      purged: () => this.garbage.nudge(),
      expectMessages: () => this.poller.expectMessages(),
    });
  }

  private acquired(partitions: readonly Partition[]): void {
    this.garbage.nudge();
    this.keeper?.start();
    for (const partition of this.ownership.partitions.values()) partition.expectOlder();
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
    const { clock } = this;
    const { shutdownTimeout } = this.options.settings;
    if (await within(clock, clock.monotonic() + shutdownTimeout, partition.whenSettled())) return;
    this.entities.interrupt(partition, new Error(`Partition ${partition.index} goes to another worker.`));
    await partition.whenSettled();
  }

  /** Forgets what memory holds of a partition. */
  drop(partition: Partition): void {
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
}
