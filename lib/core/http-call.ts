import { CallTask } from './call-task.js';
import type { ExecutionScope } from './execution-scope.js';
import type { DurableHttpResponse, HttpActivityInput, HttpActivityResult } from './http-call-messages.js';
import { pollRequest, pollTime } from './http-call-polling.js';
import { describeRequest } from './http-call-request.js';
import type { OrchestrationContext } from './orchestration-context.js';
import { HTTP_ACTIVITY } from './reserved-names.js';
import type { RetryOptions } from './retry-options.js';
import { TaskBase, type TaskParent } from './task-base.js';

/**
 * `ctx.callHttp`: one task, however many requests it takes [H1, H2]. Each request is a call of the activity with attempts of its own:
 * a rewind so repeats the poll that failed, not the request that was accepted before it [K8].
 */
export class HttpCall extends TaskBase<DurableHttpResponse> implements TaskParent {
  constructor(
    private readonly scope: ExecutionScope,
    private readonly ctx: OrchestrationContext,
    private request: HttpActivityInput,
    private readonly retry: RetryOptions | undefined,
  ) {
    super(scope, `callHttp ${describeRequest(request)}`);
  }

  /** Schedules the request. @param input it, as JSON */
  schedule(input = JSON.stringify(this.request)): this {
    new CallTask(this.scope, this.ctx, { kind: 'activity', name: HTTP_ACTIVITY, input, retry: this.retry }).schedule().addParent(this);
    return this;
  }

  childCompleted(call: TaskBase<unknown>): boolean {
    if (call.isFaulted) return this.markFailed(call.error);
    const { statusCode, headers, content, url, location } = call.result as HttpActivityResult;
    if (location === undefined) return this.markSucceeded({ statusCode, headers, content });
    const { time, options, actions } = this.scope;
    this.request = pollRequest(this.request, url, location);
    actions.addTimer(pollTime(headers['retry-after'], time, options.maxTimerInterval), () => this.schedule());
    return false;
  }
}
