/**
 * Tells what only waits its turn from what nobody gets to. A value that has changed since the last look says that something was done
 * with the work, or with what stands before it.
 */
import { isEntityId } from '../core/entity-id.js';
import type { Dispatcher } from './dispatcher.js';
import type { Entities } from './entities/entities.js';
import type { ActivityCounts } from './metrics.js';
import type { OverdueItem } from './overdue-items.js';
import type { Partition } from './partition.js';

export interface ProgressSources {
  readonly dispatcher: Pick<Dispatcher, 'isQueued'>;
  readonly entities: Pick<Entities, 'isQueued'>;
  readonly activities: ActivityCounts;
}

/** How far the process has got with what the item waits for; `undefined`: nothing shows that it is at work on it. */
export function progressOf({ kind, instanceId }: OverdueItem, partition: Partition, { dispatcher, entities, activities }: ProgressSources): string | undefined {
  // Taken by a worker that is gone: it waits for nothing.
  if (kind === 'orphaned') return undefined;
  if (kind === 'ready') return `${activities.completed + activities.failed} activities`;
  const isEntity = isEntityId(instanceId);
  const slot = isEntity ? partition.entities.get(instanceId) : partition.slots.get(instanceId);
  const isQueued = isEntity ? entities.isQueued(partition, instanceId) : dispatcher.isQueued(partition, instanceId);
  // In its queue, or still in the inbox behind what fills memory.
  const isBehindOthers = isQueued || (!slot?.busy && !slot?.hasWork && partition.hasLeftOut);
  return isBehindOthers ? `commit ${partition.commits}` : slot && `version ${slot.row?.rowVersion}`;
}
