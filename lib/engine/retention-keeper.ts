/**
 * Purges finished instances that have been kept for long enough (the setting `retention`). One worker of the hub does it, the owner of
 * its first partition; if two should for a moment, nothing is harmed: what is deleted is decided under the rows' locks (I8).
 */
import { isFinished, type RuntimeStatus } from '../core/history.js';
import type { AgeScan, DurableStore, InstanceAge } from '../storage/store.js';
import { ChunkPace } from './chunk-pace.js';
import type { Cancel, Clock } from './clock.js';
import { Purger } from './purger.js';
import { Stretches, type Stretch } from './retention-stretches.js';
import type { Retention } from './settings.js';
import type { StoreHealth } from './store-health.js';

export interface RetentionKeeperPort {
  readonly store: Pick<DurableStore, 'scanAges' | 'newestCreation' | 'scanForPurge' | 'purgeInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly retention: Retention;
  /** Engine time, epoch ms. */
  now(): number;
  /** Whether this process is the one that does it. */
  isKeeper(): boolean;
  /** There are histories to be collected. */
  purged(): void;
}

/** Between two looks, ms: a part of the shortest retention, within these. So many instances as possible are deleted by one look. */
const MIN_INTERVAL = 30_000;
const MAX_INTERVAL = 3_600_000;
const PART = 32;
/** Until the first look, ms: a worker that has just come has more important work. */
const FIRST = 10_000;
/** After which anything is looked at again, ms: a failed instance may have been rewound, one that was started long ago may have come to light. */
const LOOK_AGAIN = 86_400_000;

const KEY_OF: Readonly<Partial<Record<RuntimeStatus, keyof Retention>>> = { Completed: 'completed', Failed: 'failed', Terminated: 'terminated' };

export class RetentionKeeper {
  private stretches = new Stretches();
  private readonly pace: ChunkPace;
  private readonly purger: Purger;
  /** The shortest retention, ms. */
  private readonly shortest: number;
  private readonly unsubscribe: Cancel;
  private cancel: Cancel | undefined;
  private looking: Promise<void> | undefined;
  private again = false;
  private stopped = false;

  constructor(private readonly port: RetentionKeeperPort) {
    const { clock, retention } = port;
    this.shortest = Math.min(...(Object.values(retention) as number[]));
    this.pace = new ChunkPace(clock);
    this.purger = new Purger(port);
    this.unsubscribe = clock.onSkew(() => this.look());
  }

  /** Begins to look, if that has not begun. */
  start(): void {
    if (!this.cancel && !this.looking) this.schedule(FIRST);
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel?.();
    this.unsubscribe();
    this.purger.stop();
    await this.looking;
  }

  private schedule(delay: number): void {
    if (this.stopped) return;
    this.cancel?.();
    this.cancel = this.port.clock.after(delay, () => this.look());
  }

  /** Looks now; and once more after a look that is under way. */
  private look(): void {
    if (this.stopped) return;
    this.again = this.looking !== undefined;
    if (this.looking) return;
    this.cancel?.();
    this.looking = this.tryToPurge().then((interval) => {
      this.looking = undefined;
      if (this.again) this.look();
      else this.schedule(interval);
    });
  }

  /** Answers how long to wait until the next look, ms. */
  private async tryToPurge(): Promise<number> {
    try {
      await this.purgeOld();
      return Math.min(Math.max(this.shortest / PART, MIN_INTERVAL), MAX_INTERVAL);
    } catch (error) {
      if (!this.stopped) this.port.health.failed(error);
      return MIN_INTERVAL;
    }
  }

  private async purgeOld(): Promise<void> {
    // Whoever comes to do it begins anew: what other workers did meanwhile is not known here.
    if (!this.port.isKeeper()) this.stretches = new Stretches();
    else this.stretches.extend(this.port.now() - this.shortest);
    while (this.mayGoOn) {
      const due = this.stretches.due(this.port.now());
      const seen = due && (await this.lookAt(due));
      if (!seen) return;
      this.stretches.looked(due, seen, this.port.now());
    }
  }

  private get mayGoOn(): boolean {
    return !this.stopped && this.port.isKeeper();
  }

  /** Purges what is old enough of a stretch. Answers what it has got to know of it: of a long one, of its beginning; nothing when it must not go on. */
  private async lookAt({ from, to }: Stretch): Promise<Stretch | undefined> {
    let kept = 0;
    let dueAt = this.port.now() + LOOK_AGAIN;
    for (let after: AgeScan['last']; ; await this.pace.rest()) {
      const { instances, last } = await this.pace.run((size) => this.port.store.scanAges({ createdFrom: from, createdTo: to, after }, size));
      this.port.health.reached();
      const left = await this.purge(instances);
      kept += left.length;
      dueAt = Math.min(dueAt, ...left);
      if (!last) return { from, to, kept, dueAt };
      // Of one moment there may be any number: its instances stay together.
      if (kept >= this.stretches.sizeOfOne && last.createdAt > from) return { from, to: last.createdAt, kept, dueAt };
      if (!this.mayGoOn) return undefined;
      after = last;
    }
  }

  /** Answers when to look again at each of those that are left, epoch ms. */
  private async purge(instances: readonly InstanceAge[]): Promise<number[]> {
    const now = this.port.now();
    const untouched = now + this.shortest;
    const times = instances.map((instance) => this.dueAt(instance) ?? untouched);
    const old = instances.filter((_, index) => times[index]! <= now);
    if (old.length === 0) return times;
    const outcomes = await this.purger.purge(old);
    // It was rewound or replaced meanwhile: that begins anew.
    return [...times.filter((time) => time > now), ...outcomes.flatMap(({ deleted }) => (deleted ? [] : [untouched]))];
  }

  /** When the instance has been kept for long enough, `Infinity` for never; `undefined`: it is not finished. */
  private dueAt({ status, updatedAt }: InstanceAge): number | undefined {
    if (!isFinished(status)) return undefined;
    const length = this.port.retention[KEY_OF[status]!];
    return length === undefined ? Infinity : updatedAt + length;
  }
}
