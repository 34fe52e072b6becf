/** What the engine writes: checkpoints, merged into batches that the partitions' rows fence. */
import type { HistoryEvent } from '../../core/history.js';
import type { ActivityKey, ActivityWork, RunningActivity } from './activities.js';
import type { EntityWrite } from './entities.js';
import type { InstanceKey, InstanceRow } from './instances.js';
import type { InboxMessage, MessageKey } from './messages.js';
import type { TimerKey, TimerRow } from './timers.js';

/** One instance, one step: all or nothing with the rest of its batch (I1). */
export interface Checkpoint extends InstanceKey {
  readonly write:
    | { readonly kind: 'insert'; readonly row: InstanceRow }
    /** Replaces a finished instance: its old execution is garbage. */
    | { readonly kind: 'replace'; readonly row: InstanceRow; readonly expected: InstanceGuard }
    /**
     * While the execution stays the same, only status, output, failureDetails, customStatus, updatedAt, historyLength,
     * rowVersion and attempts are written; with another execution id (continueAsNew) the whole row is.
     */
    | { readonly kind: 'update'; readonly row: InstanceRow; readonly expected: InstanceGuard }
    /** Only consumes: messages for an instance that is missing or finished. */
    | { readonly kind: 'none' };
  readonly history: readonly HistoryAppend[];
  readonly consumedMessages: readonly MessageKey[];
  /** Claims whose results this step takes up. */
  readonly consumedActivities: readonly Pick<RunningActivity, keyof ActivityKey | 'claimToken'>[];
  /** Timers that fired: exactly these rows are deleted (I4). */
  readonly deletedTimers: readonly TimerKey[];
  /** Timers that are no longer wanted: deleted where they still exist. */
  readonly cancelledTimers: readonly TimerKey[];
  readonly messages: readonly InboxMessage[];
  readonly timers: readonly TimerRow[];
  readonly readyActivities: readonly ActivityWork[];
  readonly runningActivities: readonly RunningActivity[];
  /** Executions whose history is no longer needed. */
  readonly garbage: readonly string[];
  /** Executions (ended by force) whose waiting and running activities are deleted with this step. */
  readonly abandonedActivities: readonly string[];
  /** Of a step of an entity, whose `write` is 'none'. */
  readonly entity?: EntityWrite;
}

export interface InstanceGuard {
  readonly executionId: string;
  readonly rowVersion: number;
  readonly status: InstanceRow['status'];
  /** As the row has it: the column is written only where this or the new number is not 0. */
  readonly attempts?: number;
}

export interface HistoryAppend {
  readonly executionId: string;
  /** Sequence number of the first event. */
  readonly sequence: number;
  readonly events: readonly HistoryEvent[];
}

export interface PartitionFence {
  readonly partition: number;
  readonly owner: string;
  readonly epoch: number;
  readonly previousCommitNo: number;
  readonly commitNo: number;
  readonly lastKey: number;
}

/** What stands in the place of a commit number that was not used, once it must not be used any more: the next is the one after it. */
export function voidNo(commitNo: number): number {
  return commitNo + 1;
}

/** What became of a batch whose answer was lost. */
export type CommitOutcome = 'committed' | 'not-committed' | 'lost';

export interface CommitBatch {
  readonly checkpoints: readonly Checkpoint[];
  /** One per partition touched, ascending. */
  readonly fences: readonly PartitionFence[];
}
