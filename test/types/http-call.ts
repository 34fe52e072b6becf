/**
 * Compiled by `npm run typecheck`, never run: what the types of `ctx.callHttp` must accept and refuse [H1].
 */
import { Orchestrator, type DurableHttpRequest, type DurableHttpResponse, type Orchestration, type OrchestrationContext } from 'nestjs-durable';

interface Order {
  readonly id: string;
}

export class Accepted {
  @Orchestrator()
  *calls(ctx: OrchestrationContext, order: Order): Orchestration<number> {
    const response = yield* ctx.callHttp({ method: 'GET', url: new URL('https://shop.example') });
    const request: DurableHttpRequest = {
      method: 'POST', url: 'https://shop.example', headers: { accept: 'text/plain' }, body: order, timeout: 1_000, enablePolling: false,
      retry: { firstRetryInterval: 1_000, maxNumberOfAttempts: 3, handle: (failure) => failure.errorType === 'TaskTimeoutError' },
    };
    const [first] = yield* ctx.all([ctx.callHttp(request), ctx.createTimer(1)]);
    return (first satisfies DurableHttpResponse).statusCode + (response.content satisfies string).length;
  }
}

export function* refused(ctx: OrchestrationContext): Orchestration {
  // @ts-expect-error there is no default method
  yield* ctx.callHttp({ url: 'https://shop.example' });
  // @ts-expect-error nor url
  yield* ctx.callHttp({ method: 'GET' });
  // @ts-expect-error no such option; in Azure's older SDKs it was the url
  yield* ctx.callHttp({ method: 'GET', uri: 'https://shop.example', url: 'https://shop.example' });
  // @ts-expect-error headers are strings
  yield* ctx.callHttp({ method: 'GET', url: 'https://shop.example', headers: { age: 1 } });
  const { headers } = yield* ctx.callHttp({ method: 'GET', url: 'https://shop.example' });
  // @ts-expect-error what came is not to be changed
  headers.etag = '1';
}
