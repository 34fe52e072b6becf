/**
 * The loop over the instances that have something waiting: loads those that are not in memory, many in one query, runs
 * their turns, hands the checkpoints to the committer, and after the commit lets their effects happen (I3). One turn per
 * instance at a time, in the order in which they got ready; it yields to the event loop after a slice of time.
 */
import type { InputEvent } from '../core/history.js';
import { isFinished } from '../core/history.js';
import type { DurableLogger } from '../core/logger.js';
import type { Checkpoint, DurableStore, InboxMessage, InstanceRow, LoadedInstance } from '../storage/store.js';
import type { Clock } from './clock.js';
import type { Committer, DropReason } from './committer.js';
import type { InstanceSlot, PendingInput } from './instance-slot.js';
import type { Partition } from './partition.js';
import { SessionCache } from './session-cache.js';
import { replaySession } from './sessions.js';
import { takeTurn, type Turn, type TurnContext } from './turn.js';

/** Longest stretch of turns before other work of the process gets its turn, ms. */
const SLICE = 10;
/** Instances loaded by one query, and the bytes of history that it may bring. */
const MAX_LOAD = 200;
const MAX_LOAD_BYTES = 16 * 1024 * 1024;

export interface DispatcherPort {
  readonly store: Pick<DurableStore, 'loadInstances'>;
  readonly clock: Clock;
  readonly log: DurableLogger;
  readonly committer: Committer;
  readonly context: TurnContext;
  /** Whether this process may still act for the partition. */
  isHeld(partition: Partition): boolean;
  /** What a commit has brought about. */
  effects(partition: Partition, checkpoint: Checkpoint, row: InstanceRow | null): void;
  /** The places of activities whose checkpoint was written or dropped. */
  unreserve(count: number): void;
  /** Inputs that this process will not take up: their partition is lost, or it stops. */
  orphaned(inputs: readonly PendingInput[]): void;
  /** What memory held of the instance was not what the database has: answers which of the inputs still stand. */
  verify(partition: Partition, inputs: readonly PendingInput[]): Promise<PendingInput[]>;
}

export class Dispatcher {
  private ready: InstanceSlot[] = [];
  private running = false;
  private inTheWorks = 0;
  private loading = false;
  private toLoad: InstanceSlot[] = [];
  private draining = false;
  private stopped = false;
  private idleListeners: (() => void)[] = [];
  private readonly cache: SessionCache;

  constructor(private readonly port: DispatcherPort) {
    const { extendedSessionsEnabled, maxCachedInstances } = port.context.settings;
    this.cache = new SessionCache(extendedSessionsEnabled ? maxCachedInstances : 0);
  }

  /** Instances that wait or are in the works. */
  get backlog(): number {
    return this.ready.length + this.toLoad.length + this.inTheWorks;
  }

  /** Adds an input for an instance of an owned partition. */
  offer(partition: Partition, instanceId: string, input: PendingInput): void {
    if (this.draining && input.kind !== 'activity') return this.port.orphaned([input]);
    const slot = partition.slot(instanceId);
    slot.queue.push(input);
    slot.unpark?.();
    this.schedule(slot);
  }

  offerMessage(partition: Partition, message: InboxMessage): void {
    this.offer(partition, message.instanceId, { kind: 'message', message });
  }

  /** Goes on after a pause, or with a partition that is held again. */
  resume(): void {
    if (this.running || this.stopped || (this.ready.length === 0 && this.toLoad.length === 0)) return;
    this.running = true;
    setImmediate(() => this.runSlice());
  }

  /** Takes up results of activities only, and resolves when there is nothing left to do; the rest is in the database. */
  async drain(): Promise<void> {
    this.draining = true;
    while (this.ready.length + this.inTheWorks > 0) await new Promise<void>((resolve) => this.idleListeners.push(resolve));
  }

  stop(): void {
    this.stopped = true;
  }

  /** Forgets a partition that is no longer this process's. */
  drop(partition: Partition): void {
    const inputs: PendingInput[] = [];
    for (const slot of partition.slots.values()) {
      inputs.push(...slot.queue.splice(0));
      this.cache.delete(slot);
      slot.forget();
    }
    partition.slots.clear();
    this.port.orphaned(inputs);
  }

