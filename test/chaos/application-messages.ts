import type { StorageOptions } from '../../lib/storage/index.js';

/** The applications of cross-application.spec.ts. The shop calls the warehouse. */
export type ApplicationName = 'shop' | 'warehouse';

/** What a process of application-process.ts is told at its start, as JSON in its first argument. */
export interface ApplicationConfig {
  readonly name: ApplicationName;
  readonly storage: StorageOptions;
  /** ms */
  readonly leaseDuration: number;
  /** Where the shop finds the warehouse. */
  readonly warehouseUrl: string;
  /** Activities of the warehouse that never end in this process; it tells when they have begun. */
  readonly hold?: readonly string[];
}

export type ApplicationMessage =
  /** It works; the warehouse listens on this port. */
  | { readonly type: 'ready'; readonly port?: number }
  /** An activity of the warehouse has begun. */
  | { readonly type: 'begun'; readonly what: string }
  /** An error of its log. */
  | { readonly type: 'error'; readonly text: string };
