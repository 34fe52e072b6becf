import type { HubState, PartitionRow, WorkerInfo } from '../storage/store.js';

/** What a worker is to do about the partitions of its hub, by what its last heartbeat saw. */
export interface SharePlan {
  /** How many partitions this worker is to own. */
  readonly share: number;
  /** Free partitions, those first that no other worker looks at first. */
  readonly free: readonly number[];
  /** Partitions that the database holds for this worker without its knowing: the answer to taking or releasing them was lost. */
  readonly strays: readonly PartitionRow[];
}

/**
 * Shares as equal as can be: of n workers and P partitions everybody gets ⌊P/n⌋, and the workers that registered first one
 * more each until none is left over. All workers that see the same rows come to the same shares.
 */
export function planShare(state: HubState, worker: WorkerInfo, owned: ReadonlyMap<number, unknown>): SharePlan {
  const count = state.partitions.length;
  const live = state.workers.filter((row) => row.live && row.worker).map(({ workerId }) => workerId).sort((a, b) => a - b);
  const rank = Math.max(0, live.indexOf(worker.workerId));
  const least = Math.floor(count / Math.max(1, live.length));
  const leftOver = count - least * Math.max(1, live.length);
  const begin = rank * least + Math.min(rank, leftOver);
  const distance = ({ partition }: PartitionRow) => (partition - begin + count) % count;
  const notOwned = state.partitions.filter(({ partition }) => !owned.has(partition));
  return {
    share: least + (rank < leftOver ? 1 : 0),
    free: notOwned
      .filter(({ owner, expired }) => owner === null || expired || owner === worker.incarnation)
      .sort((a, b) => distance(a) - distance(b))
      .map(({ partition }) => partition),
    strays: notOwned.filter(({ owner }) => owner === worker.incarnation),
  };
}
