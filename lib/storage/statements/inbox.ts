import { StaleMemberError } from '../errors.js';
import type { Session } from '../session.js';
import type { InboxMessage, InboxRange, MessageBody, MessageKey } from '../store.js';

const KEY = ['hub', 'partition_no', 'msg_key', 'sender'] as const;

export async function insertMessages(session: Session, hub: number, messages: readonly InboxMessage[]): Promise<void> {
  const rows = messages.map(({ partition, key, sender, instanceId, body }) => [hub, partition, key, sender, instanceId, JSON.stringify(body)]);
  await session.insert('durable_inbox', [...KEY, 'instance_id', 'body'], rows);
}

/** Deletes exactly these messages (I4). */
export async function consumeMessages(session: Session, hub: number, keys: readonly MessageKey[]): Promise<void> {
  const deleted = await session.deleteMany('durable_inbox', KEY, keys.map(({ partition, key, sender }) => [hub, partition, key, sender]));
  if (deleted !== keys.length) throw new StaleMemberError(`Of ${keys.length} messages that were to be consumed, only ${deleted} are there.`);
}

interface KeyRow {
  partition_no: number;
  msg_key: number | string;
  sender: number | string;
}

/** The keys of all partitions in one query; then the messages that are new, which there mostly are none of. */
export async function readInbox(session: Session, hub: number, ranges: readonly InboxRange[], isKnown: (key: MessageKey) => boolean): Promise<InboxMessage[]> {
  if (ranges.length === 0) return [];
  const one = 'SELECT partition_no, msg_key, sender FROM durable_inbox WHERE hub = ? AND partition_no = ? ORDER BY msg_key, sender LIMIT ?';
  const sql = ranges.map((_, index) => `SELECT * FROM (${one}) AS p${index}`).join(' UNION ALL ');
  const rows = await session.rows<KeyRow>(sql, ranges.flatMap(({ partition, limit }) => [hub, partition, limit]));
  const keys = rows.map(({ partition_no, msg_key, sender }) => ({ partition: partition_no, key: Number(msg_key), sender: Number(sender) }));
  const fresh = keys.filter((key) => !isKnown(key));
  const found = await session.selectMany<KeyRow & { instance_id: string; body: string }>(
    'partition_no, msg_key, sender, instance_id, body',
    'durable_inbox',
    KEY,
    fresh.map(({ partition, key, sender }) => [hub, partition, key, sender]),
  );
  return found
    .map((row) => ({
      partition: row.partition_no,
      key: Number(row.msg_key),
      sender: Number(row.sender),
      instanceId: row.instance_id,
      body: JSON.parse(row.body) as MessageBody,
    }))
    .sort((a, b) => a.partition - b.partition || a.key - b.key || a.sender - b.sender);
}
