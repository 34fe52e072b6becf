/** Whether a database in which all instances have ended is whole: every history, and nothing left over. */
import { setTimeout as delay } from 'node:timers/promises';
import { isFinished, type RuntimeStatus } from '../../../lib/core/history.js';
import type { StorageOptions } from '../../../lib/storage/index.js';
import { checkFinishedHistory, checkSequence } from './check-history.js';
import { readTables, type StoredEntity, type StoredInstance, type StoredTables } from './tables.js';

/** How long messages for what has ended may take to be cleared away, ms, while workers run. */
const CLEARING = 15_000;

/** Reads the tables once all instances have ended and no work waits any more; after a time, as they are. */
export async function readSettledTables(storage: StorageOptions): Promise<StoredTables> {
  const deadline = performance.now() + CLEARING;
  for (;;) {
    const tables = await readTables(storage);
    const isSettled = tables.instances.every(({ status }) => isFinished(status as RuntimeStatus)) && [...tables.leftovers.values()].every((rows) => rows.length === 0);
    if ((isSettled && tables.garbage.size === 0) || performance.now() > deadline) return tables;
    await delay(100);
  }
}

/** What is wrong in the tables; empty when all is well. */
export function checkDatabase(tables: StoredTables): string[] {
  return [
    ...tables.instances.flatMap((instance) => checkInstance(instance, tables)),
    ...tables.entities.flatMap(checkEntity),
    ...checkOrphans(tables),
    ...checkLeftovers(tables),
  ];
}

function checkInstance({ instanceId, executionId, name, status, historyLength }: StoredInstance, { histories }: StoredTables): string[] {
  if (!isFinished(status as RuntimeStatus)) return [`instance '${instanceId}' (${name}) is ${status}`];
  const chunks = histories.get(executionId) ?? [];
  const problems = [...checkSequence(chunks, historyLength), ...checkFinishedHistory(chunks.flatMap(({ events }) => events))];
  return problems.map((problem) => `history of instance '${instanceId}' (${name}): ${problem}`);
}

/** Nobody is left who could hold a lock, and an entity without a state has disappeared [N6]. */
function checkEntity({ entityId, state, lock }: StoredEntity): string[] {
  if (lock !== undefined) return [`entity '${entityId}' is still locked by ${JSON.stringify(lock)} [L1]`];
  return state === undefined ? [`entity '${entityId}' has neither state nor lock, but a row [N6]`] : [];
}

/** Histories that belong to no instance and are not about to be deleted, and children that are missing. */
function checkOrphans({ instances, histories, garbage }: StoredTables): string[] {
  const current = new Set(instances.map(({ executionId }) => executionId));
  const ids = new Set(instances.map(({ instanceId }) => instanceId));
  const problems: string[] = [];
  for (const [executionId, chunks] of histories) {
    if (!current.has(executionId) && !garbage.has(executionId)) problems.push(`execution ${executionId} has a history, but no instance and no place among the garbage`);
    for (const event of chunks.flatMap(({ events }) => events)) {
      if (event.type === 'SubOrchestrationInstanceCreated' && !ids.has(event.instanceId)) problems.push(`sub-orchestration '${event.instanceId}' was created, but is missing`);
    }
  }
  return problems;
}

function checkLeftovers({ leftovers }: StoredTables): string[] {
  return [...leftovers].filter(([, rows]) => rows.length > 0).map(([table, rows]) => `rows are left in ${table}: ${JSON.stringify(rows.slice(0, 5))}`);
}
