/**
 * This process's row among the workers of its hub: registration, heartbeats, and who else lives, as the last of them saw it. A
 * heartbeat prolongs the leases of the partitions that this process owns.
 */
import { randomUUID } from 'node:crypto';
import type { DurableStore, HandlerList, HubState, WorkerInfo } from '../storage/store.js';
import type { Cancel, Clock, EngineTime } from './clock.js';
import { LiveWorkers } from './live-workers.js';
import type { StoreHealth } from './store-health.js';

export interface MembershipPort {
  readonly store: Pick<DurableStore, 'registerWorker' | 'heartbeat'>;
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly health: StoreHealth;
  /** Name of the task hub. */
  readonly hub: string;
  readonly leaseDuration: number;
  handlers(): HandlerList;
  /** Whether the others are to take this process for a worker, not for a client only. */
  isWorker(): boolean;
  /** A new registration begins, with nothing. */
  registering(): void;
  /** The lease is renewed, but it had ended before, or nearly: others may have taken what this process had. */
  lapsed(): void;
  /**
   * Takes up what a heartbeat, sent at the monotonic time `sentAt`, has brought.
   * @returns whether something was left that is worth another look soon
   */
  beaten(state: HubState, sentAt: number): Promise<boolean>;
}

/** Share of the lease that is kept as a margin before external effects stop. */
const MARGIN = 0.1;
/** How soon a process looks again for what was left, ms. */
const EAGER_HEARTBEAT = 1_000;

export class Membership {
  /** The others, and this process. */
  readonly workers = new LiveWorkers();
  private info: WorkerInfo | undefined;
  /** How often the lease has ended before it was renewed. */
  lapses = 0;
  private renewalSentAt = 0;
  private beating: Promise<void> | undefined;
  private registering: Promise<void> | undefined;
  private cancelNext: Cancel | undefined;
  private stopped = false;

  constructor(private readonly port: MembershipPort) {}

  /** @throws Error before the start and after the stop */
  get worker(): WorkerInfo {
    if (!this.info) throw new Error(`Task hub '${this.port.hub}' is not running: use the client after the application has bootstrapped, and before it closes.`);
    return this.info;
  }

  get isRegistered(): boolean {
    return this.info !== undefined;
  }

  isSelf(incarnation: string): boolean {
    return incarnation === this.info?.incarnation;
  }

  /** ms since the last heartbeat that succeeded was sent. */
  get heartbeatAge(): number {
    return this.port.clock.monotonic() - this.renewalSentAt;
  }

  /** Whether the last renewal still stands. A process that was stopped and goes on cannot know more than when it was sent. */
  get holdsLease(): boolean {
    return this.port.clock.monotonic() < this.renewalSentAt + this.port.leaseDuration * (1 - MARGIN);
  }

  /**
   * Registers this process; again, under a new incarnation, when its row was taken away.
   * @param gone the registration that was lost; when another one has taken its place already, nothing is to be done.
   */
  async register(gone?: WorkerInfo): Promise<void> {
    if (this.info !== gone) return;
    // The heartbeat and the client may find out at the same time: a second row would claim a share of the partitions.
    this.registering ??= this.registerOnce().finally(() => {
      this.registering = undefined;
    });
    await this.registering;
  }

  /** Begins the heartbeats; resolves after the first. */
  async start(): Promise<void> {
    await this.beat();
  }

  /** Reads the hub's workers and partitions anew. */
  async refresh(): Promise<void> {
    if (this.info && !this.stopped) await this.beat();
  }

  /** The handlers of all live workers, read anew. */
  async liveHandlers(): Promise<readonly HandlerList[]> {
    await this.refresh();
    return this.workers.handlers;
  }

  get isBeating(): boolean {
    return this.beating !== undefined;
  }

  /** Ends the heartbeats; resolves when none is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelNext?.();
    await this.beating;
  }

  /** This process has no row any more, or may as well have none. */
  leave(): void {
    this.info = undefined;
  }

  private lapse(): void {
    this.lapses += 1;
    this.port.lapsed();
  }

  private async registerOnce(): Promise<void> {
    this.port.registering();
    const { store, leaseDuration } = this.port;
    this.info = await store.registerWorker({ incarnation: randomUUID(), worker: this.port.isWorker(), handlers: this.port.handlers(), leaseDuration });
  }

  private async beat(): Promise<void> {
    this.beating ??= this.beatOnce().finally(() => {
      this.beating = undefined;
    });
    await this.beating;
  }

  private async beatOnce(): Promise<void> {
    this.cancelNext?.();
    const { store, clock, health, time, leaseDuration } = this.port;
    let isEager = false;
    try {
      const sentAt = clock.monotonic();
      const { worker } = this;
      const state = await store.heartbeat(worker, leaseDuration);
      time.sync(state.time);
      health.reached();
      if (state.alive) {
        if (!this.holdsLease) this.lapse();
        this.renewalSentAt = sentAt;
        isEager = await this.port.beaten(state, sentAt);
      } else await this.register(worker);
    } catch (error) {
      isEager = true;
      health.failed(error);
    }
    const interval = isEager ? Math.min(EAGER_HEARTBEAT, leaseDuration / 3) : leaseDuration / 3;
    if (!this.stopped) this.cancelNext = clock.after(interval * (0.9 + Math.random() / 10), () => void this.beat());
  }
}
