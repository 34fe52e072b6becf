import type { Session } from '../session.js';

const TABLES = ['durable_inbox', 'durable_activities_ready'] as const;

/** Counts what waits, and of each kind no more than `limit`: so that a large backlog is not read as a whole, again and again. */
export async function countBacklog(session: Session, hub: number, limit: number): Promise<number> {
  const counts = TABLES.map((table) => `(SELECT COUNT(*) FROM (SELECT 1 FROM ${table} WHERE hub = ? LIMIT ?) AS ${table})`);
  const [row] = await session.rows<{ waiting: number | string }>(`SELECT ${counts.join(' + ')} AS waiting`, TABLES.flatMap(() => [hub, limit]));
  return Number(row!.waiting);
}
