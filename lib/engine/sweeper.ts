/**
 * Looks now and then whether anything is due for long and still there, which polling, timers and claims should have taken up: offers
 * it again (I6), and when that was in vain says so, once in the log and in the health report for as long as it lasts. What only waits
 * behind other work, which goes on, is no defect: all of it together is told of as one backlog.
 */
import type { DurableLogger } from '../core/logger.js';
import type { DurableStore, OverdueWork } from '../storage/store.js';
import type { Cancel, Clock } from './clock.js';
import { KEYS_PER_MS } from './message-keys.js';
import { backlogFinding, findingOf, itemsOf, type OverdueItem } from './overdue-items.js';
import type { Partition } from './partition.js';
import type { Finding } from './problems.js';
import type { StoreHealth } from './store-health.js';

export interface SweeperPort {
  readonly store: Pick<DurableStore, 'findOverdue' | 'getInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly log: DurableLogger;
  /** Engine time, epoch ms. */
  now(): number;
  /** Those that this process works on. */
  partitions(): readonly Partition[];
  /** As in progress.ts. */
  progressOf(item: OverdueItem, partition: Partition): string | undefined;
  hasActivity(name: string): boolean;
  /** What was found is to be taken up, wherever nobody is at work on it. */
  offerAgain(found: OverdueWork): void;
  /** Called after each sweep. */
  swept(): void;
}

/** Between two sweeps, ms. */
const INTERVAL = 30_000;
/** How long something may be due, ms: less than this is load. */
const PATIENCE = 30_000;
/** Rows of each kind and partition that one sweep looks at. */
const LIMIT = 10;

interface Sighting {
  readonly item: OverdueItem;
  /** Epoch ms. */
  readonly since: number;
  /** How many sweeps have found it since something was last done with it, or with what stands before it. */
  readonly times: number;
  readonly progress: string | undefined;
  /** Whether something was, between the last sweep and this one. */
  readonly movesOn: boolean;
}

export class Sweeper {
  private sightings = new Map<string, Sighting>();
  private overdue: readonly Finding[] = [];
  private said = new Set<string>();
  private nextAt = 0;
  private cancel: Cancel | undefined;
  private sweeping: Promise<void> | undefined;
  private unsubscribe: Cancel | undefined;
  private stopped = false;

  constructor(private readonly port: SweeperPort) {}

  start(): void {
    // Engine time that was moved makes things due, and overdue.
    this.unsubscribe = this.port.clock.onSkew(() => {
      if (this.port.now() >= this.nextAt) this.sweepNow();
    });
    this.waitForNext();
  }

  /** What was offered again in vain, the oldest of each instance, entity or activity, the oldest first; then the backlog. */
  get findings(): readonly Finding[] {
    return this.overdue;
  }

  /** Resolves when no sweep is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    this.unsubscribe?.();
    await this.sweeping;
  }

  private waitForNext(): void {
    if (this.stopped) return;
    const delay = INTERVAL * (0.9 + Math.random() / 5);
    this.nextAt = this.port.now() + delay;
    this.cancel = this.port.clock.after(delay, () => this.sweepNow());
  }

  private sweepNow(): void {
    if (this.stopped || this.sweeping) return;
    this.cancel?.();
    this.sweeping = this.sweep()
      .catch((error: unknown) => {
        if (!this.stopped) this.port.health.failed(error);
      })
      .finally(() => {
        this.sweeping = undefined;
        this.waitForNext();
      });
  }

  private async sweep(): Promise<void> {
    const partitions = new Map(this.port.partitions().map((partition) => [partition.index, partition]));
    const before = this.port.now() - PATIENCE;
    const found = partitions.size === 0 ? NOTHING : await this.port.store.findOverdue([...partitions.values()].map(({ index, heldUp }) => ({ partition: index, without: heldUp })), { before, beforeKey: before * KEYS_PER_MS, limit: LIMIT });
    if (this.stopped) return;
    this.port.health.reached();
    this.port.offerAgain(found);
    this.sightings = this.see(found, partitions);
    await this.report(before);
    this.port.swept();
  }

  private see(found: OverdueWork, partitions: ReadonlyMap<number, Partition>): Map<string, Sighting> {
    const now = this.port.now();
    const sightings = new Map<string, Sighting>();
    for (const item of itemsOf(found)) {
      const partition = partitions.get(item.partition);
      // Health tells of these by themselves.
      if (!partition || partition.blocked.has(item.instanceId) || partition.parked.has(item.instanceId)) continue;
      const last = this.sightings.get(item.key);
      const progress = this.port.progressOf(item, partition);
      const movesOn = last !== undefined && progress !== undefined && progress !== last.progress;
      sightings.set(item.key, { item, since: last?.since ?? item.due ?? now, times: last && !movesOn ? last.times + 1 : 1, progress, movesOn });
    }
    return sightings;
  }

  private async report(before: number): Promise<void> {
    const lasting = new Map<string, Sighting>();
    for (const sighting of [...this.sightings.values()].toSorted((a, b) => a.since - b.since)) {
      const { item, since, times } = sighting;
      const subject = JSON.stringify([item.instanceId, item.activity, item.kind]);
      if (times > 1 && since < before && !lasting.has(subject)) lasting.set(subject, sighting);
    }
    const orchestrators = await this.orchestratorsOf([...lasting.values()].map(({ item }) => item));
    this.overdue = [...lasting.values()].map(({ item, since }) =>
      findingOf(item, since, { orchestrator: orchestrators.get(item.instanceId), hasActivity: item.activity === undefined || this.port.hasActivity(item.activity) }),
    );
    const now = this.port.now();
    const subjects = [...lasting.keys()];
    subjects.forEach((subject, index) => {
      const { message, since = now } = this.overdue[index]!;
      if (!this.said.has(subject)) this.port.log.warn(`Overdue for ${Math.round((now - since) / 1_000)} s: ${message}`);
    });
    const backlog = this.backlog(before, now);
    if (backlog && !this.said.has(BACKLOG)) this.port.log.warn(`Backlog: ${backlog.message}`);
    if (backlog) this.overdue = [...this.overdue, backlog];
    this.said = new Set(backlog ? [...subjects, BACKLOG] : subjects);
  }

  /** What was due long ago and moves on. */
  private backlog(before: number, now: number): Finding | undefined {
    const since = Math.min(...[...this.sightings.values()].filter(({ movesOn }) => movesOn).map((sighting) => sighting.since));
    if (since >= before) return undefined;
    return backlogFinding(since, now, this.port.partitions().reduce((sum, { messagesInMemory }) => sum + messagesInMemory, 0));
  }

  /** By instance id. Rows are read only for what is overdue, so hardly ever. */
  private async orchestratorsOf(items: readonly OverdueItem[]): Promise<ReadonlyMap<string, { name: string; version?: string }>> {
    const keys = new Map(items.filter(({ kind }) => kind === 'message' || kind === 'timer').map(({ partition, instanceId }) => [instanceId, { partition, instanceId }]));
    if (keys.size === 0) return new Map();
    const rows = await this.port.store.getInstances([...keys.values()]);
    return new Map(rows.map(({ instanceId, name, version }) => [instanceId, { name, ...(version !== undefined && { version }) }]));
  }
}

/** Among the subjects that were told of. */
const BACKLOG = 'backlog';
const NOTHING: OverdueWork = { messages: [], timers: [], queued: [], ready: [], orphaned: [] };
