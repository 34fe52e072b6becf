/**
 * Runs the activities of this process: those that its own checkpoints started, from memory right after the commit (I3),
 * and those that it claimed. At most `maxConcurrentActivityFunctions` at once.
 */
import { idempotencyKey, type ActivityContext } from '../core/activity-context.js';
import { PayloadTooLargeError, PoisonMessageError, UnknownHandlerError } from '../core/errors.js';
import { failureDetailsOf } from '../core/failure-details.js';
import type { TaskCompleted, TaskFailed } from '../core/history.js';
import type { DurableLogger } from '../core/logger.js';
import { deserialize, serialize } from '../core/serialization.js';
import type { RunningActivity } from '../storage/store.js';
import type { Clock } from './clock.js';
import type { HandlerRegistry } from './handlers.js';
import type { ActivityCounts } from './metrics.js';

export interface ActivityPoolPort {
  readonly handlers: HandlerRegistry;
  readonly clock: Clock;
  readonly log: DurableLogger;
  readonly metrics: ActivityCounts;
  readonly maxConcurrent: number;
  readonly maxPayloadBytes: number;
  /** How often an activity is run again after a worker died of it [Y8]. */
  readonly maxDispatchCount: number;
  /** Whether work may begin now: false when the lease may have ended without this process noticing, or too many results wait. */
  mayStart(activity: RunningActivity): boolean;
  /** Activities that no live worker has a handler for: the known names, or `undefined` when another worker has it. */
  namesWithout(activity: string): Promise<readonly string[] | undefined>;
  finished(activity: RunningActivity, event: TaskCompleted | TaskFailed): void;
  /** An activity that this process will not run after all. */
  returned(activity: RunningActivity): void;
}

/** How far ahead activities are taken, in time: what this process completes in it, by its recent rate. */
const LOOK_AHEAD = 200;

export class ActivityPool {
  /** For a place. */
  readonly waiting: RunningActivity[] = [];
  /** Of those that wait. */
  private readonly inDoubt = new Set<RunningActivity>();
  private readonly running = new Map<string, { activity: RunningActivity; abort: AbortController }>();
  private reserved = 0;
  private stopping = false;
  private idleListeners: (() => void)[] = [];
  private readonly rate: CompletionRate;

  constructor(private readonly port: ActivityPoolPort) {
    this.rate = new CompletionRate(port.clock);
  }

  /** Free places, now and by what is completed soon. */
  get room(): number {
    if (this.stopping) return 0;
    return this.port.maxConcurrent + this.rate.expected(LOOK_AHEAD) - this.running.size - this.waiting.length - this.reserved;
  }

  /** Takes a place for an activity whose checkpoint is being written; beyond the limit when `force` says so. */
  reserve(force = false): boolean {
    if (this.room < 1 && !force) return false;
    this.reserved += 1;
    return true;
  }

  /** Gives back the places of a checkpoint that was written or dropped. */
  unreserve(count: number): void {
    this.reserved -= count;
  }

  start(activity: RunningActivity): void {
    if (this.stopping) return this.port.returned(activity);
    this.waiting.push(activity);
    this.next();
  }

  /** Whether this process is at work on the claim. */
  has(claimToken: string): boolean {
    return this.running.has(claimToken) || this.waiting.some((activity) => activity.claimToken === claimToken);
  }

  /** Drops and aborts what no longer counts, because its execution has ended by force or was rewound. */
  abandon(matches: (activity: RunningActivity) => boolean): void {
    this.remove(matches);
    for (const { activity, abort } of this.running.values()) if (matches(activity)) this.end(abort, new Error(`Instance '${activity.instanceId}' has ended.`));
  }

  /** How many run. */
  get runningCount(): number {
    return this.running.size;
  }

  /** These begin only when it is known whether their claims still stand: {@link settleDoubts}. */
  doubt(activities: Iterable<RunningActivity>): void {
    for (const activity of activities) this.inDoubt.add(activity);
  }

  get doubtful(): readonly RunningActivity[] {
    return [...this.inDoubt];
  }

  /** @param lost those of the asked whose claims are another worker's */
  settleDoubts(asked: readonly RunningActivity[], lost: readonly RunningActivity[]): void {
    const gone = new Set(lost);
    this.remove((activity) => gone.has(activity));
    for (const activity of asked) this.inDoubt.delete(activity);
    this.next();
  }

  /** Claims that are being worked on. */
  get current(): RunningActivity[] {
    return [...[...this.running.values()].map(({ activity }) => activity), ...this.waiting];
  }

  /** Aborts an activity whose claim no longer exists. */
  abort({ claimToken }: RunningActivity): void {
    const running = this.running.get(claimToken);
    if (running) this.end(running.abort, new Error(`Instance '${running.activity.instanceId}' no longer waits for activity '${running.activity.name}'.`));
  }

