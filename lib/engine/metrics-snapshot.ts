import type { Dispatcher } from './dispatcher.js';
import type { Activities } from './activities.js';
import type { Entities } from './entities/entities.js';
import { eventLoopLag } from './event-loop-lag.js';
import type { EngineMetrics } from './metrics.js';
import type { Partition } from './partition.js';

export interface MetricsSources {
  readonly metrics: EngineMetrics;
  readonly dispatcher: Dispatcher;
  readonly activities: Activities;
  readonly entities: Entities;
  readonly partitionCount: number;
  /** Those that this process owns. */
  readonly partitions: readonly Partition[];
  /** Engine time, epoch ms. */
  readonly now: number;
}

/** The client's DurableMetrics: what was counted, and what is in memory now. */
export function snapshotOf({ metrics, dispatcher, activities, entities, partitionCount, partitions, now }: MetricsSources) {
  const sum = (valueOf: (partition: Partition) => number) => partitions.reduce((total, partition) => total + valueOf(partition), 0);
  const oldest = Math.min(...partitions.map(({ oldestMessage }) => oldestMessage));
  const { members, bytes, latency, ...commits } = metrics.commits;
  return {
    partitions: { total: partitionCount, owned: partitions.length, ...metrics.partitions },
    inbox: {
      messages: sum(({ messagesInMemory }) => messagesInMemory),
      oldestAge: oldest === Infinity ? 0 : Math.max(0, now - oldest),
      timers: sum(({ timers }) => timers.size),
    },
    instances: {
      active: dispatcher.backlog,
      cached: dispatcher.cachedSessions,
      ...metrics.instances,
      parked: sum(({ parked }) => parked.size),
      suspects: dispatcher.suspects.length + entities.suspects.length + activities.suspects.length,
    },
    commits: { ...commits, members: members.snapshot(), bytes: bytes.snapshot(), latency: latency.snapshot() },
    activities: { running: activities.running, waiting: activities.waiting, ...metrics.activities },
    entities: { cached: sum(({ entities: { size } }) => size), ...metrics.entities },
    client: { ...metrics.client },
    eventLoop: eventLoopLag.current,
  };
}
