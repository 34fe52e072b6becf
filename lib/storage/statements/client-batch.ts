import { isFinished, type RuntimeStatus } from '../../core/history.js';
import type { Session } from '../session.js';
import type { ClientBatch, ClientOperation, ClientResult, InboxMessage, InstanceKey, InstanceRow, WorkerInfo } from '../store.js';
import { ATTEMPTS_COLUMN, INSTANCE_COLUMNS, instanceValues } from '../instance-records.js';
import { markGarbage } from './garbage.js';
import { insertMessages } from './inbox.js';
import { compareKeys } from './instances.js';
import { insertTags } from './tags.js';
import { fenceWorker } from './workers.js';

const KEY = ['hub', 'partition_no', 'instance_id'] as const;

/** What the batch knows and decides of one instance. */
interface Standing {
  readonly status: RuntimeStatus;
  readonly executionId: string;
  readonly rowVersion: number;
}

/** The changes that the operations of a batch, one after the other, make. */
class Plan {
  readonly inserts = new Map<string, InstanceRow>();
  readonly replacements = new Map<string, { row: InstanceRow; oldExecutionId: string }>();
  readonly rewound = new Map<string, { message: InboxMessage; now: number }>();
  readonly messages: InboxMessage[] = [];

  constructor(private readonly standings: Map<string, Standing>) {}

  apply(operation: ClientOperation): ClientResult {
    if (operation.kind === 'start') return this.start(operation);
    if (operation.kind === 'send') return this.send(operation);
    return operation.kind === 'signal' ? this.signal(operation) : this.rewind(operation);
  }

  private rewind({ message, now }: Extract<ClientOperation, { kind: 'rewind' }>): ClientResult {
    const result = this.send({ kind: 'send', message, allowed: ['Failed'] });
    if (result.kind !== 'done') return result;
    const { instanceId } = message;
    const standing = this.standings.get(instanceId)!;
    this.standings.set(instanceId, { ...standing, status: 'Running', rowVersion: standing.rowVersion + 1 });
    this.rewound.set(instanceId, { message, now });
    return result;
  }

  private start(operation: Extract<ClientOperation, { kind: 'start' }>): ClientResult {
    const { row, message, onConflict, replaceMessage, replaces } = operation;
    const standing = this.standings.get(row.instanceId);
    let written = row;
    if (replaces !== undefined && standing?.executionId !== replaces) {
      return standing ? { kind: 'exists', status: standing.status } : { kind: 'missing' };
    }
    if (!standing) {
      this.inserts.set(row.instanceId, row);
    } else if (isFinished(standing.status) && (onConflict === 'replaceFinished' || onConflict === 'terminateAndReplace')) {
      written = { ...row, rowVersion: standing.rowVersion + 1 };
      this.replacements.set(row.instanceId, { row: written, oldExecutionId: standing.executionId });
    } else if (onConflict === 'terminateAndReplace' && replaceMessage) {
      this.messages.push(replaceMessage);
      return { kind: 'replacing' };
    } else return { kind: 'exists', status: standing.status };
    this.standings.set(row.instanceId, written);
    this.messages.push(message);
    return { kind: 'done', row: written };
  }

  private send({ message, allowed }: Extract<ClientOperation, { kind: 'send' }>): ClientResult {
    const standing = this.standings.get(message.instanceId);
    if (!standing) return { kind: 'missing' };
    if (!allowed.includes(standing.status)) return { kind: 'status', status: standing.status };
    this.messages.push(message);
    return { kind: 'done' };
  }

  private signal({ message }: Extract<ClientOperation, { kind: 'signal' }>): ClientResult {
    this.messages.push(message);
    return { kind: 'done' };
  }
}

/** The calls of one process, as if one after the other. A row that a call may change is locked until the end (I8). */
export async function applyClientBatch(session: Session, hub: number, worker: WorkerInfo, batch: ClientBatch): Promise<ClientResult[]> {
  const plan = new Plan(await readStandings(session, hub, batch.operations.filter(({ kind }) => kind !== 'signal')));
  const results = batch.operations.map((operation) => plan.apply(operation));
  const list = session.newList();
  list.insert('durable_instances', INSTANCE_COLUMNS, [...plan.inserts.values()].map((row) => instanceValues(hub, row)));
  for (const { row } of plan.replacements.values()) {
    const columns = [...INSTANCE_COLUMNS, ATTEMPTS_COLUMN] as const;
    const set = columns.slice(KEY.length).map((column) => `${column} = ?`).join(', ');
    const values = instanceValues(hub, row, columns);
    list.write(`UPDATE durable_instances SET ${set} WHERE ${KEY.map((column) => `${column} = ?`).join(' AND ')}`, [
      ...values.slice(KEY.length), ...values.slice(0, KEY.length),
    ]);
  }
  for (const { message: { partition, instanceId }, now } of plan.rewound.values()) {
    list.write(
      `UPDATE durable_instances SET status = 'Running', output = NULL, failure = NULL, updated_at = ?, row_version = row_version + 1 ` +
        `WHERE ${KEY.map((column) => `${column} = ?`).join(' AND ')}`,
      [now, hub, partition, instanceId],
    );
  }
  insertTags(list, hub, [...plan.inserts.values(), ...[...plan.replacements.values()].map(({ row }) => row)]);
  markGarbage(list, hub, [...plan.replacements.values()].map(({ row, oldExecutionId }) => ({ partition: row.partition, garbage: [oldExecutionId] })));
  insertMessages(list, hub, plan.messages);
  fenceWorker(list, hub, worker, batch);
  session.writeLast(list);
  return results;
}

async function readStandings(session: Session, hub: number, operations: readonly ClientOperation[]): Promise<Map<string, Standing>> {
  const changed = new Set(operations.flatMap(({ kind, message: { instanceId } }) => (kind === 'send' ? [] : [instanceId])));
  const keys = new Map(operations.map(({ message: { partition, instanceId } }) => [instanceId, { partition, instanceId }]));
  const read = (ids: readonly InstanceKey[], lock: string) =>
    session.selectMany<StandingRecord>(
      'instance_id, status, execution_id, row_version', 'durable_instances', KEY, ids.map(({ partition, instanceId }) => [hub, partition, instanceId]), lock,
    );
  // All processes lock in the order of the primary key.
  const sorted = [...keys.values()].sort(compareKeys);
  const rows = [
    ...(await read(sorted.filter(({ instanceId }) => changed.has(instanceId)), session.dialect.forUpdate)),
    ...(await read(sorted.filter(({ instanceId }) => !changed.has(instanceId)), '')),
  ];
  return new Map(
    rows.map(({ instance_id, status, execution_id, row_version }) => [
      instance_id,
      { status: status as RuntimeStatus, executionId: execution_id, rowVersion: Number(row_version) },
    ]),
  );
}

interface StandingRecord {
  instance_id: string;
  status: string;
  execution_id: string;
  row_version: number | string;
}
