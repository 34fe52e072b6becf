import type { DurableLogger } from '../core/logger.js';
import { OutcomeUnknownError, TransientStoreError } from '../storage/errors.js';

/** Whether the database answers; says so once when that changes, not at every try. */
export class StoreHealth {
  /** Since when it does not, epoch ms, and why. */
  failure: { readonly since: number; readonly reason: string } | undefined;

  /** @param now engine time, epoch ms */
  constructor(private readonly log: DurableLogger, private readonly hub: string, private readonly now: () => number) {}

  reached(): void {
    if (!this.failure) return;
    this.failure = undefined;
    this.log.log(`Task hub '${this.hub}': the database is reachable again.`);
  }

  failed(error: unknown): void {
    if (this.failure) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.failure = { since: this.now(), reason };
    this.log.warn(`Task hub '${this.hub}': the database cannot be reached or refuses writes; trying again until it does not. ${reason}`);
  }

  isTransient(error: unknown): boolean {
    return error instanceof TransientStoreError || error instanceof OutcomeUnknownError;
  }
}
