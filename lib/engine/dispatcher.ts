/**
 * The loop over the instances that have something waiting: loads those that are not in memory, many in one query, runs
 * their turns, hands the checkpoints to the committer, and after the commit lets their effects happen (I3). One turn per
 * instance at a time, in the order in which they got ready, new instances last; it yields to the event loop after a slice of time.
 */
import { isFinished } from '../core/history.js';
import type { DurableLogger } from '../core/logger.js';
import type { Checkpoint, DurableStore, InboxMessage, InstanceRow } from '../storage/store.js';
import { Admission, type Admitted } from './admission.js';
import { emptyCheckpoint } from './checkpoint-builder.js';
import type { Clock } from './clock.js';
import type { Committer } from './committer.js';
import { InstanceLoader, type LoadOutcome } from './instance-loader.js';
import type { InstanceSlot, PendingInput } from './instance-slot.js';
import type { InstanceCounts } from './metrics.js';
import type { Parking } from './parking.js';
import type { Partition } from './partition.js';
import { SessionCache } from './session-cache.js';
import { Setbacks } from './setbacks.js';
import type { StoreHealth } from './store-health.js';
import { TurnQueue } from './turn-queue.js';
import { isBeginning, takeTurn, type Turn, type TurnContext, type WrittenTurn } from './turn.js';

export interface DispatcherPort {
  readonly store: Pick<DurableStore, 'loadInstances' | 'getInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly log: DurableLogger;
  readonly committer: Committer;
  readonly metrics: InstanceCounts;
  readonly parking: Parking;
  readonly context: TurnContext;
  /** Whether this process may still act for the partition. */
  isHeld(partition: Partition): boolean;
  /** Whether an entity that workers may have died of runs in this process [Y8]. */
  hasOtherSuspects(): boolean;
  /** What a commit has brought about. */
  effects(partition: Partition, checkpoint: Checkpoint, row: InstanceRow | null): void;
  /** The places of activities whose checkpoint was written or dropped. */
  unreserve(count: number): void;
  /** Inputs that this process will not take up: their partition is lost, or it stops. */
  orphaned(inputs: readonly PendingInput[]): void;
  /** What memory held of the instance was not what the database has: answers which of the inputs still stand. */
  verify(partition: Partition, inputs: readonly PendingInput[]): Promise<PendingInput[]>;
  /** Messages that were left in the inbox are to be read. */
  expectMessages(): void;
  /** Timers of the partition that had to wait may fire. */
  expectTimers(partition: Partition): void;
}

export class Dispatcher {
  private draining = false;
  private stopped = false;
  private readonly turns: TurnQueue<InstanceSlot>;
  private readonly cache: SessionCache;
  private readonly loader: InstanceLoader;
  private readonly admission: Admission;
  private readonly setbacks: Setbacks;

  constructor(private readonly port: DispatcherPort) {
    const { extendedSessionsEnabled, maxCachedInstances } = port.context.settings;
    this.cache = new SessionCache(extendedSessionsEnabled ? maxCachedInstances : 0);
    const { store, clock, health, context } = port;
    this.turns = new TurnQueue({
      clock,
      limit: context.settings.maxConcurrentOrchestratorFunctions,
      isHeld: (partition) => port.isHeld(partition),
      begins: ({ session, queue }) => session === undefined && queue[0] !== undefined && isBeginning(queue[0]),
      mayBeAlone: () => !port.hasOtherSuspects(),
      process: (slot) => this.process(slot),
      failed: (slot, error) => this.setbacks.failed(slot, error),
      sliceEnded: () => {
        this.loader.start();
        this.admission.start();
      },
    });
    this.loader = new InstanceLoader({
      store, clock, health, context,
      metrics: port.metrics,
      isToWait: (slot, row) => this.admission.isToWait(slot, row),
      loaded: (slot, outcome) => this.loaded(slot, outcome),
    });
    this.setbacks = new Setbacks({
      clock,
      log: port.log,
      maxDispatchCount: context.settings.maxDispatchCount,
      forget: (slot) => this.forget(slot),
      paused: (slot) => {
        this.turns.endSolitude(slot);
        // No worker has died of it until here.
        if (slot.refusals > 0 || slot.partition.blocked.has(slot.instanceId)) this.admission.forget(slot);
      },
      resumed: (slot) => this.settle(slot),
      orphaned: (inputs) => port.orphaned(inputs),
      expectMessages: () => port.expectMessages(),
      expectTimers: (partition) => port.expectTimers(partition),
    });
    this.admission = new Admission({
      store, clock, health,
      maxDispatchCount: context.settings.maxDispatchCount,
      hasCodeOf: ({ name, version }) => context.handlers.findOrchestrator(name, version) !== undefined,
      isAlone: (slot) => this.turns.isAlone(slot),
      admitted: (slot, outcome) => this.admitted(slot, outcome),
    });
  }

