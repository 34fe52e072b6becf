/** The entities of this process's partitions. Their operations run outside of the dispatcher's loop, as they may be asynchronous. */
import type { DurableLogger } from '../../core/logger.js';
import type { Checkpoint, DurableStore, InboxMessage, MessageHead, TimerRow } from '../../storage/store.js';
import type { Clock } from '../clock.js';
import type { Committer } from '../committer.js';
import { newExecutionId, newInstanceId } from '../generated-ids.js';
import type { HandlerRegistry } from '../handlers.js';
import type { EntityCounts } from '../metrics.js';
import type { Ownership } from '../ownership.js';
import type { ParkedWork } from '../parked-work.js';
import { isParkMark } from '../parking.js';
import type { Partition } from '../partition.js';
import type { EngineSettings } from '../settings.js';
import type { StoreHealth } from '../store-health.js';
import { AbsentEntities } from './absent-entities.js';
import { EntityRunner } from './entity-runner.js';
import type { EntitySlot } from './entity-slot.js';
import { EntityWriter } from './entity-writer.js';
import { OperationRunner } from './operation-runner.js';

export interface EntitiesPort {
  readonly store: Pick<DurableStore, 'loadEntities' | 'readQueued' | 'getInstanceHeads'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly log: DurableLogger;
  readonly handlers: HandlerRegistry;
  readonly settings: EngineSettings;
  readonly committer: Committer;
  readonly metrics: EntityCounts;
  readonly ownership: Ownership;
  readonly parked: ParkedWork;
  partitionCount(): number;
  /** Engine time, epoch ms. */
  now(): number;
  /** The module's default version, where a live worker has the orchestrator in it [Y5]. */
  defaultVersion(name: string): string | undefined;
  /** Whether instances or activities that workers may have died of are at work in this process [Y8]. */
  hasOtherSuspects(): boolean;
  /** What a commit has brought about. */
  effects(partition: Partition, checkpoint: Checkpoint): void;
  /** These messages are to be read again. */
  reread(partition: Partition, messages: readonly InboxMessage[]): void;
}

export class Entities {
  private readonly writer: EntityWriter;
  private readonly runner: EntityRunner;

  constructor(port: EntitiesPort) {
    const { store, clock, health, log, handlers, settings, ownership } = port;
    const { workers } = ownership.members;
    const now = () => port.now();
    this.writer = new EntityWriter({ log, committer: port.committer, metrics: port.metrics, now, effects: (partition, checkpoint) => port.effects(partition, checkpoint) });
    this.runner = new EntityRunner({
      store, clock, health, log, handlers, settings, now,
      context: {
        partitionCount: () => port.partitionCount(),
        newExecutionId,
        defaultVersion: (name) => port.defaultVersion(name),
      },
      writer: this.writer,
      operations: new OperationRunner({ clock, log, settings, newInstanceId }),
      absent: new AbsentEntities({
        parked: port.parked,
        handsOver: (partition, ref) => ownership.offer(partition, ref),
        isElsewhere: (name) => workers.hasEntity(name),
        sharesPartitions: () => ownership.sharesPartitions,
        handlers: () => [handlers.list(), ...workers.handlers],
        refreshWorkers: () => ownership.members.refresh(),
      }),
      isHeld: () => ownership.holdsLease,
      mayBeAlone: () => !port.hasOtherSuspects(),
      reread: (partition, messages) => port.reread(partition, messages),
    });
  }

  /** Entities that workers may have died of and that wait or run [Y8]. */
  get suspects(): readonly EntitySlot[] {
    return this.runner.turns.suspects;
  }

  /** Whether entities that workers may have died of wait or run [Y8]. */
  get hasSuspects(): boolean {
    return this.runner.turns.hasSuspects;
  }

  /** Whether one of them runs. */
  get isSuspectAtWork(): boolean {
    return this.runner.turns.isSuspectAtWork;
  }

  /** Whether the message is in memory, or something is done with its entity. */
  isAtWork(partition: Partition, { instanceId, ...key }: MessageHead): boolean {
    const slot = partition.entities.get(instanceId);
    return slot !== undefined && (isBusy(slot) || slot.line.holds(key));
  }

  /** Whether the entity only waits for its turn. */
  isQueued(partition: Partition, instanceId: string): boolean {
    const slot = partition.entities.get(instanceId);
    return slot !== undefined && this.runner.turns.isWaiting(slot);
  }

  /** Looks at the queue of an entity once more, unless something is done with it. */
  lookAgain(partition: Partition, instanceId: string): void {
    const slot = partition.entity(instanceId);
    if (isBusy(slot)) return;
    slot.isMarked = true;
    slot.line.hasRest = true;
    this.runner.wake(slot);
  }

  /** Adds a message for an entity of an owned partition. */
  offer(partition: Partition, message: InboxMessage): void {
    const slot = partition.entity(message.instanceId);
    slot.line.add(message);
    this.runner.wake(slot);
  }

  /** A timer of an entity is due: of a signal, or the mark of one in whose queue messages wait. */
  offerTimer(partition: Partition, timer: TimerRow): void {
    const slot = partition.entity(timer.instanceId);
    if (isParkMark(timer)) {
      // Not to be fired again: only the next owner needs it.
      partition.timers.remove(timer);
      slot.isMarked = true;
      slot.line.hasRest = true;
    } else slot.fire(timer);
    this.runner.wake(slot);
  }

  /** Goes on after a pause, or with partitions that are held again. */
  resume(): void {
    this.runner.turns.resume();
  }

  /** Begins nothing any more; operations that run may end. */
  stopTaking(): void {
    this.runner.stopTaking();
  }

  /** Resolves when nothing runs and everything is written. */
  whenDone(): Promise<void> {
    return this.runner.turns.whenIdle();
  }

  /** Aborts what still runs: it does not count, and runs again elsewhere. */
  abortAll(reason: Error): void {
    this.runner.abortAll(reason);
  }

  /** As {@link abortAll}, for the entities of one partition. */
  interrupt(partition: Partition, reason: Error): void {
    for (const slot of partition.entities.values()) this.runner.interrupt(slot, reason);
  }

  /** Forgets a partition that is no longer this process's. */
  drop(partition: Partition): void {
    const reason = new Error(`Partition ${partition.index} is no longer this worker's.`);
    for (const slot of partition.entities.values()) this.runner.drop(slot, reason);
    partition.entities.clear();
  }

  stop(): void {
    this.runner.stop();
  }
}

function isBusy({ busy, scheduled, writing }: EntitySlot): boolean {
  return busy || scheduled || writing !== undefined;
}
