/**
 * The loop over the entities that have something waiting: those that are not in memory are loaded, many in one query; then they
 * run, many at once and each of them one run at a time. It comes back to those whose steps were not written.
 */
import type { DurableLogger } from '../../core/logger.js';
import type { DurableStore, InboxMessage, TimerRow } from '../../storage/store.js';
import type { Clock } from '../clock.js';
import type { EntityDefinition, HandlerRegistry } from '../handlers.js';
import type { Partition } from '../partition.js';
import type { EngineSettings } from '../settings.js';
import type { StoreHealth } from '../store-health.js';
import { TurnQueue } from '../turn-queue.js';
import type { AbsentEntities } from './absent-entities.js';
import { EntityAdmission, type EntityAdmitted } from './entity-admission.js';
import { EntityCache } from './entity-cache.js';
import { operationOf } from './entity-line.js';
import { EntityLoader } from './entity-loader.js';
import { EntityOverflow } from './entity-overflow.js';
import { EntityRun, type EntityRunPort } from './entity-run.js';
import { EntitySetbacks } from './entity-setbacks.js';
import type { EntitySlot } from './entity-slot.js';
import type { EntityStepContext } from './entity-step.js';
import type { EntityWriter } from './entity-writer.js';
import { LockWatch } from './lock-watch.js';
import type { OperationRunner } from './operation-runner.js';

export interface EntityRunnerPort {
  readonly store: Pick<DurableStore, 'loadEntities' | 'readQueued' | 'getInstanceHeads'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly log: DurableLogger;
  readonly handlers: HandlerRegistry;
  readonly settings: EngineSettings;
  readonly context: EntityStepContext;
  readonly writer: EntityWriter;
  readonly operations: OperationRunner;
  readonly absent: AbsentEntities;
  /** Engine time, epoch ms. */
  now(): number;
  /** Whether this process may still act for its partitions. */
  isHeld(): boolean;
  /** Whether an entity that workers may have died of may run beside what else this process is at work on [Y8]. */
  mayBeAlone(): boolean;
  /** These messages are to be read again. */
  reread(partition: Partition, messages: readonly InboxMessage[]): void;
}

/** How a run ended: `left` for another worker, `absent` when nobody has its code, `counted` before any of it has run. */
type EntityRunEnd = 'done' | 'left' | 'absent' | 'counted';

/** Until an entity that is another worker's to run is looked at again, ms. */
const LOOK_AGAIN = 5_000;

export class EntityRunner {
  readonly turns: TurnQueue<EntitySlot>;
  private readonly loader: EntityLoader;
  private readonly cache: EntityCache;
  private readonly admission: EntityAdmission;
  private readonly setbacks: EntitySetbacks;
  private readonly overflow: EntityOverflow;
  private readonly watch: LockWatch;
  private readonly runPort: EntityRunPort;
  private readonly running = new Set<EntitySlot>();
  /** Those that are loaded in their turn. */
  private readonly loading = new Set<EntitySlot>();
  private readonly relieving = new Set<Partition>();
  private stopping = false;

  constructor(private readonly port: EntityRunnerPort) {
    const { store, clock, health, log, settings, context, writer, operations } = port;
    const now = () => port.now();
    this.turns = new TurnQueue({
      clock,
      limit: settings.maxConcurrentEntityFunctions,
      isHeld: () => port.isHeld(),
      mayBeAlone: () => port.mayBeAlone(),
      process: (slot) => this.process(slot),
      failed: (slot, error) => this.setbacks.retry(slot, error),
    });
    this.loader = new EntityLoader({
      store, clock, health,
      loaded: (slot, orphans) => this.loaded(slot, orphans),
      failed: (slot, error) => {
        if (this.loading.delete(slot)) this.turns.end(slot);
        this.setbacks.retry(slot, error);
      },
    });
    this.cache = new EntityCache(settings.extendedSessionsEnabled ? settings.maxCachedInstances : 0);
    this.admission = new EntityAdmission({ maxDispatchCount: settings.maxDispatchCount, isAlone: (slot) => this.turns.isAlone(slot) });
    this.setbacks = new EntitySetbacks({
      clock, log,
      maxDispatchCount: settings.maxDispatchCount,
      isStopping: () => this.stopping,
      paused: (slot) => {
        this.turns.endSolitude(slot);
        this.overflow.check(slot);
      },
      resumed: (slot) => this.settle(slot),
      reread: (partition, messages) => port.reread(partition, messages),
    });
    this.overflow = new EntityOverflow({ context, writer, now, moved: (slot) => this.moved(slot) });
    this.watch = new LockWatch({
      store, clock, health,
      partitionCount: () => context.partitionCount(),
      orphaned: (slot, holder) => {
        slot.orphan = holder;
        if (!slot.busy) this.settle(slot);
      },
    });
    this.runPort = {
      clock, log, context, now, writer, operations,
      admission: this.admission,
      maxBatchSize: settings.maxEntityOperationBatchSize,
      mayGoOn: (slot) => !this.stopping && !slot.isInterrupted && slot.partition.state === 'owned' && port.isHeld(),
      heldUp: (slot) => this.wake(slot),
      outlasts: (slot) => this.turns.outlast(slot),
    };
  }

