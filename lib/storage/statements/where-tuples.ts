import type { Value } from '../dialect.js';
import type { Session } from '../session.js';

/** A condition over tuples, with TypeORM's named parameters. */
export function whereTuples(query: { where(sql: string, values: object): unknown }, session: Session, columns: readonly string[], tuples: readonly (readonly Value[])[]): void {
  let next = 0;
  const sql = session.dialect.tuplesIn(columns, tuples.length).replace(/\?/g, () => `:v${next++}`);
  query.where(sql, Object.fromEntries(tuples.flat().map((value, index) => [`v${index}`, value])));
}
