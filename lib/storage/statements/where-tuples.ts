import type { Value } from '../dialect.js';
import type { Session } from '../session.js';

/** A condition over tuples, with TypeORM's named parameters. */
export function whereTuples(query: { where(sql: string, values: object): unknown }, session: Session, columns: readonly string[], tuples: readonly (readonly Value[])[]): void {
  const { sql, parameters } = named(session.dialect.tuplesIn(columns, tuples.length), tuples.flat(), 'v');
  query.where(sql, parameters);
}

/** SQL with a mark for each value, as TypeORM wants it: with parameters that have names. @param prefix of the names */
export function named(sql: string, values: readonly Value[], prefix: string): { sql: string; parameters: Record<string, Value> } {
  let next = 0;
  return {
    sql: sql.replace(/\?/g, () => `:${prefix}${next++}`),
    parameters: Object.fromEntries(values.map((value, index) => [`${prefix}${index}`, value])),
  };
}
