import type { RunningActivity } from '../storage/store.js';

/** Claims of this process on activities of one partition, by token, and what of their results waits in memory to be taken up. */
export class Claims extends Map<string, RunningActivity> {
  private readonly sizes = new Map<string, number>();
  private bytes = 0;

  /** Results that wait. */
  get results(): number {
    return this.sizes.size;
  }

  /** What they take, about. */
  get resultBytes(): number {
    return this.bytes;
  }

  /** The activity has ended with a result of so many bytes, which waits for its instance's turn. */
  ended(claimToken: string, bytes: number): void {
    if (!this.has(claimToken) || this.sizes.has(claimToken)) return;
    this.sizes.set(claimToken, bytes);
    this.bytes += bytes;
  }

  override delete(claimToken: string): boolean {
    this.bytes -= this.sizes.get(claimToken) ?? 0;
    this.sizes.delete(claimToken);
    return super.delete(claimToken);
  }

  override clear(): void {
    this.sizes.clear();
    this.bytes = 0;
    super.clear();
  }
}
