/** What clients write: their calls, merged into batches that their worker's row fences. */
import type { RuntimeStatus } from '../../core/history.js';
import type { InstanceRow } from './instances.js';
import type { InboxMessage, OnConflict } from './messages.js';

/** What a client asks for. Keys and execution ids are fixed before the first attempt. */
export type ClientOperation =
  | {
      readonly kind: 'start';
      readonly row: InstanceRow;
      /** StartInstance, written with the row. */
      readonly message: InboxMessage;
      readonly onConflict: OnConflict;
      /** Execution id of the only instance whose place it may take; without that instance nothing is written. */
      readonly replaces?: string;
      /** CreateInstance, written instead when `terminateAndReplace` meets a live instance. */
      readonly replaceMessage?: InboxMessage;
    }
  /** Makes a failed instance Running, and has its owner rewind it: the message is a RewindInstance. */
  | { readonly kind: 'rewind'; readonly message: InboxMessage; readonly now: number }
  /** A message for an entity, whether it exists or not. */
  | { readonly kind: 'signal'; readonly message: InboxMessage }
  /** A message for an existing instance in one of these statuses. */
  | { readonly kind: 'send'; readonly message: InboxMessage; readonly allowed: readonly RuntimeStatus[] };

export type ClientResult =
  /** With the row that a start has written. */
  | { readonly kind: 'done'; readonly row?: InstanceRow }
  /** A start left a live instance to its owner, by the CreateInstance. */
  | { readonly kind: 'replacing' }
  /** Nothing was written: the instance is missing or in a status that is not allowed. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'status'; readonly status: RuntimeStatus }
  /** A start found an instance that stands in its way, or that it uses. */
  | { readonly kind: 'exists'; readonly status: RuntimeStatus };

export interface ClientBatch {
  readonly operations: readonly ClientOperation[];
  readonly previousCommitNo: number;
  readonly commitNo: number;
  readonly lastKey: number;
}