  private schedule(slot: InstanceSlot): void {
    if (slot.scheduled || slot.busy || slot.partition.state !== 'owned') return;
    slot.scheduled = true;
    this.ready.push(slot);
    this.resume();
  }

  private runSlice(): void {
    const ends = this.port.clock.monotonic() + SLICE;
    const limit = this.port.context.settings.maxConcurrentOrchestratorFunctions;
    let taken = 0;
    const held: InstanceSlot[] = [];
    while (taken < this.ready.length && this.inTheWorks < limit && this.port.clock.monotonic() < ends) {
      const slot = this.ready[taken++]!;
      if (slot.partition.state !== 'owned') continue;
      if (!this.port.isHeld(slot.partition)) held.push(slot);
      else this.process(slot);
    }
    this.ready = taken === this.ready.length ? held : [...this.ready.slice(taken), ...held];
    this.running = false;
    this.settleIdle();
    void this.load();
    if (this.ready.length > held.length && this.inTheWorks < limit) this.resume();
  }

  private process(slot: InstanceSlot): void {
    slot.scheduled = false;
    if (slot.queue.length === 0) return this.settle(slot);
    if (this.needsLoad(slot)) {
      slot.busy = true;
      this.inTheWorks += 1;
      this.toLoad.push(slot);
      return;
    }
    this.turn(slot);
  }

  private needsLoad(slot: InstanceSlot): boolean {
    const { row, session } = slot;
    if (row === undefined) {
      const first = slot.queue[0]!;
      const isNew = first.kind === 'eager' || (first.kind === 'message' && first.message.body.type === 'CreateInstance' && first.message.body.defaultId);
      if (isNew && !slot.mustLoad) slot.row = null;
      return slot.row === undefined;
    }
    return row !== null && !isFinished(row.status) && row.historyLength > 0 && !session;
  }

  private turn(slot: InstanceSlot): void {
    let turn: Turn;
    try {
      turn = takeTurn(slot, this.port.context);
    } catch (error) {
      this.cache.delete(slot);
      slot.forget();
      return this.retry(slot, 'refused', error);
    }
    switch (turn.kind) {
      case 'nothing':
        return this.settle(slot);
      case 'reload':
        this.cache.delete(slot);
        slot.forget();
        return this.schedule(slot);
      case 'unknown-handler':
        return this.park(slot, turn);
      case 'checkpoint':
        return this.submit(slot, turn);
    }
  }

  private submit(slot: InstanceSlot, turn: Extract<Turn, { kind: 'checkpoint' }>): void {
    const { partition } = slot;
    const { checkpoint } = turn;
    partition.checkpointBegun();
    slot.busy = true;
    this.inTheWorks += 1;
    this.port.committer.submit({
      partition,
      checkpoint,
      committed: () => {
        this.release(slot, checkpoint);
        slot.failures = 0;
        slot.mustLoad = false;
        slot.row = turn.row && isFinished(turn.row.status) ? undefined : turn.row;
        this.cache.set(slot, turn.session);
        partition.consumed(checkpoint.consumedMessages);
        for (const input of turn.taken) if (input.kind === 'eager') input.settle('committed');
        this.port.effects(partition, checkpoint, checkpoint.write.kind === 'none' ? null : turn.row);
        this.settle(slot);
      },
      dropped: (reason, error) => {
        this.release(slot, checkpoint);
        this.cache.delete(slot);
        slot.forget();
        slot.mustLoad = true;
        if (reason === 'partition-lost' || this.stopped) return this.port.orphaned(turn.taken);
        slot.queue.unshift(...turn.taken);
        if (reason === 'stale') void this.verify(slot, error);
        else this.retry(slot, reason, error);
      },
    });
  }

  private release(slot: InstanceSlot, checkpoint: Checkpoint): void {
    slot.busy = false;
    this.inTheWorks -= 1;
    slot.partition.checkpointEnded();
    this.settleIdle();
    this.port.unreserve(checkpoint.runningActivities.length);
    this.resume();
  }

  /** Goes on with what the database confirms of the inputs in memory. */
  private async verify(slot: InstanceSlot, error: unknown): Promise<void> {
    slot.busy = true;
    const inputs = slot.queue;
    slot.queue = [];
    const confirmed = await this.port.verify(slot.partition, inputs);
    if (slot.partition.state === 'lost') return this.port.orphaned(confirmed);
    slot.queue.unshift(...confirmed);
    this.retry(slot, 'stale', error);
  }

