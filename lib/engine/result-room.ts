import type { Partition } from './partition.js';

/** Results that wait in memory for the turns of their instances before no more activities are taken up. */
const MAX_RESULTS = 10_000;
/** What they may have, bytes. */
const MAX_BYTES = 32 * 1024 * 1024;

/** The room for results: where they come faster than they are taken up, more of them would only fill memory. */
export class ResultRoom {
  /** Something may wait for room. */
  private isMissed = false;

  constructor(private readonly partitions: () => Iterable<Partition>) {}

  /** Whether there is room for one more; if not, {@link hasComeBack} will tell of it. */
  ask(): boolean {
    const hasRoom = this.hasRoom();
    this.isMissed ||= !hasRoom;
    return hasRoom;
  }

  /** Whether there is room again that somebody has asked for in vain; answered once. */
  hasComeBack(): boolean {
    if (!this.isMissed || !this.hasRoom()) return false;
    this.isMissed = false;
    return true;
  }

  private hasRoom(): boolean {
    let [results, bytes] = [0, 0];
    for (const { claims } of this.partitions()) {
      results += claims.results;
      bytes += claims.resultBytes;
    }
    return results < MAX_RESULTS && bytes < MAX_BYTES;
  }
}
