/** Goes after what entities should have cleaned up themselves, by messages to them: only their owners write their rows (I8). */
import { isFinished, type Caller } from '../core/index.js';
import type { EntityRow } from '../storage/store.js';
import type { ClientHost } from './host.js';

/** What {@link DurableClient.cleanEntityStorage} found, and had tidied up. */
export interface CleanEntityStorageResult {
  /** Rows of entities that have neither a state nor a lock. */
  readonly emptyEntitiesRemoved: number;
  /** Locks of orchestrations that are finished or gone. */
  readonly orphanedLocksReleased: number;
}

interface Lock {
  readonly entityId: string;
  readonly holder: Caller;
}

/** Rows that are looked at together. */
const CHUNK = 200;
/** No orchestration is this one: taking back its lock has the owner look at the entity, and remove a row that nothing speaks for. */
const NOBODY: Caller = { instanceId: '', executionId: '', taskId: -1 };

export async function cleanEntityStorage(host: ClientHost): Promise<CleanEntityStorageResult> {
  let emptyEntitiesRemoved = 0;
  let orphanedLocksReleased = 0;
  let after: string | undefined;
  for (;;) {
    const rows = await host.queryEntities({ which: 'residual', fetchState: false, after, limit: CHUNK });
    const orphaned = await orphanedLocks(host, rows);
    const empty = emptyEntities(rows);
    await Promise.all([...orphaned, ...empty].map(({ entityId, holder }) => host.signal(entityId, { type: 'UnlockEntity', holder })));
    emptyEntitiesRemoved += empty.length;
    orphanedLocksReleased += orphaned.length;
    if (rows.length < CHUNK) return { emptyEntitiesRemoved, orphanedLocksReleased };
    after = rows.at(-1)?.instanceId;
  }
}

function emptyEntities(rows: readonly EntityRow[]): Lock[] {
  // Attempts are counted before an operation runs [Y8]: such a row is in use.
  const isEmpty = ({ lock, attempts }: EntityRow) => lock === undefined && attempts === undefined;
  return rows.filter(isEmpty).map(({ instanceId }) => ({ entityId: instanceId, holder: NOBODY }));
}

async function orphanedLocks(host: ClientHost, rows: readonly EntityRow[]): Promise<Lock[]> {
  const locks = rows.flatMap(({ instanceId, lock }): Lock[] => (lock ? [{ entityId: instanceId, holder: lock }] : []));
  if (locks.length === 0) return [];
  const heads = await host.getInstanceHeads([...new Set(locks.map(({ holder }) => holder.instanceId))]);
  const live = new Set(heads.filter(({ status }) => !isFinished(status)).map(({ executionId }) => executionId));
  return locks.filter(({ holder }) => !live.has(holder.executionId));
}
