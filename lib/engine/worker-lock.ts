import type { StoreCapabilities } from '../storage/store.js';

/** The right to work on the hub, where one process at a time may (SQLite); of no concern elsewhere. */
export class WorkerLock {
  isHeld = false;

  constructor(private readonly capabilities: StoreCapabilities) {}

  /** Whether one process at a time may work on the hub. */
  get isNeeded(): boolean {
    return this.capabilities.singleWorker;
  }

  /** Answers whether this process has the lock now. */
  async tryTake(): Promise<boolean> {
    if (!this.isHeld) this.isHeld = (await this.capabilities.tryLockWorker?.()) ?? false;
    return this.isHeld;
  }

  async release(): Promise<void> {
    if (this.isHeld) await this.capabilities.unlockWorker?.();
    this.isHeld = false;
  }
}
