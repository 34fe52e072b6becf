import type { OrchestrationExecution } from '../core/execution.js';
import type { OpenEpisode } from '../core/episodes.js';
import type { FailureDetails } from '../core/failure.js';
import { isFinished, type ExecutionRewound, type TaskCompleted, type TaskFailed } from '../core/history.js';
import type { Deliver, InboxMessage, InstanceRow, RunningActivity, TimerRow } from '../storage/store.js';
import type { Cancel } from './clock.js';
import type { Partition } from './partition.js';

/** Something that waits to be taken up by an instance. */
export type PendingInput =
  | { readonly kind: 'message'; readonly message: InboxMessage }
  | { readonly kind: 'timer'; readonly timer: TimerRow }
  | { readonly kind: 'activity'; readonly activity: RunningActivity; readonly event: TaskCompleted | TaskFailed }
  /** An eager start: the instance and its first episode are one checkpoint. */
  | { readonly kind: 'eager'; readonly row: InstanceRow; settle(outcome: 'committed' | 'dropped'): void };

/** Whether an event is for this execution [Y3]: another one may have taken its place. */
export function isMeantFor(row: InstanceRow, { executionId, parentExecutionId }: Deliver): boolean {
  return (executionId ?? row.executionId) === row.executionId && (parentExecutionId ?? row.parent?.executionId) === row.parent?.executionId;
}

/** The live generator of an instance, or what stands for it where its code may not run. */
export interface Session {
  readonly execution: Pick<OrchestrationExecution, 'run'> & Partial<Pick<OrchestrationExecution, 'sleepsUntil'>>;
  /** What history holds already of the next episode: a continueAsNew or a worker without the orchestrator left it, or a rewind takes it back. */
  readonly open?: OpenEpisode;
  /** It runs no code: inputs are only recorded [Y6]. */
  readonly isHandlerless?: boolean;
  /** Of a failed instance that was loaded to be rewound: its next episode begins with this. */
  readonly rewind?: ExecutionRewound;
}

/**
 * What the owner of a partition keeps of one instance in memory. All of it but the eager starts can be had again from
 * the database, so a slot may be dropped whenever no checkpoint of it is under way.
 */
export class InstanceSlot {
  queue: PendingInput[] = [];
  /** As last committed; `null`: there is no such instance; `undefined`: not known. */
  row: InstanceRow | null | undefined;
  session: Session | undefined;
  /** Stands in the dispatcher's queue. */
  scheduled = false;
  /** Is being loaded, or a checkpoint of it is under way (I1): what arrives meanwhile waits. */
  busy = false;
  /** The row may exist already although it should not: read it before a creation. */
  mustLoad = false;
  /** The last input that was there when the row was read: what came later may be for an instance that the row does not tell of. */
  lastBeforeRead: PendingInput | undefined;
  /** What was decided, before its code runs, about inputs that were there when a worker died [Y8]; anew after each episode. */
  admission: 'passed' | 'counted' | undefined;
  /** Its code does not run any more: it ends with this [Y8]. */
  poison: FailureDetails | undefined;
  /** When it ends so, nothing of what it takes up is recorded: the database would not take it. */
  endsBare = false;
  /** Takes back the end of a wait. */
  cancelWait: Cancel | undefined;
  /** Failures in a row to process it, for the back-off. */
  failures = 0;
  /** Tries in a row that were refused for good. */
  refusals = 0;

  constructor(readonly partition: Partition, readonly instanceId: string) {}

  /** Whether memory knows of an instance that is not finished. */
  get isAlive(): boolean {
    return !!this.row && !isFinished(this.row.status);
  }

  get hasWork(): boolean {
    return this.queue.length > 0;
  }

  /** The instance has just been written like this. What memory knows of it already, or is finding out, stands. */
  begin(row: InstanceRow): void {
    if (this.row === undefined && !this.busy && !this.mustLoad) this.row = row;
  }

  /** What was decided of the instance that memory held may not hold for the one that the database has. */
  reconsider(): void {
    if (!this.poison) return;
    this.poison = undefined;
    this.endsBare = false;
    this.admission = undefined;
  }

  /** Back to what can be read from the database; the generator is dropped without return() [Y7]. */
  forget(): void {
    this.row = undefined;
    this.session = undefined;
  }
}
