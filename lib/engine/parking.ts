/**
 * Instances whose orchestrator this process lacks [Y6]. What came for them is in their history as an open episode, and a timer
 * row that is always due marks them: whoever gets the partition next finds it. Meanwhile nothing of them is tried again, as the
 * handlers of a process never change; that the partition goes to a worker that has the orchestrator is up to Ownership.
 */
import { isFinished } from '../core/history.js';
import { PARK_TIMER, PARKED_SINCE, type Checkpoint, type DurableStore, type InboxMessage, type InstanceRow, type TimerRow } from '../storage/store.js';
import { Backoff } from './backoff.js';
import { emptyCheckpoint } from './checkpoint-builder.js';
import type { Clock } from './clock.js';
import type { Committer } from './committer.js';
import type { HandlerRef } from './handler-sets.js';
import type { HandlerRegistry } from './handlers.js';
import type { ParkedWork } from './parked-work.js';
import type { Partition } from './partition.js';
import type { StoreHealth } from './store-health.js';

export interface ParkingPort {
  readonly store: Pick<DurableStore, 'getInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
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

/** Rows read by one query. */
const MAX_ROWS = 200;
/** Until a mark is looked at again that the database would not take, ms. */
const RETRY_DELAY = 5_000;

export class Parking {
  private waiting: Mark[] = [];
  private reading = false;
  private stopped = false;

  constructor(private readonly port: ParkingPort) {}

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
    this.waiting.push({ partition, timer });
    if (this.reading) return;
    this.reading = true;
    // Marks come many at a time: the first query is not for one alone.
    setImmediate(() => void this.run());
  }

  stop(): void {
    this.stopped = true;
  }

  private async run(): Promise<void> {
    const backoff = new Backoff(this.port.clock, { first: 10, max: 1_000 });
    while (this.waiting.length > 0 && !this.stopped) {
      const marks = this.waiting.splice(0, MAX_ROWS).filter(({ partition }) => partition.state === 'owned');
      try {
        const rows = await this.port.store.getInstances(marks.map(({ timer: { partition, instanceId } }) => ({ partition, instanceId })));
        const byId = new Map(rows.map((row) => [row.instanceId, row]));
        for (const mark of marks) this.look(mark, byId.get(mark.timer.instanceId));
        this.port.health.reached();
        backoff.reset();
      } catch (error) {
        this.waiting.push(...marks);
        this.port.health.failed(error);
        await backoff.wait();
      }
    }
    // Not a moment later: a mark that is found meanwhile would wait for the next one.
    this.reading = false;
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
      dropped: (reason) => {
        partition.checkpointEnded();
        // Stale: it was taken up otherwise meanwhile.
        if (reason === 'refused' && !this.stopped) this.port.clock.after(RETRY_DELAY, () => this.found(partition, timer));
      },
    });
  }
}

/** Whether this timer is a mark of {@link Parking}. */
export function isParkMark({ taskId, fireAt }: Pick<TimerRow, 'taskId' | 'fireAt'>): boolean {
  return taskId === PARK_TIMER && fireAt === PARKED_SINCE;
}
