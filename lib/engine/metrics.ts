/**
 * What the parts of an engine count: plain numbers, each part adding to its own, so that counting costs next to nothing. What they
 * mean is told with `DurableMetrics` of the client, which they become.
 */
import { Distribution } from './distribution.js';

export class PartitionCounts {
  taken = 0;
  takenOver = 0;
  lost = 0;
  fenced = 0;
}

export class CommitCounts {
  count = 0;
  checkpoints = 0;
  retried = 0;
  fenced = 0;
  stale = 0;
  refused = 0;
  unknownOutcome = 0;
  readonly members = new Distribution();
  readonly bytes = new Distribution();
  readonly latency = new Distribution();
}

export class InstanceCounts {
  episodes = 0;
  cacheHits = 0;
  cacheMisses = 0;
  replayedEvents = 0;
}

export class ActivityCounts {
  started = 0;
  completed = 0;
  failed = 0;
  returned = 0;
  aborted = 0;
}

export class EntityCounts {
  operations = 0;
  steps = 0;
}

export class ClientCounts {
  commits = 0;
  operations = 0;
}

/** One engine's. */
export class EngineMetrics {
  readonly partitions = new PartitionCounts();
  readonly commits = new CommitCounts();
  readonly instances = new InstanceCounts();
  readonly activities = new ActivityCounts();
  readonly entities = new EntityCounts();
  readonly client = new ClientCounts();
}
