import { StaleMemberError } from '../errors.js';
import { readBody } from '../message-bodies.js';
import { countUntil } from './instances.js';
import type { Session } from '../session.js';
import type { InboxAnswer, InboxMessage, InboxRange, MessageKey, WorkerInfo } from '../store.js';
import type { WriteList } from '../write-list.js';
import { together } from './together.js';

const KEY = ['hub', 'partition_no', 'msg_key', 'sender'] as const;

export const MESSAGE_COLUMNS = [...KEY, 'instance_id', 'body'] as const;

/** A message as values of {@link MESSAGE_COLUMNS}. */
export function messageValues(hub: number, { partition, key, sender, instanceId, body }: InboxMessage): (number | string)[] {
  return [hub, partition, key, sender, instanceId, JSON.stringify(body)];
}

export function insertMessages(list: WriteList, hub: number, messages: readonly InboxMessage[]): void {
  list.insert('durable_inbox', MESSAGE_COLUMNS, messages.map((message) => messageValues(hub, message)));
}

/** Deletes exactly these messages (I4). */
export function consumeMessages(list: WriteList, hub: number, keys: readonly MessageKey[]): void {
  list.deleteMany('durable_inbox', KEY, keys.map(({ partition, key, sender }) => [hub, partition, key, sender]), (deleted, expected) =>
    new StaleMemberError(`Of ${expected} messages that were to be consumed, only ${deleted} are there.`));
}

interface KeyRow {
  partition_no: number;
  msg_key: number | string;
  sender: number | string;
}

/** Rows of the poll that are no messages: in place of a partition's number they have one of these. */
const PARTITION_SIGNS = -1;
const WORKER_SIGNS = -2;
const ACTIVITY_SIGN = -3;

/** The keys of all partitions, the signs of the hub and whether activities wait in one query; then the messages that are new, mostly none. */
export async function readInbox(session: Session, hub: number, worker: WorkerInfo, ranges: readonly InboxRange[], isKnown: (key: MessageKey) => boolean): Promise<InboxAnswer> {
  const { now } = session.dialect;
  const one = ({ without }: InboxRange) =>
    `SELECT partition_no, msg_key, sender FROM durable_inbox WHERE hub = ? AND partition_no = ?${isNoneOf(without)} ORDER BY msg_key, sender LIMIT ?`;
  const signs = [
    `SELECT ${PARTITION_SIGNS} AS partition_no, COUNT(CASE WHEN owner IS NULL OR lease_expires_at <= ${now} THEN 1 END) AS msg_key, ` +
      'COUNT(CASE WHEN owner = ? THEN 1 END) AS sender FROM durable_partitions WHERE hub = ?',
    `SELECT ${WORKER_SIGNS}, COUNT(*), COALESCE(MAX(worker_id), 0) FROM durable_workers WHERE hub = ? AND worker = 1 AND expires_at > ${now}`,
    `SELECT ${ACTIVITY_SIGN}, EXISTS (SELECT 1 FROM durable_activities_ready WHERE hub = ?), 0`,
  ];
  const rows = await session.rows<KeyRow>(
    together(ranges.map(one), 'p', signs),
    [worker.incarnation, hub, hub, hub, ...ranges.flatMap(({ partition, limit, without = [] }) => [hub, partition, ...without, limit])],
  );
  const keys = rows.map(({ partition_no, msg_key, sender }) => ({ partition: partition_no, key: Number(msg_key), sender: Number(sender) }));
  const { fresh, cut } = await withinBytes(session, hub, ranges, keys.filter((key) => key.partition >= 0 && !isKnown(key)));
  const found = await session.selectMany<KeyRow & { instance_id: string; body: string }>(
    'partition_no, msg_key, sender, instance_id, body',
    'durable_inbox',
    KEY,
    fresh.map(({ partition, key, sender }) => [hub, partition, key, sender]),
  );
  const messages = found
    .map((row) => ({
      partition: row.partition_no,
      key: Number(row.msg_key),
      sender: Number(row.sender),
      instanceId: row.instance_id,
      body: readBody(row.body),
    }))
    .sort((a, b) => a.partition - b.partition || compareKeys(a, b));
  return { messages, cut, ...signsOf(keys) };
}

/** A condition that leaves out what is for these. */
export function isNoneOf(instanceIds: readonly string[] = []): string {
  return instanceIds.length > 0 ? ` AND instance_id NOT IN (${instanceIds.map(() => '?').join(', ')})` : '';
}

/** Of each partition's new messages the first, until its bytes are passed. Their sizes are asked for where there is more than one. */
async function withinBytes(session: Session, hub: number, ranges: readonly InboxRange[], keys: readonly MessageKey[]): Promise<{ fresh: MessageKey[]; cut: number[] }> {
  const found = new Map(ranges.map(({ partition }) => [partition, keys.filter((key) => key.partition === partition).sort(compareKeys)]));
  const several = [...found.values()].filter(({ length }) => length > 1).flat();
  const rows = await session.selectMany<KeyRow & { bytes: number | string }>(
    'partition_no, msg_key, sender, LENGTH(body) AS bytes', 'durable_inbox', KEY, several.map(({ partition, key, sender }) => [hub, partition, key, sender]),
  );
  const nameOf = (partition: number, key: number | string, sender: number | string) => `${partition}.${key}.${sender}`;
  const sizes = new Map(rows.map((row) => [nameOf(row.partition_no, row.msg_key, row.sender), Number(row.bytes)]));
  const fresh: MessageKey[] = [];
  const cut: number[] = [];
  for (const { partition, maxBytes = Infinity } of ranges) {
    const own = found.get(partition)!;
    const count = countUntil(own.map(({ key, sender }) => sizes.get(nameOf(partition, key, sender)) ?? 0), maxBytes);
    fresh.push(...own.slice(0, count));
    if (count < own.length) cut.push(partition);
  }
  return { fresh, cut };
}

function compareKeys(a: MessageKey, b: MessageKey): number {
  return a.key - b.key || a.sender - b.sender;
}

function signsOf(rows: readonly MessageKey[]): Pick<InboxAnswer, 'signs' | 'activitiesWait'> {
  const of = (kind: number) => rows.find(({ partition }) => partition === kind)!;
  const { key: free, sender: own } = of(PARTITION_SIGNS);
  const { key: workers, sender: newestWorker } = of(WORKER_SIGNS);
  return { signs: { free, own, workers, newestWorker }, activitiesWait: of(ACTIVITY_SIGN).key > 0 };
}
