import type { DurableModuleOptions } from '../../lib/index.js';

/** What a process of crowd-worker.ts is told at its start, as JSON in its first argument. */
export type CrowdWorkerConfig = Omit<DurableModuleOptions, 'http'>;

export type CrowdRequest =
  /** Moves engine time on, ms. */
  | { readonly type: 'advance'; readonly ms: number }
  /** Keeps the event loop from everything else, ms. */
  | { readonly type: 'block'; readonly ms: number }
  | { readonly type: 'close' };

export type CrowdMessage =
  | { readonly type: 'ready' }
  /** It is about to do what it was asked for, or has done it. */
  | { readonly type: 'begun' | 'done' }
  /** Code that does not end has begun. */
  | { readonly type: 'hangs'; readonly what: 'activity' | 'operation' }
  | { readonly type: 'log'; readonly level: 'log' | 'warn' | 'error'; readonly text: string };
