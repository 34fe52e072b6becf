/** What a sweep has found, in one form for all kinds, and how it is said. */
import { entityNameOf, isEntityId } from '../core/entity-id.js';
import type { ActivityHead, OverdueWork } from '../storage/store.js';
import { KEYS_PER_MS } from './message-keys.js';
import type { Finding } from './problems.js';

export interface OverdueItem {
  readonly kind: 'message' | 'timer' | 'queued' | 'ready' | 'orphaned';
  /** One for each row. */
  readonly key: string;
  readonly partition: number;
  readonly instanceId: string;
  /** Name of the activity. */
  readonly activity?: string;
  /** When it was due, epoch ms; absent: its row does not tell. */
  readonly due?: number;
}

export function itemsOf({ messages, timers, queued, ready, orphaned }: OverdueWork): OverdueItem[] {
  const sent = (key: number) => Math.floor(key / KEYS_PER_MS);
  return [
    ...messages.map(({ partition, key, sender, instanceId }) => ({ kind: 'message' as const, key: `m${key}.${sender}`, partition, instanceId, due: sent(key) })),
    ...timers.map(({ partition, executionId, taskId, fireAt, instanceId }) => ({ kind: 'timer' as const, key: `t${executionId}:${taskId}`, partition, instanceId, due: fireAt })),
    ...queued.map(({ partition, key, sender, instanceId }) => ({ kind: 'queued' as const, key: `q${instanceId} ${key}.${sender}`, partition, instanceId, due: sent(key) })),
    ...ready.map((head) => activityItem('ready', head)),
    ...orphaned.map((head) => activityItem('orphaned', head)),
  ];
}

function activityItem(kind: 'ready' | 'orphaned', { partition, executionId, taskId, instanceId, name }: ActivityHead): OverdueItem {
  return { kind, key: `${kind} ${executionId}:${taskId}`, partition, instanceId, activity: name };
}

/** What is known of an item's surroundings. */
export interface Circumstances {
  /** Orchestrator of the instance, as far as it is known. */
  readonly orchestrator?: { readonly name: string; readonly version?: string };
  /** Whether this process has the activity. */
  readonly hasActivity: boolean;
}

/**
 * Much is due, and the process gets on with it.
 * @param since when the oldest of it was due, epoch ms
 * @param messages that are in memory
 */
export function backlogFinding(since: number, now: number, messages: number): Finding {
  return {
    kind: 'backlog',
    since,
    message:
      `More is due than this process gets through: the oldest has waited for ${Math.round((now - since) / 1_000)} s, and ${messages} messages are in memory. ` +
      'It goes on. If that takes too long, start more workers; if activities wait, raise maxConcurrentActivityFunctions.',
  };
}

/** @param since when it was due, or when it was seen first, epoch ms */
export function findingOf(item: OverdueItem, since: number, { orchestrator, hasActivity }: Circumstances): Finding {
  const { kind, partition, instanceId, activity } = item;
  const shared = { kind: 'overdue' as const, since, instanceId, partitions: [partition] };
  if (activity !== undefined) {
    const why = hasActivity ? 'Workers that have it are busy (raise maxConcurrentActivityFunctions, or start more), or stuck.' : 'This process does not have it: start a worker that has.';
    const what = kind === 'ready' ? 'waits for a worker' : 'was taken by a worker that is gone, and is still not given back';
    return { ...shared, handler: { kind: 'activity', name: activity }, message: `Activity '${activity}' of instance '${instanceId}' ${what}. ${why}` };
  }
  if (isEntityId(instanceId)) {
    const name = entityNameOf(instanceId);
    const what = kind === 'timer' ? 'A scheduled signal' : 'An operation or lock request';
    const why = 'The entity may be locked for long, or an operation of it may not end; otherwise restart the process that owns the partition.';
    return { ...shared, handler: { kind: 'entity', name }, message: `${what} waits for entity '${instanceId}' in partition ${partition}. ${why}` };
  }
  const what = kind === 'timer' ? 'A timer or a start at a later time' : 'A start, an event or an answer';
  return {
    ...shared,
    ...(orchestrator && { handler: { kind: 'orchestrator', ...orchestrator } }),
    message:
      `${what} waits for instance '${instanceId}' in partition ${partition}, though it was offered to its owner again. ` +
      'Restart the process, and tell the authors.',
  };
}
