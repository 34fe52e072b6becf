/** Activities that wait for a worker, and those that run under a worker's claim. */
import type { InboxMessage } from './messages.js';

export interface ActivityKey {
  readonly partition: number;
  readonly executionId: string;
  readonly taskId: number;
}

export interface ActivityWork extends ActivityKey {
  readonly instanceId: string;
  readonly name: string;
  readonly input?: string;
  readonly callId: number;
  /** Attempt of the retry policy, 1 for the first. */
  readonly attempt: number;
  /** How often a worker died while it ran this activity [Y8]; absent: never. */
  readonly dispatchCount?: number;
}

/** Which waiting activities may be what killed the workers that ran them [Y8]. At most one of them is taken at a time. */
export interface SuspectClaim {
  /** Those of this dispatch count and more. */
  readonly from: number;
  /** False: none is taken. */
  readonly take: boolean;
}

export interface RunningActivity extends ActivityWork {
  /** Only a result that deletes the row with this token counts (I4). */
  readonly claimToken: string;
  /** Incarnation of the worker that runs it. */
  readonly claimedBy: string;
}

export interface ForeignActivityResult {
  readonly activity: RunningActivity;
  /** Goes to the inbox of the owner, with this key. */
  readonly message: InboxMessage;
}