  /** Instances that wait or are in the works. */
  get backlog(): number {
    return this.turns.length;
  }

  /** Generators in memory. */
  get cachedSessions(): number {
    return this.cache.size;
  }

  /** Instances that workers may have died of and that wait or run [Y8]. */
  get suspects(): readonly InstanceSlot[] {
    return this.turns.suspects;
  }

  /** Whether instances that workers may have died of wait or run [Y8]. */
  get hasSuspects(): boolean {
    return this.turns.hasSuspects || this.admission.isWanted;
  }

  /** Adds an input for an instance of an owned partition. */
  offer(partition: Partition, instanceId: string, input: PendingInput): void {
    if (this.draining && input.kind !== 'activity') return this.port.orphaned([input]);
    const slot = partition.slot(instanceId);
    slot.queue.push(input);
    this.admission.noticed(slot, input);
    this.turns.add(slot);
  }

  /** Whether something is done with the instance, or will be. */
  isAtWork(partition: Partition, instanceId: string): boolean {
    const slot = partition.slots.get(instanceId);
    if (!slot) return false;
    if (slot.hasWork) this.turns.add(slot);
    return slot.busy || slot.scheduled;
  }

  /** Whether the instance only waits for its turn. */
  isQueued(partition: Partition, instanceId: string): boolean {
    const slot = partition.slots.get(instanceId);
    return slot !== undefined && this.turns.isWaiting(slot);
  }

  /** @param row of the instance, where it was committed with the message: it need not be read */
  offerMessage(partition: Partition, message: InboxMessage, row?: InstanceRow): void {
    this.offer(partition, message.instanceId, { kind: 'message', message });
    if (row) partition.slots.get(message.instanceId)?.begin(row);
  }

  /** Goes on after a pause, or with a partition that is held again. */
  resume(): void {
    this.turns.resume();
  }

  /** Takes up results of activities only, and resolves when there is nothing left to do; the rest is in the database. */
  async drain(): Promise<void> {
    this.draining = true;
    await this.turns.drain();
  }

  stop(): void {
    this.stopped = true;
    this.turns.stop();
    this.loader.stop();
    this.admission.stop();
  }

  /** Forgets a partition that is no longer this process's. */
  drop(partition: Partition): void {
    const inputs: PendingInput[] = [];
    for (const slot of partition.slots.values()) {
      inputs.push(...slot.queue.splice(0));
      slot.cancelWait?.();
      this.turns.endSolitude(slot);
      this.admission.forget(slot);
      this.forget(slot);
    }
    partition.slots.clear();
    this.port.orphaned(inputs);
  }

  private process(slot: InstanceSlot): void {
    if (slot.queue.length === 0) return this.settle(slot);
    if (this.admission.concerns(slot)) {
      this.turns.begin(slot);
      return this.admission.add(slot);
    }
    if (this.needsLoad(slot)) {
      this.turns.begin(slot);
      return this.loader.add(slot);
    }
    if (slot.session) this.port.metrics.cacheHits += 1;
    this.turn(slot);
  }

  private loaded(slot: InstanceSlot, outcome: LoadOutcome): void {
    const isOwned = slot.partition.state === 'owned' && outcome.kind !== 'gone';
    // While the slot is busy, so that it is not evicted before its turn.
    if (isOwned && outcome.kind === 'loaded') this.cache.set(slot, outcome.session);
    this.turns.end(slot);
    if (!isOwned) return slot.forget();
    if (outcome.kind === 'failed') return this.setbacks.failed(slot, outcome.error);
    if (outcome.kind === 'newer') return this.setbacks.left(slot, outcome.reason);
    if (outcome.kind === 'suspect') return this.turns.addSuspect(slot);
    if (slot.queue.length > 0) this.turn(slot);
    else this.settle(slot);
  }

  private admitted(slot: InstanceSlot, outcome: Admitted): void {
    this.turns.end(slot);
    if (slot.partition.state !== 'owned') return slot.forget();
    if (outcome.kind === 'suspect') return this.turns.addSuspect(slot);
    if (outcome.kind === 'counted') {
      const { row, counted } = outcome;
      const checkpoint: Checkpoint = { ...emptyCheckpoint(slot, []), write: { kind: 'update', row: counted, expected: row } };
      return this.submit(slot, { kind: 'checkpoint', checkpoint, taken: [], row: counted, session: slot.session, isCount: true });
    }
    if (outcome.kind === 'poison') slot.poison = outcome.failure;
    slot.admission = 'passed';
    this.turns.add(slot);
  }

