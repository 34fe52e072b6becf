import type { HubState, PartitionRow, WorkerInfo } from '../storage/store.js';
import { lacksAmong, ownersAmong, type Lack } from './handler-sets.js';

/** What a worker is to do about the partitions of its hub, by what its last heartbeat saw. */
export interface SharePlan {
  /** How many partitions this worker is to own. */
  readonly share: number;
  /** Free partitions, those first that no other worker looks at first. */
  readonly free: readonly number[];
  /** Partitions that the database holds for this worker without its knowing: offered by another one, or an answer was lost. */
  readonly assigned: readonly number[];
  /** Whether this worker is one of those that own partitions [Y6]. */
  readonly isOwner: boolean;
  /** What those that own partitions lack of each other's orchestrators and entities. */
  readonly lacks: readonly Lack[];
}

/**
 * Shares as equal as can be among the n workers that own partitions [Y6]: of P partitions everybody gets ⌊P/n⌋, and the
 * workers that registered first one more each until none is left over. All workers that see the same rows come to the same shares.
 */
export function planShare(state: HubState, worker: WorkerInfo, owned: ReadonlyMap<number, unknown>): SharePlan {
  const count = state.partitions.length;
  const owners = ownersAmong(state.workers);
  const rank = owners.findIndex(({ workerId }) => workerId === worker.workerId);
  const isOwner = rank !== -1;
  const least = Math.floor(count / Math.max(1, owners.length));
  const leftOver = count - least * owners.length;
  const begin = Math.max(0, rank) * least + Math.min(rank, leftOver);
  const distance = ({ partition }: PartitionRow) => (partition - begin + count) % count;
  const notOwned = state.partitions.filter(({ partition }) => !owned.has(partition));
  const isAssigned = ({ owner }: PartitionRow) => owner === worker.incarnation;
  return {
    share: isOwner ? least + (rank < leftOver ? 1 : 0) : 0,
    free: notOwned
      .filter((row) => !isAssigned(row) && (row.owner === null || row.expired))
      .sort((a, b) => distance(a) - distance(b))
      .map(({ partition }) => partition),
    assigned: notOwned.filter(isAssigned).map(({ partition }) => partition),
    isOwner,
    lacks: lacksAmong(owners),
  };
}
