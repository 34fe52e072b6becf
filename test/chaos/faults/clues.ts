/** What a server's tables say of an instance at the moment when a worker logs an error about it: later all of it may be in order again. */
import type { ServerGround } from './ground.js';

const ABOUT_INSTANCE = /[Ii]nstance '([^']+)'/;

/** Answers a line with the error and the rows, or why they could not be read. */
export async function cluesOf(error: string, { admin, storage: { database } }: Pick<ServerGround, 'admin' | 'storage'>): Promise<string> {
  const began = new Date().toISOString();
  const [, instanceId] = ABOUT_INSTANCE.exec(error) ?? [];
  if (instanceId === undefined) return `${began} ${error}`;
  const ofInstance = `FROM ${database}.durable_instances AS i`;
  const isIt = `WHERE i.instance_id = '${instanceId}'`;
  const queries = [
    `SELECT i.partition_no, i.execution_id, i.status, i.history_length, i.row_version, i.updated_at ${ofInstance} ${isIt}`,
    `SELECT h.execution_id, h.sequence_no, h.event_count ${ofInstance} JOIN ${database}.durable_history AS h USING (hub, partition_no, execution_id) ${isIt}`,
    `SELECT p.owner, p.epoch, p.commit_no, p.lease_expires_at ${ofInstance} JOIN ${database}.durable_partitions AS p USING (hub, partition_no) ${isIt}`,
    'SELECT trx_id, trx_state, trx_started, trx_mysql_thread_id, trx_query, trx_rows_modified FROM information_schema.innodb_trx',
  ];
  try {
    return `${began} ${error} ${JSON.stringify(await Promise.all(queries.map((query) => admin(query))))}`;
  } catch (reason) {
    return `${began} ${error} (${reason instanceof Error ? reason.message : String(reason)})`;
  }
}
