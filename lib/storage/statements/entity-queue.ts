import type { Caller } from '../../core/history.js';
import type { Value } from '../dialect.js';
import { StaleMemberError } from '../errors.js';
import { readBody } from '../message-bodies.js';
import type { Session } from '../session.js';
import type { Checkpoint, InstanceKey, QueuedMessage, QueueKey } from '../store.js';
import type { WriteList } from '../write-list.js';
import { together } from './together.js';

const KEY = ['hub', 'partition_no', 'instance_id', 'due_at', 'msg_key', 'sender'] as const;
/** In place of a due time: the message waits for its turn. */
export const NOT_SCHEDULED = 0;
/** Queues that one statement reads. SQLite's time for it rises with the square of their number. */
const MAX_QUEUES = 50;

interface KeyRow {
  partition_no: number;
  instance_id: string;
  due_at: number | string;
  msg_key: number | string;
  sender: number | string;
}

/** A message of a queue, before it is read. */
export interface QueueHead extends QueueKey {
  readonly bytes: number;
}

/**
 * Queues messages, deletes exactly those that are taken up (I4), and the lock requests that were taken back. In this order: a
 * request may be queued and taken back in one batch.
 */
export function writeQueues(list: WriteList, hub: number, checkpoints: readonly Checkpoint[]): void {
  const steps = checkpoints.flatMap(({ partition, entity }) => (entity ? [{ partition, ...entity }] : []));
  list.insert(
    'durable_entity_queue',
    [...KEY, 'lock_request', 'body'],
    steps.flatMap(({ queued }) => queued.map((message) => [...keyValues(hub, message), lockRequest(message), JSON.stringify(message.body)])),
  );
  const taken = steps.flatMap(({ dequeued }) => dequeued.map((key) => keyValues(hub, key)));
  list.deleteMany('durable_entity_queue', KEY, taken, (deleted, expected) =>
    new StaleMemberError(`Of ${expected} messages in the queues of entities that were to be taken, only ${deleted} are there.`));
  list.deleteMany(
    'durable_entity_queue',
    ['hub', 'partition_no', 'lock_request'],
    steps.flatMap(({ partition, withdrawn }) => withdrawn.map((holder) => [hub, partition, requestOf(holder)])),
  );
}

function keyValues(hub: number, { partition, instanceId, dueAt, key, sender }: QueueKey): Value[] {
  return [hub, partition, instanceId, dueAt ?? NOT_SCHEDULED, key, sender];
}

function lockRequest({ body }: QueuedMessage): string | null {
  return body.type === 'LockEntity' ? requestOf(body.holder) : null;
}

/** Task ids are given once in an execution: no other request has the same. */
function requestOf({ executionId, taskId }: Caller): string {
  return `${executionId}/${taskId}`;
}

/** The first `limit` messages that wait for each of these entities, by its id and in order. */
export async function readWaiting(session: Session, hub: number, keys: readonly InstanceKey[], limit: number): Promise<Map<string, QueueHead[]>> {
  const one =
    'SELECT partition_no, instance_id, due_at, msg_key, sender, LENGTH(body) AS bytes FROM durable_entity_queue ' +
    `WHERE hub = ? AND partition_no = ? AND instance_id = ? AND due_at = ${NOT_SCHEDULED} ORDER BY msg_key, sender LIMIT ?`;
  const waiting = new Map<string, QueueHead[]>(keys.map(({ instanceId }) => [instanceId, []]));
  for (let start = 0; start < keys.length; start += MAX_QUEUES) {
    const some = keys.slice(start, start + MAX_QUEUES);
    const sql = together(some.map(() => one), 'q');
    const values = some.flatMap(({ partition, instanceId }) => [hub, partition, instanceId, limit]);
    for (const row of await session.rows<KeyRow & { bytes: number | string }>(sql, values)) {
      waiting.get(row.instance_id)!.push({ ...toKey(row), bytes: Number(row.bytes) });
    }
  }
  for (const heads of waiting.values()) heads.sort(compareMessages);
  return waiting;
}

/** In the order of their due times and keys; what is missing is left out. */
export async function readQueued(session: Session, hub: number, keys: readonly QueueKey[]): Promise<QueuedMessage[]> {
  const rows = await session.selectMany<KeyRow & { body: string }>(
    [...KEY.slice(1), 'body'].join(', '), 'durable_entity_queue', KEY, keys.map((key) => keyValues(hub, key)),
  );
  return rows.map((row) => ({ ...toKey(row), body: readBody(row.body) })).sort(compareMessages);
}

function toKey(row: KeyRow): QueueKey {
  return {
    partition: row.partition_no,
    instanceId: row.instance_id,
    key: Number(row.msg_key),
    sender: Number(row.sender),
    dueAt: Number(row.due_at) || undefined,
  };
}

function compareMessages(a: QueueKey, b: QueueKey): number {
  return (a.dueAt ?? NOT_SCHEDULED) - (b.dueAt ?? NOT_SCHEDULED) || a.key - b.key || a.sender - b.sender;
}