  private forget(slot: InstanceSlot): void {
    this.cache.delete(slot);
    slot.forget();
  }

  private needsLoad(slot: InstanceSlot): boolean {
    const { row, session } = slot;
    if (row === undefined) {
      const first = slot.queue[0]!;
      const isNew = first.kind === 'eager' || (first.kind === 'message' && first.message.body.type === 'CreateInstance' && first.message.body.isNewId);
      if (isNew && !slot.mustLoad) slot.row = null;
      return slot.row === undefined;
    }
    return row !== null && !isFinished(row.status) && row.historyLength > 0 && !session;
  }

  private turn(slot: InstanceSlot): void {
    // A turn takes from a copy of the queue, so that one that fails has taken nothing.
    const { queue } = slot;
    let turn: Turn;
    let isHandedOver: boolean;
    try {
      turn = takeTurn(slot, this.port.context);
      isHandedOver = turn.kind === 'checkpoint' && turn.isParked === true && this.port.parking.handsOver(slot.partition, turn.row!);
    } catch (error) {
      slot.queue = queue;
      return this.setbacks.failed(slot, error);
    }
    switch (turn.kind) {
      case 'nothing':
        this.setbacks.over(slot);
        return this.settle(slot);
      case 'reload':
        this.forget(slot);
        return this.turns.add(slot);
      case 'checkpoint':
        if (!isHandedOver) return this.submit(slot, turn);
        slot.queue = queue;
        return this.forget(slot);
    }
  }

  private submit(slot: InstanceSlot, turn: WrittenTurn): void {
    const { partition } = slot;
    const { checkpoint } = turn;
    partition.checkpointBegun();
    this.turns.begin(slot);
    this.port.committer.submit({
      partition,
      checkpoint,
      committed: () => {
        this.release(slot, checkpoint);
        if (checkpoint.history.length > 0) this.port.metrics.episodes += 1;
        slot.mustLoad = false;
        this.setbacks.over(slot);
        this.admission.committed(slot, turn.isCount === true);
        // A client may put a new instance in the place of a finished or missing one at any time.
        slot.row = turn.row && !isFinished(turn.row.status) ? turn.row : undefined;
        this.cache.set(slot, turn.session);
        partition.consumed(checkpoint.consumedMessages);
        for (const input of turn.taken) if (input.kind === 'eager') input.settle('committed');
        if (turn.isParked) this.port.parking.parked(partition, turn.row!);
        else if (checkpoint.write.kind !== 'none' && !turn.isCount) partition.parked.delete(slot.instanceId);
        this.port.effects(partition, checkpoint, checkpoint.write.kind === 'none' ? null : turn.row);
        this.settle(slot);
      },
      dropped: (reason, error) => {
        this.release(slot, checkpoint);
        this.forget(slot);
        slot.mustLoad = true;
        this.turns.endSolitude(slot);
        if (reason === 'partition-lost' || this.stopped) return this.port.orphaned(turn.taken);
        slot.queue.unshift(...turn.taken);
        if (reason === 'stale') void this.verify(slot, error);
        else this.setbacks.dropped(slot, reason, error);
      },
    });
  }

  private release(slot: InstanceSlot, checkpoint: Checkpoint): void {
    slot.partition.checkpointEnded();
    this.port.unreserve(checkpoint.runningActivities.length);
    this.turns.end(slot);
  }

  /** Goes on with what the database confirms of the inputs in memory. */
  private async verify(slot: InstanceSlot, error: unknown): Promise<void> {
    slot.busy = true;
    slot.reconsider();
    const inputs = slot.queue;
    slot.queue = [];
    const confirmed = await this.port.verify(slot.partition, inputs);
    if (slot.partition.state === 'lost') return this.port.orphaned(confirmed);
    slot.queue.unshift(...confirmed);
    this.setbacks.dropped(slot, 'stale', error);
  }

  /** After a turn: on with what has arrived meanwhile, or out of memory when nothing speaks for staying. */
  private settle(slot: InstanceSlot): void {
    // Counted: the episode itself is still to come.
    if (slot.queue.length === 0 || slot.admission === undefined) this.turns.endSolitude(slot);
    if (slot.partition.state === 'lost') return;
    if (slot.queue.length > 0) return this.turns.add(slot);
    this.admission.forget(slot);
    // One that must be loaded first stays, to remember that when its messages have been read again.
    if (!slot.session && !slot.busy && !slot.mustLoad) slot.partition.removeSlot(slot);
  }
}