  /** Takes nothing up any more, and gives back what has not begun. */
  stop(): void {
    this.stopping = true;
    for (const activity of this.remove(() => true)) this.port.returned(activity);
    this.settleIdle();
  }

  /** Resolves when nothing runs. */
  async whenIdle(): Promise<void> {
    while (this.running.size > 0) await new Promise<void>((resolve) => this.idleListeners.push(resolve));
  }

  /** Aborts the signals of everything that still runs. */
  abortAll(reason: Error): void {
    for (const { abort } of this.running.values()) this.end(abort, reason);
  }

  /** Begins what could not begin earlier. */
  next(): void {
    while (!this.stopping && this.running.size < this.port.maxConcurrent && this.waiting.length > 0) {
      const [next] = this.waiting as [RunningActivity];
      if (this.inDoubt.has(next) || !this.port.mayStart(next)) return;
      this.waiting.shift();
      void this.run(next);
    }
  }

  private end(abort: AbortController, reason: Error): void {
    if (abort.signal.aborted) return;
    this.port.metrics.aborted += 1;
    abort.abort(reason);
  }

  private remove(matches: (activity: RunningActivity) => boolean): RunningActivity[] {
    const removed = this.waiting.filter(matches);
    for (const activity of removed) this.inDoubt.delete(activity);
    if (removed.length > 0) this.waiting.splice(0, this.waiting.length, ...this.waiting.filter((activity) => !matches(activity)));
    return removed;
  }

  private async run(activity: RunningActivity): Promise<void> {
    const { metrics } = this.port;
    const abort = new AbortController();
    this.running.set(activity.claimToken, { activity, abort });
    metrics.started += 1;
    const event = await this.execute(activity, abort.signal);
    this.running.delete(activity.claimToken);
    this.rate.count();
    metrics[outcomeOf(event)] += 1;
    if (event) this.port.finished(activity, event);
    else this.port.returned(activity);
    this.next();
    this.settleIdle();
  }

  /** The outcome, or nothing when another worker has to run it. */
  private async execute(activity: RunningActivity, signal: AbortSignal): Promise<TaskCompleted | TaskFailed | undefined> {
    const { taskId, name, instanceId, dispatchCount = 0 } = activity;
    const { maxDispatchCount } = this.port;
    const definition = this.port.handlers.findActivity(name);
    try {
      if (dispatchCount > maxDispatchCount) {
        throw new PoisonMessageError(`Activity '${name}' (task ${taskId}) of instance '${instanceId}'`, dispatchCount, maxDispatchCount);
      }
      if (!definition) {
        const known = await this.port.namesWithout(name);
        if (!known) return undefined;
        throw new UnknownHandlerError('activity', name, known);
      }
      const value = await definition.handler(deserialize(activity.input, `the input of activity '${name}' (task ${taskId}) of instance '${instanceId}'`), this.contextOf(activity, signal));
      const result = serialize(value, `the result of activity '${name}' (${definition.source}), instance '${instanceId}'`, this.port.maxPayloadBytes);
      return { type: 'TaskCompleted', taskId, result };
    } catch (error) {
      // A process that stops is no reason to fail; where the result is not wanted any more, there is no claim to give back.
      if (definition?.isBuiltIn && signal.aborted) return undefined;
      const failureDetails = failureDetailsOf(error);
      // The request of a callHttp was answered: another attempt would do its work again, for an answer that is as large.
      const isFinal = definition?.isBuiltIn === true && error instanceof PayloadTooLargeError;
      return { type: 'TaskFailed', taskId, failureDetails: isFinal ? { ...failureDetails, isNonRetriable: true } : failureDetails };
    }
  }

  private contextOf(activity: RunningActivity, signal: AbortSignal): ActivityContext {
    const { instanceId, executionId, taskId, attempt, callId } = activity;
    return { instanceId, executionId, taskId, attempt, signal, log: this.port.log, idempotencyKey: idempotencyKey(executionId, callId) };
  }

  private settleIdle(): void {
    if (this.running.size === 0) for (const listener of this.idleListeners.splice(0)) listener();
  }
}

function outcomeOf(event: TaskCompleted | TaskFailed | undefined): 'completed' | 'failed' | 'returned' {
  if (!event) return 'returned';
  return event.type === 'TaskCompleted' ? 'completed' : 'failed';
}

/** Completions per time, over about the last second. */
class CompletionRate {
  private counted = 0;
  private perMs = 0;
  private since: number;

  constructor(private readonly clock: Clock) {
    this.since = clock.monotonic();
  }

  count(): void {
    this.counted += 1;
  }

  /** Completions to expect in the next `ms`. */
  expected(ms: number): number {
    const elapsed = this.clock.monotonic() - this.since;
    if (elapsed >= 100) {
      const weight = Math.min(elapsed / 500, 1);
      this.perMs = this.perMs * (1 - weight) + (this.counted / elapsed) * weight;
      this.counted = 0;
      this.since += elapsed;
    }
    return Math.floor(this.perMs * ms);
  }
}
