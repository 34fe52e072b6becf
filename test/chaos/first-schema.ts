/** A database as the first version of the tables left it, with instances in the middle of their work. */
import { partitionOf } from '../../lib/core/ids.js';
import type { TestStorage } from '../support/databases.js';
import { makeEarlierSchema } from '../support/earlier-schema.js';

const PARTITIONS = 4;
const TIME = 1_700_000_000_000;

/** Instances `waits` (for the event go, which is in its inbox), `ships` (its activity is to be run) and `new` (not begun). */
export async function createFirstSchema(storage: TestStorage, taskHub: string): Promise<void> {
  const source = await makeEarlierSchema(storage, 1);
  const insert = (table: string, row: Readonly<Record<string, string | number | null>>) =>
    source.query(`INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row).map(() => '?').join(', ')})`, Object.values(row));
  try {
    await insert('durable_hubs', { hub: 1, name: taskHub, partition_count: PARTITIONS, created_at: TIME, last_worker_id: 3, schema_version: 1, oldest_schema: 1 });
    for (let partition_no = 0; partition_no < PARTITIONS; partition_no += 1) {
      await insert('durable_partitions', { hub: 1, partition_no, owner: 'a dead worker', epoch: 3, lease_expires_at: TIME, commit_no: 7, last_key: TIME });
    }
    const place = (instance_id: string) => ({ hub: 1, partition_no: partitionOf(instance_id, PARTITIONS), instance_id });
    const begun = async (instanceId: string, name: string, outputs: readonly object[]) => {
      const { hub, partition_no, instance_id } = place(instanceId);
      const execution_id = `execution of ${instanceId}`;
      const events = [{ type: 'OrchestratorStarted', timestamp: TIME }, { type: 'ExecutionStarted', name, input: '1' }, ...outputs, { type: 'OrchestratorCompleted' }];
      await insert('durable_instances', {
        hub, partition_no, instance_id, execution_id, name, status: 'Running', input: '1', created_at: TIME, updated_at: TIME, history_length: events.length, row_version: 2,
      });
      await insert('durable_history', { hub, partition_no, execution_id, sequence_no: 0, event_count: events.length, format: 1, body: JSON.stringify(events) });
      return { hub, partition_no, instance_id, execution_id };
    };
    const message = (instanceId: string, body: object) =>
      insert('durable_inbox', { ...place(instanceId), msg_key: TIME, sender: 1_003, body: JSON.stringify(body) });

    await begun('waits', 'waits', []);
    await message('waits', { type: 'Deliver', event: { type: 'EventRaised', name: 'go', input: '"went"' } });
    const shipping = await begun('ships', 'ship', [{ type: 'TaskScheduled', taskId: 0, name: 'pack', input: '1', callId: 0, attempt: 1 }]);
    await insert('durable_activities_ready', { ...shipping, task_id: 0, name: 'pack', input: '1', call_id: 0, attempt: 1 });
    await insert('durable_instances', {
      ...place('new'), execution_id: 'execution of new', name: 'ship', status: 'Pending', input: '2', created_at: TIME, updated_at: TIME, history_length: 0, row_version: 1,
    });
    await message('new', { type: 'StartInstance' });
  } finally {
    await source.destroy();
  }
}
