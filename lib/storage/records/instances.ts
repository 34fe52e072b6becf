/** Instances: rows, how they are loaded, queried and purged. */
import type { FailureDetails } from '../../core/failure.js';
import type { HistoryEvent, ParentInstance, RuntimeStatus } from '../../core/history.js';

export interface InstanceKey {
  readonly partition: number;
  readonly instanceId: string;
}

/** A row of instances. Times are epoch ms. */
export interface InstanceRow extends InstanceKey {
  readonly executionId: string;
  readonly name: string;
  readonly version?: string;
  readonly status: RuntimeStatus;
  readonly input?: string;
  readonly output?: string;
  readonly failureDetails?: FailureDetails;
  readonly customStatus?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly parent?: ParentInstance;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly startAt?: number;
  /** Number of history events of this execution: the sequence of the next one. */
  readonly historyLength: number;
  /** Counts the checkpoints of this row, over all executions. */
  readonly rowVersion: number;
  /** How often its worker died since its last checkpoint [Y8]; absent: never. */
  readonly attempts?: number;
  /** What of the row cannot be read, and why: those fields are absent. Never written. */
  readonly unreadable?: string;
}

export interface LoadKey extends InstanceKey {
  /** Whether the history of a finished instance is wanted too. */
  readonly finishedHistory?: boolean;
}

export interface LoadedInstance {
  readonly row: InstanceRow;
  /** Of the current execution; empty when the instance is finished, unless the key asked for it. */
  readonly history: HistoryEvent[];
  /** Why the history cannot be read, which is empty then. */
  readonly unreadable?: UnreadableHistory;
}

export interface UnreadableHistory {
  readonly reason: string;
  /** A newer version wrote it, in a format that this one does not know: nothing is wrong with it. */
  readonly isNewer: boolean;
  /** The sequence number behind the last event of which there is a trace. */
  readonly end: number;
}

export interface LoadedInstances {
  /** A key that was looked at and is not here has no row. */
  readonly instances: LoadedInstance[];
  /** How many of the keys, from the first, were looked at. */
  readonly looked: number;
}

export interface InstanceQuery {
  readonly statuses?: readonly RuntimeStatus[];
  readonly createdFrom?: number;
  readonly createdTo?: number;
  readonly name?: string;
  readonly instanceIdPrefix?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Keyset: only what comes after this instance in (createdAt, instanceId) order. */
  readonly after?: { readonly createdAt: number; readonly instanceId: string };
  readonly limit: number;
}

/** What a purge needs to know of an instance. */
export type InstanceHead = Pick<InstanceRow, 'partition' | 'instanceId' | 'executionId' | 'status' | 'parent'>;

export interface PurgeTarget extends InstanceKey {
  /** Only this execution; absent: whichever is there. */
  readonly executionId?: string;
  /** Only as it was at this version; absent: whatever has changed since. */
  readonly rowVersion?: number;
}

export interface PurgeOutcome {
  readonly deleted: boolean;
  /** As it was met; absent: there is no such instance, or another execution of it. */
  readonly status?: RuntimeStatus;
}

/** Which instances a purge is to delete. Times are epoch ms, both ends included. */
export interface PurgeRequest extends Pick<InstanceQuery, 'createdFrom' | 'createdTo' | 'name'> {
  readonly statuses: readonly RuntimeStatus[];
}

/** A step of it. */
export interface PurgeQuery extends PurgeRequest, Pick<InstanceQuery, 'after'> {
  readonly createdTo: number;
}

/** What tells whether an instance has been kept for long enough. */
export type InstanceAge = Pick<InstanceRow, 'partition' | 'instanceId' | 'executionId' | 'rowVersion' | 'status' | 'createdAt' | 'updatedAt'>;

/** A page of the instances in the order of their creation. Times are epoch ms, both ends included. */
export interface AgeQuery extends Pick<InstanceQuery, 'after'> {
  readonly createdFrom: number;
  readonly createdTo: number;
}

export interface AgeScan {
  readonly instances: readonly InstanceAge[];
  /** Where to go on; absent at the end. */
  readonly last?: NonNullable<InstanceQuery['after']>;
}

export interface PurgeScan {
  readonly targets: readonly PurgeTarget[];
  /** Where to go on; absent at the end. */
  readonly last?: NonNullable<InstanceQuery['after']>;
}
