/** What the driver and a worker process tell each other. */
import type { StorageOptions } from '../../lib/storage/index.js';

/** Everything that a worker process is told at its start, as JSON in its first argument. */
export interface WorkerConfig {
  readonly name: string;
  readonly storage: StorageOptions;
  /** ms */
  readonly leaseDuration: number;
  /** Directory of the effects logs. */
  readonly effects: string;
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
  | { readonly type: 'log'; readonly level: 'log' | 'warn' | 'error'; readonly text: string };

/** Asks a worker to close its application and to exit. */
export const CLOSE = 'close';