  /** Comes back to an instance that could not be processed or whose checkpoint was not written. */
  private retry(slot: InstanceSlot, reason: DropReason, error: unknown): void {
    slot.failures += 1;
    if (reason === 'refused' || slot.failures > 3) {
      const text = error instanceof Error ? error.message : reason;
      this.port.log.error(`Instance '${slot.instanceId}' could not be processed (try ${slot.failures}); it will be tried again. ${text}`);
    }
    slot.busy = true;
    this.port.clock.after(backoffOf(slot.failures), () => {
      slot.busy = false;
      this.settle(slot);
    });
  }

  /** Waits for a process that has the handler, or for a message that needs none. */
  private park(slot: InstanceSlot, { name, version }: { readonly name: string; readonly version?: string }): void {
    slot.failures += 1;
    if (slot.failures === 1) {
      const wanted = version === undefined ? `'${name}'` : `'${name}' version '${version}'`;
      this.port.log.warn(`Instance '${slot.instanceId}' waits: this process has no orchestrator ${wanted}. Register it, or terminate the instance.`);
    }
    slot.busy = true;
    slot.unpark = () => {
      cancel();
      slot.unpark = undefined;
      slot.busy = false;
      this.settle(slot);
    };
    const cancel = this.port.clock.after(backoffOf(6 + slot.failures), slot.unpark);
  }

  /** After a turn: on with what has arrived meanwhile, or out of memory when nothing speaks for staying. */
  private settle(slot: InstanceSlot): void {
    if (slot.partition.state === 'lost') return;
    if (slot.queue.length > 0) return this.schedule(slot);
    if (!slot.session && !slot.busy) slot.partition.slots.delete(slot.instanceId);
  }

  private settleIdle(): void {
    if (this.ready.length + this.inTheWorks === 0) for (const listener of this.idleListeners.splice(0)) listener();
  }

  private async load(): Promise<void> {
    if (this.loading || this.toLoad.length === 0) return;
    this.loading = true;
    const slots = this.toLoad.splice(0, MAX_LOAD);
    try {
      const { instances, looked } = await this.port.store.loadInstances(
        slots.map(({ partition, instanceId }) => ({ partition: partition.index, instanceId })),
        { maxBytes: MAX_LOAD_BYTES },
      );
      this.toLoad.unshift(...slots.splice(looked));
      const byId = new Map(instances.map((instance) => [instance.row.instanceId, instance]));
      for (const slot of slots) await this.loaded(slot, byId.get(slot.instanceId));
    } catch (error) {
      for (const slot of slots) {
        this.inTheWorks -= 1;
        slot.forget();
        this.retry(slot, 'refused', error);
      }
    } finally {
      this.loading = false;
      void this.load();
    }
  }

  private async loaded(slot: InstanceSlot, loaded: LoadedInstance | undefined): Promise<void> {
    let parked = false;
    let failure: { error: unknown } | undefined;
    slot.row = loaded?.row ?? null;
    if (loaded && !isFinished(loaded.row.status) && loaded.history.length > 0) {
      try {
        const session = await replaySession(loaded.row, loaded.history, this.port.context, waitingEvents(slot));
        this.cache.set(slot, session);
        parked = !session;
      } catch (error) {
        failure = { error };
      }
    }
    this.inTheWorks -= 1;
    slot.busy = false;
    if (slot.partition.state !== 'owned') slot.forget();
    else if (failure) this.retry(slot, 'refused', failure.error);
    else if (parked) this.park(slot, loaded!.row);
    else if (slot.queue.length > 0) this.turn(slot);
    else this.settle(slot);
  }
}

/** Delay after so many failures in a row, ms. */
function backoffOf(failures: number): number {
  return Math.min(10 * 2 ** failures, 30_000) * (0.75 + Math.random() / 2);
}

function waitingEvents(slot: InstanceSlot): InputEvent[] {
  return slot.queue.flatMap((input) => (input.kind === 'message' && input.message.body.type === 'Deliver' ? [input.message.body.event] : []));
}
