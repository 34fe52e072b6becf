/**
 * The entities of this process's partitions: those that have something waiting are loaded, run, and written, many at once and
 * each of them one step at a time. Their operations run outside of the dispatcher's loop, as they may be asynchronous.
 */
import { v7 as uuidV7 } from 'uuid';
import type { DurableLogger } from '../../core/logger.js';
import type { Checkpoint, DurableStore, InboxMessage, TimerRow } from '../../storage/store.js';
import { backoffOf } from '../backoff.js';
import type { Clock } from '../clock.js';
import type { Committer } from '../committer.js';
import type { EntityDefinition, HandlerRegistry } from '../handlers.js';
import type { Ownership } from '../ownership.js';
import type { ParkedWork } from '../parked-work.js';
import { isParkMark } from '../parking.js';
import type { Partition } from '../partition.js';
import type { EngineSettings } from '../settings.js';
import type { StoreHealth } from '../store-health.js';
import { TurnQueue } from '../turn-queue.js';
import { AbsentEntities } from './absent-entities.js';
import { EntityAdmission, type EntityAdmitted } from './entity-admission.js';
import { EntityCache } from './entity-cache.js';
import { operationOf } from './entity-line.js';
import { EntityLoader } from './entity-loader.js';
import { EntityOverflow } from './entity-overflow.js';
import { EntityRun, type EntityRunPort } from './entity-run.js';
import type { EntitySlot } from './entity-slot.js';
import type { EntityStepContext } from './entity-step.js';
import { EntityWriter } from './entity-writer.js';
import { LockWatch } from './lock-watch.js';
import { OperationRunner } from './operation-runner.js';

export interface EntitiesPort {
  readonly store: Pick<DurableStore, 'loadEntities' | 'readQueued' | 'getInstanceHeads'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly log: DurableLogger;
  readonly handlers: HandlerRegistry;
  readonly settings: EngineSettings;
  readonly committer: Committer;
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

/** How a run ended: `left` for another worker, `absent` when nobody has its code, `counted` before any of it has run. */
type EntityRunEnd = 'done' | 'left' | 'absent' | 'counted';

/** Until an entity that is another worker's to run is looked at again, ms. */
const LOOK_AGAIN = 5_000;

export class Entities {
  private readonly turns: TurnQueue<EntitySlot>;
  private readonly loader: EntityLoader;
  private readonly cache: EntityCache;
  private readonly writer: EntityWriter;
  private readonly admission: EntityAdmission;
  private readonly overflow: EntityOverflow;
  private readonly watch: LockWatch;
  private readonly absent: AbsentEntities;
  private readonly runPort: EntityRunPort;
  /** At work: their operations are to be aborted. */
  private readonly running = new Set<EntitySlot>();
  private readonly relieving = new Set<Partition>();
  private stopping = false;

  constructor(private readonly port: EntitiesPort) {
    const { store, clock, health, log, settings, ownership } = port;
    const now = () => port.now();
    const context: EntityStepContext = {
      partitionCount: () => port.partitionCount(),
      newExecutionId: () => uuidV7(),
      defaultVersion: (name) => port.defaultVersion(name),
    };
    this.turns = new TurnQueue({
      clock,
      limit: settings.maxConcurrentEntityFunctions,
      isHeld: () => ownership.holdsLease,
      mayBeAlone: () => !port.hasOtherSuspects(),
      process: (slot) => this.process(slot),
    });
    this.loader = new EntityLoader({
      store, clock, health,
      loaded: (slot, orphans) => this.loaded(slot, orphans),
      failed: (slot, error) => this.retry(slot, error),
    });
    this.cache = new EntityCache(settings.extendedSessionsEnabled ? settings.maxCachedInstances : 0);
    this.writer = new EntityWriter({ log, committer: port.committer, now, effects: (partition, checkpoint) => port.effects(partition, checkpoint) });
    this.admission = new EntityAdmission({ maxDispatchCount: settings.maxDispatchCount, isAlone: (slot) => this.turns.isAlone(slot) });
    this.overflow = new EntityOverflow({ context, writer: this.writer, now, moved: (slot) => this.moved(slot) });
    this.watch = new LockWatch({
      store, clock, health,
      partitionCount: () => port.partitionCount(),
      orphaned: (slot, holder) => {
        slot.orphan = holder;
        this.turns.add(slot);
      },
    });
    this.absent = new AbsentEntities({
      parked: port.parked,
      handsOver: (partition, ref) => ownership.offer(partition, ref) || ownership.members.workers.hasEntity(ref.name),
      handlers: () => [port.handlers.list(), ...ownership.members.workers.handlers],
      refreshWorkers: () => ownership.members.refresh(),
    });
    this.runPort = {
      clock, log, context, now,
      writer: this.writer,
      operations: new OperationRunner({ clock, log, settings, newInstanceId: () => uuidV7().replaceAll('-', '') }),
      admission: this.admission,
      maxBatchSize: settings.maxEntityOperationBatchSize,
      mayGoOn: (slot) => !this.stopping && !slot.isInterrupted && slot.partition.state === 'owned' && ownership.holdsLease,
      heldUp: (slot) => this.wake(slot),
    };
  }

