/**
 * Instances whose orchestrator this process lacks [Y6]. What came for them is in their history as an open episode, and a timer
 * row that is always due marks them: whoever gets the partition next finds it. Meanwhile nothing of them is tried again, as the
 * handlers of a process never change; that the partition goes to a worker that has the orchestrator is up to Ownership.
 */
import { isFinished } from '../core/history.js';
import type { DurableLogger } from '../core/logger.js';
import { PARK_TIMER, PARKED_SINCE, type Checkpoint, type DurableStore, type InboxMessage, type InstanceRow, type TimerRow } from '../storage/store.js';
import { emptyCheckpoint } from './checkpoint-builder.js';
import type { Cancel, Clock } from './clock.js';
import type { Committer } from './committer.js';
import type { HandlerRef } from './handler-sets.js';
import type { HandlerRegistry } from './handlers.js';
import { LoadQueue } from './load-queue.js';
import type { ParkedWork } from './parked-work.js';
import type { Partition } from './partition.js';
import type { StoreHealth } from './store-health.js';

export interface ParkingPort {
  readonly store: Pick<DurableStore, 'getInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly log: DurableLogger;
  readonly handlers: Pick<HandlerRegistry, 'findOrchestrator'>;
  readonly committer: Committer;
  readonly parked: ParkedWork;
  /** Engine time, epoch ms. */
  now(): number;
  /** Whether the partition is on its way to a worker that has this handler. */
  handsOver(partition: Partition, ref: HandlerRef): boolean;
  /** What a commit has brought about. */
  effects(partition: Partition, checkpoint: Checkpoint): void;
}

interface Mark {
  readonly partition: Partition;
  readonly timer: TimerRow;
}

/** Until a mark is looked at again that could not be read or taken away, ms. */
const RETRY_DELAY = 5_000;

export class Parking {
  private readonly queue: LoadQueue<Mark>;
  private readonly waits = new Set<Cancel>();
  private stopped = false;

  constructor(private readonly port: ParkingPort) {
    const { clock, health } = port;
    this.queue = new LoadQueue({ clock, health, load: (marks) => this.read(marks), failed: (mark, error) => this.refused(mark, error) });
  }

  /** Whether the instance's work is left as it is, because its partition goes to a worker that can do it. */
  handsOver(partition: Partition, { name, version }: InstanceRow): boolean {
    return this.port.handsOver(partition, { kind: 'orchestrator', name, version });
  }

  /** The database has it that the instance waits. */
  parked(partition: Partition, { instanceId, name, version }: InstanceRow): void {
    this.port.parked.add(partition, instanceId, { kind: 'orchestrator', name, version });
  }

  /** The marks of a partition that has come here: those that this process can run go on. */
  found(partition: Partition, timer: TimerRow): void {
    this.queue.add({ partition, timer });
    // Marks come many at a time: the first query is not for one alone.
    setImmediate(() => this.queue.start());
  }

  stop(): void {
    this.stopped = true;
    for (const cancel of this.waits) cancel();
    this.queue.stop();
  }

  private async read(marks: readonly Mark[]): Promise<number> {
    const rows = await this.port.store.getInstances(marks.map(({ timer: { partition, instanceId } }) => ({ partition, instanceId })));
    const byId = new Map(rows.map((row) => [row.instanceId, row]));
    for (const mark of marks) this.look(mark, byId.get(mark.timer.instanceId));
    return marks.length;
  }

  private refused({ partition, timer }: Mark, error: unknown): void {
    if (this.stopped || partition.state !== 'owned') return;
    const { instanceId } = timer;
    const text = error instanceof Error ? error.message : String(error);
    if (!partition.blocked.has(instanceId)) this.port.log.error(`The mark of parked instance '${instanceId}' could not be looked at; that is tried again. ${text}`);
    partition.blocked.set(instanceId, text);
    const cancel = this.port.clock.after(RETRY_DELAY, () => {
      this.waits.delete(cancel);
      partition.blocked.delete(instanceId);
      this.found(partition, timer);
    });
    this.waits.add(cancel);
  }

  private look(mark: Mark, row: InstanceRow | undefined): void {
    const { partition, timer } = mark;
    if (partition.state !== 'owned') return;
    if (!row || row.executionId !== timer.executionId || isFinished(row.status)) return this.remove(mark, []);
    if (this.port.handlers.findOrchestrator(row.name, row.version)) return this.wake(mark, row);
    // Not to be fired again: only the next owner looks at it.
    partition.timers.remove(timer);
    if (!this.handsOver(partition, row)) this.parked(partition, row);
  }

  /**
   * The mark becomes a message before any code runs: were this worker to die of it, the next owner would see by that, and count
   * it, whereas a mark alone says that nobody has tried [Y8].
   */
  private wake(mark: Mark, { instanceId, startAt = 0 }: InstanceRow): void {
    const { index, keys } = mark.partition;
    const start: InboxMessage = { partition: index, key: keys.next(), sender: index, instanceId, body: { type: 'StartInstance' } };
    // One that is to begin later has a timer of its own for that.
    this.remove(mark, startAt > this.port.now() ? [] : [start]);
  }

  /** No row and no history of the instance is touched: its own checkpoint may be under way (I1). */
  private remove(mark: Mark, messages: readonly InboxMessage[]): void {
    const { partition, timer } = mark;
    const { instanceId } = timer;
    const checkpoint: Checkpoint = { ...emptyCheckpoint({ partition, instanceId }, [{ kind: 'timer', timer }]), messages };
    partition.checkpointBegun();
    this.port.committer.submit({
      partition,
      checkpoint,
      committed: () => {
        partition.checkpointEnded();
        this.port.effects(partition, checkpoint);
      },
      dropped: (reason, error) => {
        partition.checkpointEnded();
        // Stale: it was taken up otherwise meanwhile.
        if (reason === 'refused') this.refused(mark, error);
      },
    });
  }
}

/** Whether this timer is a mark of {@link Parking}. */
export function isParkMark({ taskId, fireAt }: Pick<TimerRow, 'taskId' | 'fireAt'>): boolean {
  return taskId === PARK_TIMER && fireAt === PARKED_SINCE;
}
