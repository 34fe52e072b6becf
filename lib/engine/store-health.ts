import type { DurableLogger } from '../core/logger.js';
import { OutcomeUnknownError, TransientStoreError } from '../storage/errors.js';

/** Whether the database answers; says so once when that changes, not at every try. */
export class StoreHealth {
  private failing = false;

  constructor(private readonly log: DurableLogger, private readonly hub: string) {}

  reached(): void {
    if (!this.failing) return;
    this.failing = false;
    this.log.log(`Task hub '${this.hub}': the database is reachable again.`);
  }

  failed(error: unknown): void {
    if (this.failing) return;
    this.failing = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.log.warn(`Task hub '${this.hub}': the database cannot be reached or refuses writes; trying again until it does not. ${reason}`);
  }

  isTransient(error: unknown): boolean {
    return error instanceof TransientStoreError || error instanceof OutcomeUnknownError;
  }
}