  /** Operations carried out and written so far. */
  get operations(): number {
    return this.writer.operations;
  }

  /** Whether entities that workers may have died of wait or run [Y8]. */
  get hasSuspects(): boolean {
    return this.turns.hasSuspects;
  }

  /** Whether one of them runs. */
  get isSuspectAtWork(): boolean {
    return this.turns.isSuspectAtWork;
  }

  /** Adds a message for an entity of an owned partition. */
  offer(partition: Partition, message: InboxMessage): void {
    const slot = partition.entity(message.instanceId);
    slot.line.add(message);
    this.wake(slot);
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
    this.wake(slot);
  }

  /** Goes on after a pause, or with partitions that are held again. */
  resume(): void {
    this.turns.resume();
  }

  /** Begins nothing any more; operations that run may end. */
  stopTaking(): void {
    this.stopping = true;
    this.turns.close();
  }

  /** Resolves when nothing runs and everything is written. */
  whenDone(): Promise<void> {
    return this.turns.whenIdle();
  }

  /** Aborts what still runs: it does not count, and runs again elsewhere. */
  abortAll(reason: Error): void {
    for (const slot of this.running) interrupt(slot, reason);
  }

  /** Forgets a partition that is no longer this process's. */
  drop(partition: Partition): void {
    const reason = new Error(`Partition ${partition.index} is no longer this worker's.`);
    for (const slot of partition.entities.values()) {
      interrupt(slot, reason);
      slot.cancelWait?.();
      this.turns.endSolitude(slot);
      this.watch.forget(slot);
      this.cache.delete(slot);
      slot.forget();
    }
    partition.entities.clear();
  }

  stop(): void {
    this.loader.stop();
    this.watch.stop();
    this.turns.stop();
  }

  private wake(slot: EntitySlot): void {
    if (!slot.busy) this.settle(slot);
    else if (slot.isHeldUp) this.overflow.check(slot);
    if (slot.partition.isCrowded) this.relieve(slot.partition);
  }

  /** On with what waits, or to rest. */
  private settle(slot: EntitySlot): void {
    const { partition, line } = slot;
    if (partition.state !== 'owned' || this.stopping) return;
    if (slot.canGoOn(this.port.now())) {
      this.cache.delete(slot);
      return slot.row === undefined ? this.load(slot) : this.turns.add(slot);
    }
    this.turns.endSolitude(slot);
    if (!line.isEmpty) {
      this.overflow.check(slot);
      this.watch.watch(slot);
    } else if (!slot.writing) this.rest(slot);
  }

  private rest(slot: EntitySlot): void {
    this.watch.forget(slot);
    if (slot.row) this.cache.keep(slot);
    else slot.partition.removeEntity(slot);
  }

  private load(slot: EntitySlot): void {
    slot.busy = true;
    // What is being moved to the queue would be missing in the answer.
    if (slot.writing) void slot.writing.then(() => this.read(slot));
    else this.read(slot);
  }

  private read(slot: EntitySlot): void {
    this.loader.add(slot);
    // Messages come many at a time: the first query is not for one alone.
    setImmediate(() => this.loader.start());
  }

  private loaded(slot: EntitySlot, orphans: readonly TimerRow[]): void {
    slot.busy = false;
    slot.voidTimers.push(...orphans);
    this.settle(slot);
  }

