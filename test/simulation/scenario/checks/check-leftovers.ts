/** What may not be left in the tables when everything has ended [L1], [N6] (I6). */
import type { StoredTables } from '../../../chaos/checker/tables.js';

export function checkLeftovers({ entities, leftovers, histories, instances, garbage }: StoredTables): string[] {
  const current = new Set(instances.map(({ executionId }) => executionId));
  return [
    ...entities.flatMap(({ entityId, state, lock }) => {
      if (lock !== undefined) return [`entity '${entityId}' is still locked by ${JSON.stringify(lock)} [L1]`];
      return state === undefined ? [`entity '${entityId}' has neither state nor lock, but a row [N6]`] : [];
    }),
    ...[...leftovers].filter(([, rows]) => rows.length > 0).map(([table, rows]) => `I6: rows are left in ${table}: ${JSON.stringify(rows.slice(0, 3))}`),
    ...[...histories.keys()].filter((id) => !current.has(id) && !garbage.has(id)).map((id) => `I1: execution ${id} has a history, but no instance and no place among the garbage`),
  ];
}
