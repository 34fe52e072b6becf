import type { OpenCall } from './action-log.js';
import { TaskFailedError } from './errors.js';
import type { ExecutionScope } from './execution-scope.js';
import type { FailureDetails } from './failure.js';
import type { OutputEvent, Serialized } from './history.js';
import { partitionOf, subOrchestrationId } from './ids.js';
import type { OrchestrationContext } from './orchestration-context.js';
import { retryDelay, type RetryOptions } from './retry-options.js';
import { TaskBase } from './task-base.js';
import { latestTime } from './times.js';

/** Sub-orchestrations that an instance has open in its own partition at most; further ones spread over all. */
const MAX_NEAR_CHILDREN = 100;

/** What is called, the same in each attempt. */
export interface CallRequest {
  readonly kind: 'activity' | 'sub-orchestration';
  readonly name: string;
  readonly input: Serialized;
  readonly instanceId?: string;
  readonly version?: string;
  readonly retry?: RetryOptions;
}

/** The call of an activity or a sub-orchestration: one task, however many attempts it takes [R4]. */
export class CallTask extends TaskBase<unknown> implements OpenCall {
  private taskId = -1;
  private callId = -1;
  private attempt = 0;
  private readonly firstCallTime: number;

  constructor(
    private readonly scope: ExecutionScope,
    private readonly ctx: OrchestrationContext,
    private readonly request: CallRequest,
  ) {
    super(scope, `${request.kind} '${request.name}'`);
    this.firstCallTime = scope.time;
  }

  get kind(): CallRequest['kind'] {
    return this.request.kind;
  }

  /** Schedules the next attempt. */
  schedule(): this {
    const { actions } = this.scope;
    this.attempt += 1;
    this.taskId = actions.add(this.output(actions.nextTaskId), this);
    if (this.attempt === 1) this.callId = this.taskId;
    return this;
  }

  complete(result: Serialized): void {
    this.succeedWith(result);
  }

  attemptFailed(details: FailureDetails): void {
    let delay: number | undefined;
    try {
      delay = this.delayAfter(details);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (delay === undefined || this.scope.continuation) {
      this.fail(new TaskFailedError(this.request.name, this.taskId, details));
      return;
    }
    this.scope.actions.addTimer(latestTime(this.scope.time + delay), () => this.schedule());
  }

  /** ms until the next attempt; none when this failure is final [A6, R2, R3]. */
  private delayAfter(details: FailureDetails): number | undefined {
    const { retry } = this.request;
    if (!retry || details.isNonRetriable || this.attempt >= retry.maxNumberOfAttempts) return undefined;
    const delay = this.chooseDelay(retry, details);
    if (delay === undefined || retry.retryTimeout === undefined) return delay;
    return this.scope.time + delay > this.firstCallTime + retry.retryTimeout ? undefined : delay;
  }

  private chooseDelay(retry: RetryOptions, details: FailureDetails): number | undefined {
    if (!retry.handle) return retryDelay(retry, this.attempt);
    const decision = this.scope.runCode(() => retry.handle?.(details, this.ctx, this.attempt));
    if (decision === true) return retryDelay(retry, this.attempt);
    return typeof decision === 'number' && Number.isFinite(decision) && decision > 0 ? decision : undefined;
  }

  /** In the partition of the parent, where they wait for each other without a poll, unless they are many [S1]. */
  private childId(taskId: number): string {
    const { actions, options } = this.scope;
    const { instanceId, executionId, partitionCount } = options;
    if (actions.openSubOrchestrations >= MAX_NEAR_CHILDREN) return subOrchestrationId(executionId, taskId);
    return subOrchestrationId(executionId, taskId, { partition: partitionOf(instanceId, partitionCount), partitionCount });
  }

  private output(taskId: number): OutputEvent {
    const { attempt } = this;
    const callId = attempt === 1 ? taskId : this.callId;
    const { kind, name, input, version, instanceId } = this.request;
    if (kind === 'activity') return { type: 'TaskScheduled', taskId, name, ...(input !== undefined && { input }), callId, attempt };
    return {
      type: 'SubOrchestrationInstanceCreated',
      taskId,
      name,
      ...(version !== undefined && { version }),
      instanceId: instanceId ?? this.childId(taskId),
      ...(input !== undefined && { input }),
      defaultId: instanceId === undefined,
      ...(attempt > 1 && { callId, attempt }),
    };
  }
}
