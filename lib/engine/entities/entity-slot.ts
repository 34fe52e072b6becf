import type { EntityExecution } from '../../core/entity-execution.js';
import { EntityId } from '../../core/entity-id.js';
import type { FailureDetails } from '../../core/failure.js';
import type { Caller } from '../../core/history.js';
import type { EntityRow, TimerRow } from '../../storage/store.js';
import type { Backoff } from '../backoff.js';
import type { Cancel } from '../clock.js';
import type { DropReason } from '../committer.js';
import type { Partition } from '../partition.js';
import { EntityLine, type WaitingMessage } from './entity-line.js';
import type { EntityStep } from './entity-step.js';

/** What the owner of a partition keeps of one entity in memory. All of it can be had again from the database. */
export class EntitySlot {
  readonly line = new EntityLine();
  /** As last committed; `null`: there is none; `undefined`: not known. */
  row: EntityRow | null | undefined;
  /** The entity's code with its state, between its operations. */
  execution: EntityExecution | undefined;
  /** What is being collected for its next checkpoint. */
  step: EntityStep | undefined;
  /** Taken up by a step that is not written yet. */
  readonly inHand = new Set<WaitingMessage>();
  /** A timer row says that messages wait in its queue. */
  isMarked = false;
  /** Stands in the queue of those that have something to do. */
  scheduled = false;
  /** Is loaded, at work or waits: what arrives meanwhile waits too. */
  busy = false;
  /** Resolves when the checkpoint that is under way is written or dropped: there is one at a time (I1). */
  writing: Promise<void> | undefined;
  /** Aborts the operation that runs. */
  abort: AbortController | undefined;
  /** What runs does not count: the partition is lost, or the process stops. */
  isInterrupted = false;
  /** Its operation takes so long, or it waits for so long, that its messages must not stay in the inbox. */
  isHeldUp = false;
  /** What was decided, before its code runs, about messages that were there when a worker died [Y8], or whose steps are refused; anew after each step. */
  admission: 'counted' | FailureDetails | undefined;
  /** A worker may have died of one of its operations: they run one by one [Y8]. */
  isCareful = false;
  /** So many operations run one by one: one of them led to a step that was refused. */
  oneByOne = 0;
  /** Tries in a row that were refused for good. */
  refusals = 0;
  /** Why its last checkpoint was not written: nothing in memory can be relied on. */
  dropped: { readonly reason: DropReason; readonly error: unknown } | undefined;
  /** The holder of its lock that has ended without giving it back. */
  orphan: Caller | undefined;
  /** Timers whose signals are gone. */
  readonly voidTimers: TimerRow[] = [];
  /** How long the holder of its lock is left alone; `undefined`: it was not granted here, and not looked at. */
  patience: Backoff | undefined;
  /** Takes back the next look at the holder. */
  cancelLook: Cancel | undefined;
  /** Failures in a row, for the back-off. */
  failures = 0;
  /** Takes back the end of a wait. */
  cancelWait: Cancel | undefined;
  private id: EntityId | undefined;

  constructor(readonly partition: Partition, readonly instanceId: string) {}

  get entityId(): EntityId {
    return (this.id ??= EntityId.parse(this.instanceId));
  }

  get hasWork(): boolean {
    return !this.line.isEmpty;
  }

  /** Who has the entity locked, as far as it has got. */
  get lock(): Caller | undefined {
    return this.step ? this.step.lock : this.row?.lock;
  }

  /** Whether there is something that can be done now. */
  canGoOn(now: number): boolean {
    if (this.row === undefined) return !this.line.isEmpty;
    return this.orphan !== undefined || this.voidTimers.length > 0 || this.line.isActionable(this.lock, now) || (this.isMarked && this.line.isDrained);
  }

  /** Bytes that it holds in memory, about. */
  get weight(): number {
    return 500 + (this.row?.state?.length ?? 0);
  }

  /** The time of a signal in its queue has come. */
  fire(timer: TimerRow): void {
    const isTakenUp = [...this.inHand].some((entry) => entry.timer?.executionId === timer.executionId);
    if (!isTakenUp) this.line.fire(timer);
  }

  /** Back to what can be read from the database. */
  forget(): void {
    this.row = undefined;
    this.execution = undefined;
  }
}
