/** What the database holds of a task hub as a whole: its workers and its partitions. */
import type { OutdatedVersionError } from '../../core/client-errors.js';

export interface HubOptions {
  readonly name: string;
  readonly partitionCount: number;
}

export interface HubInfo {
  readonly hubId: number;
  /** As stored with the hub; a different setting is reported, the stored one counts. */
  readonly partitionCount: number;
}

/** What a worker can run. A handler without a version is listed with `version` absent. */
export interface HandlerList {
  readonly orchestrators: readonly { readonly name: string; readonly version?: string }[];
  readonly activities: readonly string[];
  /** In lower case [N1]. */
  readonly entities: readonly string[];
}

export interface WorkerRegistration {
  /** A fresh UUID per engine start. */
  readonly incarnation: string;
  /** False for a process that is client only. */
  readonly worker: boolean;
  readonly handlers: HandlerList;
  readonly leaseDuration: number;
}

/** The row of this process; it is also the sender of its client's messages. `commitNo` and `lastKey` start at 0. */
export interface WorkerInfo {
  readonly workerId: number;
  readonly incarnation: string;
}

export interface WorkerRow extends WorkerInfo {
  readonly worker: boolean;
  readonly handlers: HandlerList;
  readonly live: boolean;
}

export interface PartitionRow {
  readonly partition: number;
  readonly owner: string | null;
  readonly epoch: number;
  readonly expired: boolean;
}

export interface HubState {
  readonly time: number;
  /** False when the worker's own row is gone: it was taken for dead. */
  readonly alive: boolean;
  readonly workers: readonly WorkerRow[];
  readonly partitions: readonly PartitionRow[];
  /** Why this process may not write any more: a newer version has opened the hub, and says so. */
  readonly outdated?: OutdatedVersionError;
}

export interface PartitionLease {
  readonly partition: number;
  readonly epoch: number;
  readonly commitNo: number;
  readonly lastKey: number;
  /** The owner before, another one, when it did not give the partition away: it died, or was out of reach for too long. */
  readonly takenOverFrom: string | null;
}

/** A partition that its owner gives back. */
export interface PartitionRelease extends Pick<PartitionLease, 'partition' | 'epoch'> {
  /** A dead worker of whose work there something has not been taken up since: the next owner takes the partition over from it, as this one did [Y8]. */
  readonly leftBy?: string | null;
}
