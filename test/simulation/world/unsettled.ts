import type { MemoryDatabase } from './memory-database.js';

/** Tables in which nothing is left when everything has ended. */
const WORK = ['durable_inbox', 'durable_timers', 'durable_activities_ready', 'durable_activities_running', 'durable_entity_queue', 'durable_garbage'] as const;

const UNSETTLED = [
  `SELECT 'instance ''' || instance_id || ''' is ' || status AS text FROM durable_instances WHERE status NOT IN ('Completed', 'Failed', 'Terminated')`,
  `SELECT 'entity ''' || instance_id || ''' is locked' AS text FROM durable_entities WHERE lock_holder IS NOT NULL`,
  ...WORK.map((table) => `SELECT '${table} has ' || COUNT(*) || ' rows' AS text FROM ${table} HAVING COUNT(*) > 0`),
];

/** What has not come to its end, in words. */
export function findUnsettled(memory: MemoryDatabase): string[] {
  return UNSETTLED.flatMap((sql) => memory.rows<{ text: string }>(sql).map(({ text }) => text));
}