  /** Begins nothing any more; operations that run may end. */
  stopTaking(): void {
    this.stopping = true;
    this.turns.close();
  }

  /** Aborts what still runs: it does not count, and runs again elsewhere. */
  abortAll(reason: Error): void {
    for (const slot of this.running) this.interrupt(slot, reason);
  }

  /** Aborts what the entity runs. */
  interrupt(slot: EntitySlot, reason: Error): void {
    slot.isInterrupted = true;
    slot.abort?.abort(reason);
  }

  /** Nothing of the entity is this process's any more. */
  drop(slot: EntitySlot, reason: Error): void {
    this.interrupt(slot, reason);
    slot.cancelWait?.();
    this.turns.endSolitude(slot);
    this.watch.forget(slot);
    this.cache.delete(slot);
    slot.forget();
  }

  stop(): void {
    this.loader.stop();
    this.watch.stop();
    this.turns.stop();
  }

  /** Something has come for the entity. */
  wake(slot: EntitySlot): void {
    if (!slot.busy) this.settle(slot);
    else if (slot.isHeldUp) this.overflow.check(slot);
    if (slot.partition.isCrowded) this.relieve(slot.partition);
  }

  /** On with what waits, or to rest. */
  private settle(slot: EntitySlot): void {
    const { partition, line } = slot;
    if (partition.state !== 'owned' || this.stopping) return;
    // While it waited or was loaded, what was being moved could not be: nothing else tells of it.
    if (slot.dropped) return this.setbacks.retry(slot, slot.dropped.error);
    if (slot.canGoOn(this.port.now())) {
      this.cache.delete(slot);
      return this.turns.add(slot);
    }
    this.turns.endSolitude(slot);
    if (!line.isEmpty) {
      // Let go of, its messages would pass for known and never be read again.
      this.cache.delete(slot);
      this.overflow.check(slot);
      this.watch.watch(slot);
    } else if (!slot.writing) this.rest(slot);
  }

  private rest(slot: EntitySlot): void {
    this.watch.forget(slot);
    // What came for it is read again: that try is not the first.
    if (slot.refusals > 0) return;
    if (slot.row || slot.failures > 0) this.cache.keep(slot);
    else slot.partition.removeEntity(slot);
  }

  /** When its turn has come: what waits for that has no state in memory (I7). */
  private load(slot: EntitySlot): void {
    this.turns.begin(slot);
    this.loading.add(slot);
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
    const { instanceId, row } = slot;
    if (row?.unreadable) this.port.log.error(`The lock of entity '${instanceId}' cannot be read, and counts as given back: ${row.unreadable}.`);
    slot.voidTimers.push(...orphans);
    const isItsTurn = this.loading.delete(slot);
    if (isItsTurn) this.turns.end(slot);
    else slot.busy = false;
    // It goes on at once: behind the others, it would be in memory while they are loaded.
    if (isItsTurn && slot.partition.state === 'owned' && !this.stopping && !slot.dropped) return this.process(slot);
    this.settle(slot);
    this.overflow.check(slot);
  }

  private process(slot: EntitySlot): void {
    // It is loaded out of its turn, and has one afterwards.
    if (slot.busy) return;
    const now = this.port.now();
    if (!slot.canGoOn(now)) return this.settle(slot);
    if (slot.row === undefined || slot.line.wantsRead(slot.lock)) return this.load(slot);
    const next = slot.line.next(slot.lock, now);
    const definition = this.port.handlers.findEntity(slot.entityId.name);
    const admitted = definition && next && operationOf(next) ? this.admission.admit(slot, next) : undefined;
    if (admitted?.kind === 'suspect') return this.waitForSolitude(slot);
    slot.isHeldUp = false;
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

  /** It may be long until nothing else runs. */
  private waitForSolitude(slot: EntitySlot): void {
    slot.isHeldUp = true;
    this.turns.addSuspect(slot);
    this.overflow.check(slot);
  }

  private async run(slot: EntitySlot, definition: EntityDefinition | undefined, admitted: EntityAdmitted | undefined): Promise<EntityRunEnd> {
    try {
      const run = new EntityRun(slot, this.runPort);
      if (!definition) return await run.write((step) => this.port.absent.takeUp(slot, step));
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
    if (slot.dropped) return this.setbacks.retry(slot, slot.dropped.error);
    slot.oneByOne = Math.max(0, slot.oneByOne - 1);
    this.setbacks.over(slot);
    slot.admission = end === 'counted' ? 'counted' : undefined;
    if (end !== 'counted') this.turns.endSolitude(slot);
    if (end === 'left') return this.setbacks.wait(slot, LOOK_AGAIN);
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
    else this.settle(slot);
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
      for (const slot of partition.entities.values()) {
        if (slot.line.inboxLength === 0 || !isStuck(slot)) continue;
        if (slot.row !== undefined || slot.busy || slot.writing) this.overflow.check(slot);
        else {
          // What may be moved depends on who has it locked.
          slot.busy = true;
          this.read(slot);
        }
      }
    });
  }
}