  private process(slot: EntitySlot): void {
    const now = this.port.now();
    if (!slot.canGoOn(now)) return this.settle(slot);
    if (slot.line.wantsRead(slot.lock)) return this.load(slot);
    const next = slot.line.next(slot.lock, now);
    const definition = this.port.handlers.findEntity(slot.entityId.name);
    const admitted = definition && next && operationOf(next) ? this.admission.admit(slot, next) : undefined;
    if (admitted?.kind === 'suspect') return this.turns.addSuspect(slot);
    this.turns.begin(slot);
    this.running.add(slot);
    // A hand-over waits for what runs.
    slot.partition.checkpointBegun();
    const lock = slot.row?.lock;
    void this.run(slot, definition, admitted).then((end) => {
      this.running.delete(slot);
      slot.partition.checkpointEnded();
      if (slot.row?.lock !== lock) this.watch.changed(slot);
      this.ended(slot, end);
    });
  }

  private async run(slot: EntitySlot, definition: EntityDefinition | undefined, admitted: EntityAdmitted | undefined): Promise<EntityRunEnd> {
    try {
      const run = new EntityRun(slot, this.runPort);
      if (!definition) return (await run.write((step) => this.absent.takeUp(slot, step))) ? 'absent' : 'left';
      if (admitted?.kind !== 'counted') return await run.carryOut(definition);
      await run.write((step) => step.count(admitted.attempts));
      return 'counted';
    } catch (error) {
      slot.dropped ??= { reason: 'refused', error };
      return 'done';
    }
  }

  private ended(slot: EntitySlot, end: EntityRunEnd): void {
    slot.step = undefined;
    slot.orphan = undefined;
    this.turns.end(slot);
    if (slot.dropped) return this.retry(slot, slot.dropped.error);
    slot.failures = 0;
    slot.admission = end === 'counted' ? 'counted' : undefined;
    if (end !== 'counted') this.turns.endSolitude(slot);
    if (end === 'left') return this.wait(slot, LOOK_AGAIN);
    if (end === 'absent') {
      // What is in its queue stays there, and is read again when something else comes.
      slot.line.unload();
      slot.forget();
    }
    this.settle(slot);
  }

  /** Messages were moved to the queue, or could not be. */
  private moved(slot: EntitySlot): void {
    if (slot.busy) this.wake(slot);
    else if (slot.dropped) this.retry(slot, slot.dropped.error);
    else this.settle(slot);
  }

  /** Comes back to an entity that could not be processed or whose step was not written. */
  private retry(slot: EntitySlot, error: unknown): void {
    const { partition } = slot;
    const reason = slot.dropped?.reason ?? 'refused';
    slot.dropped = undefined;
    if (partition.state === 'lost' || reason === 'partition-lost' || this.stopping) return;
    const inbox = slot.line.reset(slot.inHand);
    slot.inHand.clear();
    slot.forget();
    slot.failures += 1;
    if (reason === 'refused' || slot.failures > 3) {
      const text = error instanceof Error ? error.message : reason;
      this.port.log.error(`Entity '${slot.instanceId}' could not be processed (try ${slot.failures}); it will be tried again. ${text}`);
    }
    this.port.reread(partition, inbox);
    this.wait(slot, backoffOf(slot.failures));
  }

  private wait(slot: EntitySlot, delay: number): void {
    if (this.stopping) return;
    slot.busy = true;
    slot.isHeldUp = true;
    this.turns.endSolitude(slot);
    this.overflow.check(slot);
    slot.cancelWait = this.port.clock.after(delay, () => {
      slot.cancelWait = undefined;
      slot.busy = false;
      slot.isHeldUp = false;
      this.settle(slot);
    });
  }

  /** Memory has little room left for the partition: what cannot be taken up for long leaves it. */
  private relieve(partition: Partition): void {
    if (this.relieving.has(partition)) return;
    this.relieving.add(partition);
    setImmediate(() => {
      this.relieving.delete(partition);
      const isFull = this.turns.isFull && [...this.running].every(({ isHeldUp }) => isHeldUp);
      const now = this.port.now();
      const isStuck = (slot: EntitySlot) => slot.isHeldUp || (!slot.busy && !slot.canGoOn(now)) || (slot.scheduled && isFull);
      for (const slot of partition.entities.values()) if (slot.line.inboxLength > 0 && isStuck(slot)) this.overflow.check(slot);
    });
  }
}

function interrupt(slot: EntitySlot, reason: Error): void {
  slot.isInterrupted = true;
  slot.abort?.abort(reason);
}
