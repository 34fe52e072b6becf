import type { StorageOptions } from '../../lib/storage/index.js';

/** What a process of hub-process.ts is told at its start, as JSON in its first argument. */
export interface HubProcessConfig {
  readonly storage: StorageOptions;
  readonly taskHub: string;
  /** How many orchestrations it runs. */
  readonly count: number;
}

export type HubProcessMessage =
  /** It has loaded its code, and waits for the word `start`. */
  | { readonly type: 'loaded' }
  /** Its orchestrations are at their end; it goes on working until the word `close`. */
  | { readonly type: 'done'; readonly outputs: readonly unknown[] }
  /** A warning or an error of its log. */
  | { readonly type: 'complaint'; readonly text: string };
