/** The handlers of the shop: both forms of a call to another application, as the sample has them. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext, type RetryOptions } from '../../lib/index.js';
import { KEY } from './dispatches.js';

/** Where the management API of the warehouse is. */
export class WarehouseAddress {
  constructor(readonly url: string) {}
}

const RETRY: RetryOptions = { firstRetryInterval: 200, maxNumberOfAttempts: 1_000 };
const HEADERS = { 'x-functions-key': KEY, 'content-type': 'application/json' };

/** A request that nobody answers is made again: the line of the test may have died with it, ms. */
const TIMEOUT = 5_000;
/** Between two questions of the long form, ms. */
const PAUSE = 200;

@Injectable()
export class Deliveries {
  constructor(private readonly address: WarehouseAddress) {}

  @Activity()
  warehouse(): string {
    return this.address.url;
  }

  @Orchestrator()
  *byCallHttp(ctx: OrchestrationContext, order: string): Orchestration<string> {
    const url = yield* ctx.activities(Deliveries).warehouse();
    const options = { headers: HEADERS, retry: RETRY, timeout: TIMEOUT };
    let answer = yield* ctx.callHttp({ ...options, method: 'POST', url: `${url}/${startOf(order)}`, body: JSON.stringify(order) });
    if (answer.statusCode === 409) answer = yield* ctx.callHttp({ ...options, method: 'GET', url: `${url}/${statusOf(order)}` });
    return outputOf(answer.statusCode, answer.content);
  }

  @Orchestrator()
  *byActivities(ctx: OrchestrationContext, order: string): Orchestration<string> {
    const { start, ask } = ctx.activities(Deliveries);
    yield* start(order, { retry: RETRY });
    for (;;) {
      const output = yield* ask(order, { retry: RETRY });
      if (output !== null) return output;
      yield* ctx.createTimer(PAUSE);
    }
  }

  @Activity()
  async start(order: string, ctx: ActivityContext): Promise<void> {
    const { status } = await this.request('POST', startOf(order), ctx, JSON.stringify(order));
    if (status !== 202 && status !== 409) throw new Error(`answered ${status}`);
  }

  @Activity()
  async ask(order: string, ctx: ActivityContext): Promise<string | null> {
    const response = await this.request('GET', statusOf(order), ctx);
    return response.status === 202 ? null : outputOf(response.status, await response.text());
  }

  private request(method: string, path: string, { signal }: ActivityContext, body?: string): Promise<Response> {
    return fetch(`${this.address.url}/${path}`, { method, headers: HEADERS, body, signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]) });
  }
}

const startOf = (order: string): string => `orchestrators/dispatch/${order}?onConflict=reject`;
const statusOf = (order: string): string => `instances/${order}`;

function outputOf(statusCode: number, content: string): string {
  const { runtimeStatus, output } = JSON.parse(content) as { runtimeStatus?: string; output?: string };
  if (statusCode !== 200 || runtimeStatus !== 'Completed') throw new Error(`answered ${statusCode}: ${content}`);
  return output!;
}
