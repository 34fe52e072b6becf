/**
 * The waiters for finished instances: woken by this process's own commits, and by one polling query for all of them,
 * because the instance may be another process's (I6).
 */
import { ModuleStoppedError } from '../core/client-errors.js';
import { isFinished } from '../core/history.js';
import type { InstanceRow } from '../storage/store.js';
import type { Cancel, Clock } from './clock.js';
import type { StoreHealth } from './store-health.js';

export interface CompletionWaitersPort {
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly maxPollingInterval: number;
  read(instanceIds: readonly string[]): Promise<InstanceRow[]>;
  /** Whether this process has the instance, alive or about to begin, in its memory: {@link CompletionWaiters.finished} will tell of its end. */
  isInMemory(instanceId: string): boolean;
}

interface Waiter {
  resolve(row: InstanceRow | undefined): void;
  reject(error: unknown): void;
}

const MIN_INTERVAL = 50;
const MAX_IDS = 500;

export class CompletionWaiters {
  private readonly waiters = new Map<string, Set<Waiter>>();
  private interval = MIN_INTERVAL;
  private cancelPoll: Cancel | undefined;
  private pollDue = 0;
  private checking = 0;
  private nextFullPoll = 0;
  private readonly unchecked: string[] = [];
  private stopped = false;

  constructor(private readonly port: CompletionWaitersPort) {}

  /** Resolves with the finished row; with none when there is no such instance; after `timeout` ms with the row as it is then. */
  wait(instanceId: string, timeout: number | undefined): Promise<InstanceRow | undefined> {
    if (this.stopped) return Promise.reject(stoppedError(instanceId));
    return new Promise((resolve, reject) => {
      let cancel: Cancel | undefined;
      const end = (settle: () => void) => {
        cancel?.();
        this.remove(instanceId, waiter);
        settle();
      };
      const waiter: Waiter = { resolve: (row) => end(() => resolve(row)), reject: (error) => end(() => reject(error)) };
      const set = this.waiters.get(instanceId) ?? new Set();
      this.waiters.set(instanceId, set.add(waiter));
      if (timeout !== undefined) cancel = this.port.clock.after(timeout, () => void this.expire(instanceId, waiter));
      this.checkSoon(instanceId);
    });
  }

  /** An instance of this process has finished. */
  finished(row: InstanceRow): void {
    this.take(row.instanceId, row);
  }

  stop(): void {
    this.stopped = true;
    this.cancelPoll?.();
    for (const [instanceId, set] of this.waiters) for (const waiter of [...set]) waiter.reject(stoppedError(instanceId));
  }

  /** Ends the waits for an instance that is finished, or that does not exist (any more). */
  private take(instanceId: string, row: InstanceRow | undefined): void {
    if (row && !isFinished(row.status)) return;
    for (const waiter of [...(this.waiters.get(instanceId) ?? [])]) waiter.resolve(row);
  }

  private remove(instanceId: string, waiter: Waiter): void {
    const set = this.waiters.get(instanceId);
    set?.delete(waiter);
    if (set?.size === 0) this.waiters.delete(instanceId);
  }

  private async expire(instanceId: string, waiter: Waiter): Promise<void> {
    try {
      const [row] = await this.port.read([instanceId]);
      waiter.resolve(row);
    } catch (error) {
      waiter.reject(error);
    }
  }

  /** It may have finished already: those that begin to wait in one turn of the event loop are looked up together. */
  private checkSoon(instanceId: string): void {
    if (this.port.isInMemory(instanceId)) return this.schedule();
    if (this.unchecked.push(instanceId) > 1) return;
    setImmediate(() => {
      this.interval = MIN_INTERVAL;
      this.hasten();
      void this.check(this.unchecked.splice(0));
    });
  }

  /** The next poll is sooner; one that is due soon stays, or a stream of new waiters would put it off for ever. */
  private hasten(): void {
    if (!this.cancelPoll || this.pollDue - this.port.clock.monotonic() <= this.interval) return;
    this.cancelPoll();
    this.cancelPoll = undefined;
  }

  /** One poll is scheduled at a time, and none while a check is under way: that one schedules the next. */
  private schedule(): void {
    if (this.stopped || this.cancelPoll || this.checking > 0 || this.waiters.size === 0) return;
    this.pollDue = this.port.clock.monotonic() + this.interval;
    this.cancelPoll = this.port.clock.after(this.interval, () => {
      this.cancelPoll = undefined;
      this.interval = Math.min(this.interval * 2, this.port.maxPollingInterval);
      void this.check(this.toPoll());
    });
  }

  /** Those that no signal will tell of; all of them now and then, because polling alone has to do (I6). */
  private toPoll(): string[] {
    const ids = [...this.waiters.keys()];
    const now = this.port.clock.monotonic();
    if (now < this.nextFullPoll) return ids.filter((id) => !this.port.isInMemory(id));
    this.nextFullPoll = now + this.port.maxPollingInterval;
    return ids;
  }

  private async check(instanceIds: readonly string[]): Promise<void> {
    this.checking += 1;
    for (let begin = 0; begin < instanceIds.length; begin += MAX_IDS) {
      try {
        const ids = instanceIds.slice(begin, begin + MAX_IDS);
        const rows = new Map((await this.port.read(ids)).map((row) => [row.instanceId, row]));
        this.port.health.reached();
        for (const id of ids) this.take(id, rows.get(id));
      } catch (error) {
        this.port.health.failed(error);
      }
    }
    this.checking -= 1;
    this.schedule();
  }
}

function stoppedError(instanceId: string): Error {
  return new ModuleStoppedError(`instance '${instanceId}' is not waited for any more. It goes on when a worker runs again.`);
}
