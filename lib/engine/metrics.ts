/**
 * What the parts of an engine count: plain numbers, each part adding to its own, so that counting costs next to nothing. What they
 * mean is told with `DurableMetrics` of the client, which they become.
 */
import { Distribution } from './distribution.js';

/** One engine's, all at 0. */
export function newMetrics() {
  return {
    partitions: { taken: 0, takenOver: 0, lost: 0, fenced: 0 },
    commits: {
      count: 0, checkpoints: 0, retried: 0, fenced: 0, stale: 0, refused: 0, unknownOutcome: 0,
      members: new Distribution(),
      bytes: new Distribution(),
      latency: new Distribution(),
    },
    instances: { episodes: 0, cacheHits: 0, cacheMisses: 0, replayedEvents: 0 },
    activities: { started: 0, completed: 0, failed: 0, returned: 0, aborted: 0 },
    entities: { operations: 0, steps: 0 },
    client: { commits: 0, operations: 0 },
  };
}

export type EngineMetrics = ReturnType<typeof newMetrics>;
export type PartitionCounts = EngineMetrics['partitions'];
export type CommitCounts = EngineMetrics['commits'];
export type InstanceCounts = EngineMetrics['instances'];
export type ActivityCounts = EngineMetrics['activities'];
export type EntityCounts = EngineMetrics['entities'];
export type ClientCounts = EngineMetrics['client'];
