/** What the driver and a worker process tell each other. */
import type { StorageOptions } from '../../lib/storage/index.js';
import type { CommitOutcome } from '../../lib/storage/store.js';
import type { Release } from './orders.js';

/** Everything that a worker process is told at its start, as JSON in its first argument. */
export interface WorkerConfig {
  readonly name: string;
  readonly storage: StorageOptions;
  /** ms */
  readonly leaseDuration: number;
  /** Directory of the effects logs. */
  readonly effects: string;
  /** The deployment whose handlers it has; default: those of the crash test. */
  readonly release?: Release;
  /** The setting; with it the worker has the handlers of killers.ts. */
  readonly maxDispatchCount?: number;
  /** The call whose activity never ends in this process. */
  readonly hold?: string;
  readonly freeze?: Freeze;
}

/** Where the worker stops itself by SIGSTOP, once, in the middle of its work. */
export interface Freeze {
  /** Which of its checkpoint transactions, from 1. */
  readonly commit: number;
  /** `before`: it has not begun; `inside`: its rows are written and locked, the fence comes next. */
  readonly place: 'before' | 'inside';
}

export type WorkerMessage =
  /** The application has started. */
  | { readonly type: 'ready' }
  /** It runs its first activity. */
  | { readonly type: 'working' }
  /** It runs the activity that it is to hold. */
  | { readonly type: 'holding' }
  /** It is about to stop itself. */
  | { readonly type: 'freezing' }
  /** A commit was refused: by its fence (I2), or because what it consumes or changes is no longer there (I4, I8). */
  | { readonly type: 'refused'; readonly reason: 'FenceLostError' | 'StaleMemberError' }
  /** The answer to COMMIT was lost (I2). */
  | { readonly type: 'unanswered' }
  /** What had become of such a commit, by partition. */
  | { readonly type: 'resolved'; readonly outcomes: readonly CommitOutcome[] }
  /** What came of a {@link ClientRequest}. */
  | { readonly type: 'answer'; readonly request: number; readonly error?: string }
  | { readonly type: 'log'; readonly level: 'log' | 'warn' | 'error'; readonly text: string };

/** Asks a worker to close its application and to exit. */
export const CLOSE = 'close';

/** Something for the client of a worker's application to do; see order-client.ts. */
export interface ClientCall {
  readonly call: 'start' | 'pay';
  /** Of the order. */
  readonly instanceId: string;
}

export interface ClientRequest extends ClientCall {
  readonly request: number;
}

/** Something to go wrong in the worker. */
export type Harm =
  /** It stops itself there in its next commit. */
  | { readonly freeze: Freeze['place'] }
  /** Its calendar is so far from the true time, ms. */
  | { readonly shiftClock: number };

export type WorkerRequest = typeof CLOSE | ClientRequest | Harm;
