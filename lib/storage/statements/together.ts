/**
 * SELECTs as one.
 * @param selects each with an order and a limit of its own
 * @param alias of the tables that they become, before their numbers
 * @param before SELECTs that need neither
 */
export function together(selects: readonly string[], alias: string, before: readonly string[] = []): string {
  return [...before, ...selects.map((select, index) => `SELECT * FROM (${select}) AS ${alias}${index}`)].join(' UNION ALL ');
}
