/** What an engine tells of itself: health and metrics, from memory, and the sweeper, which finds what memory does not know of. */
import type { DurableLogger } from '../core/logger.js';
import type { DurableStore } from '../storage/store.js';
import type { Activities } from './activities.js';
import type { Clock } from './clock.js';
import type { Dispatcher } from './dispatcher.js';
import type { Entities } from './entities/entities.js';
import { eventLoopLag } from './event-loop-lag.js';
import type { HandlerRegistry } from './handlers.js';
import { HealthReport } from './health-report.js';
import type { InboxPoller } from './inbox-poller.js';
import type { EngineMetrics } from './metrics.js';
import { snapshotOf } from './metrics-snapshot.js';
import type { Ownership } from './ownership.js';
import { progressOf } from './progress.js';
import { Reoffering } from './reoffering.js';
import type { StoreHealth } from './store-health.js';
import { Sweeper } from './sweeper.js';
import type { TimerAlarm } from './timer-alarm.js';

export interface ObservationPort {
  readonly store: Pick<DurableStore, 'findOverdue' | 'getInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly log: DurableLogger;
  readonly handlers: HandlerRegistry;
  readonly counts: EngineMetrics;
  /** Name of the task hub. */
  readonly hub: string;
  /** False: a client only. */
  readonly worker: boolean;
  readonly leaseDuration: number;
  readonly ownership: Ownership;
  readonly dispatcher: Dispatcher;
  readonly entities: Entities;
  readonly activities: Activities;
  readonly alarm: TimerAlarm;
  readonly poller: InboxPoller;
  partitionCount(): number;
  /** Whether the engine has started and does not stop. */
  isRunning(): boolean;
  /** Engine time, epoch ms. */
  now(): number;
}

export class Observation {
  private readonly sweeper: Sweeper;
  private readonly report: HealthReport;

  constructor(private readonly port: ObservationPort) {
    const { ownership, handlers } = port;
    const reoffering = new Reoffering({ ...port, owns: (partition) => ownership.owns(partition) });
    this.sweeper = new Sweeper({
      ...port,
      now: () => port.now(),
      partitions: () => [...ownership.partitions.values()].filter(({ state }) => state === 'owned'),
      progressOf: (item, partition) => progressOf(item, partition, { ...port, activities: port.counts.activities }),
      hasActivity: (name) => handlers.findActivity(name) !== undefined,
      offerAgain: (found) => reoffering.offer(found),
      // Nobody else may ask, and a problem is as old as it is known.
      swept: () => void this.health(),
    });
    this.report = new HealthReport({ ...port, sweeper: this.sweeper });
  }

  start(): void {
    eventLoopLag.start(this);
    this.sweeper.start();
  }

  /** Resolves when no sweep is under way. */
  async stop(): Promise<void> {
    eventLoopLag.stop(this);
    await this.sweeper.stop();
  }

  health(): ReturnType<HealthReport['current']> {
    return this.report.current();
  }

  metrics(): ReturnType<typeof snapshotOf> {
    const { port } = this;
    return snapshotOf({ ...port, metrics: port.counts, partitions: [...port.ownership.partitions.values()], now: port.now(), partitionCount: port.partitionCount() });
  }
}
