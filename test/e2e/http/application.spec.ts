/** The API within an application that has paths, parsers, pipes, interceptors and filters of its own. */
import { once } from 'node:events';
import { request as requestTo, type IncomingMessage } from 'node:http';
import {
  BadRequestException, Body, Catch, Controller, Get, HttpCode, Injectable, Post, Req, Res, VersioningType,
  type ArgumentsHost, type CallHandler, type ExceptionFilter, type ExecutionContext, type INestApplication, type NestInterceptor, type PipeTransform,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { map, type Observable } from 'rxjs';
import { DurableClient, DurableModule, InjectDurableClient, Orchestrator, type HttpRequestLike, type OrchestrationContext } from 'nestjs-durable';
import { Subject } from '../client/subject.js';
import { compileApp, IN_MEMORY } from '../nest/support.js';
import { Gates } from '../support/gates.js';
import { ADAPTERS, BASE_PATH, listen } from './support/api-app.js';
import { call, expectRefusal, linksTo } from './support/calls.js';
import { useServed } from './support/served.js';

const OPEN = { allowAnonymous: true };

@Injectable()
class Invoices {
  @Orchestrator({ hub: 'billing' })
  bill(_ctx: OrchestrationContext, input: unknown): unknown {
    return { billed: input };
  }
}

@Controller('orders')
class OrdersController {
  constructor(@InjectDurableClient() private readonly client: DurableClient, private readonly host: HttpAdapterHost) {}

  @Get('waiting')
  async waiting(@Req() request: HttpRequestLike, @Res() response: unknown): Promise<void> {
    const id = await this.client.startNew('waits', { instanceId: 'waiting' });
    this.send(response, this.client.createCheckStatusResponse(request, id));
  }

  @Get('done')
  async done(@Req() request: HttpRequestLike, @Res() response: unknown): Promise<void> {
    const id = await this.client.startNew('returns', { input: { parcels: 2 } });
    this.send(response, await this.client.waitForCompletionOrCreateCheckStatusResponse(request, id));
  }

  @Get('links')
  links(@Req() request: HttpRequestLike): unknown {
    return this.client.createHttpManagementPayload(request, 'order 1');
  }

  @Post()
  @HttpCode(200)
  echo(@Body() body: unknown): unknown {
    return { echoed: body ?? null };
  }

  private send(response: unknown, { status, headers, body }: ReturnType<DurableClient['createCheckStatusResponse']>): void {
    const { httpAdapter } = this.host;
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, body, status);
  }
}

@Injectable()
class RefusesAll implements PipeTransform {
  transform(): never {
    throw new BadRequestException('the pipe of the application');
  }
}

class Wraps implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data) => ({ wrapped: data })));
  }
}

@Catch()
class Catches implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { caught: true }, 418);
  }
}

describe.each(ADAPTERS)('an application with the API on %s', (adapter) => {
  const serve = useServed(adapter);
  const metadata = { providers: [Subject], controllers: [OrdersController] };

  it('[K5] has controllers whose links lead to it', async () => {
    const { origin, request } = await serve({ durable: { http: OPEN }, metadata });
    const { status, headers, body } = await request('GET', '/orders/waiting');
    expect([status, headers.get('retry-after')]).toEqual([202, '10']);
    expect(body).toEqual(linksTo(`${origin}${BASE_PATH}`, 'waiting'));
    expect(headers.get('location')).toBe(body.statusQueryGetUri);
    expect(await (await fetch(body.statusQueryGetUri)).json()).toMatchObject({ instanceId: 'waiting' });
    const done = await request('GET', '/orders/done');
    expect([done.status, done.body]).toEqual([200, { parcels: 2 }]);
  });

  it('has it at a path of its own, and only there', async () => {
    for (const path of ['/durable', 'durable', '/durable/', '/internal/durable/v1']) {
      const { origin, request } = await serve({ durable: { http: { ...OPEN, path } }, metadata });
      const base = `/${path.replace(/^\/|\/$/g, '')}`;
      expect((await request('GET', `${base}/instances/`)).status).toBe(200);
      expect((await request('GET', `${BASE_PATH}/instances/`)).status).toBe(404);
      expect((await request('GET', '/orders/links')).body).toEqual(linksTo(`${origin}${base}`, 'order 1'));
      expect((await request('POST', `${base}/orchestrators/returns/a`, { json: 1 })).body).toEqual(linksTo(`${origin}${base}`, 'a'));
    }
  });

  it('has it under its global prefix, and the links know', async () => {
    const { origin, request } = await serve({ durable: { http: OPEN }, metadata, configure: (app) => app.setGlobalPrefix('api/v2') });
    const base = `/api/v2${BASE_PATH}`;
    expect((await request('POST', `${base}/orchestrators/returns/a`, { json: '' })).body).toEqual(linksTo(`${origin}${base}`, 'a'));
    expect((await request('GET', '/api/v2/orders/links')).body).toEqual(linksTo(`${origin}${base}`, 'order 1'));
    expect((await fetch(`${origin}${BASE_PATH}/instances/`)).status).toBe(404);
  });

  it('may exclude it from the global prefix', async () => {
    const exclude = [`${BASE_PATH}/{*path}`];
    const { origin, request } = await serve({ durable: { http: OPEN }, metadata, configure: (app) => app.setGlobalPrefix('api', { exclude }) });
    expect((await request('POST', `${BASE_PATH}/orchestrators/returns/a`, { json: '' })).body).toEqual(linksTo(`${origin}${BASE_PATH}`, 'a'));
    expect((await request('GET', '/api/orders/links')).body).toEqual(linksTo(`${origin}${BASE_PATH}`, 'order 1'));
  });

  it('has it without a version', async () => {
    const configure = (app: INestApplication) => void app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    const { request } = await serve({ durable: { http: OPEN }, metadata, configure });
    expect((await request('GET', `${BASE_PATH}/instances/`)).status).toBe(200);
    expect((await request('GET', '/v1/orders/links')).status).toBe(200);
  });

  it('cannot change it with pipes, interceptors and filters for all routes', async () => {
    const { request } = await serve({
      durable: { http: OPEN },
      metadata,
      configure: (app) => {
        app.useGlobalPipes(new RefusesAll());
        app.useGlobalInterceptors(new Wraps());
        app.useGlobalFilters(new Catches(app.get(HttpAdapterHost)));
      },
    });
    expect((await request('GET', '/orders/none')).body).toEqual({ caught: true });
    expect((await request('GET', `${BASE_PATH}/instances/`)).body).toEqual([]);
    expect((await request('POST', `${BASE_PATH}/orchestrators/returns/a?timeout=10`, { json: { sku: 'cup' } })).body).toEqual({ sku: 'cup' });
    expectRefusal(await request('GET', `${BASE_PATH}/instances/missing`), 404);
    expectRefusal(await request('POST', `${BASE_PATH}/orchestrators/returns`, { text: '{' }), 400);
  });

  it('keeps its own way with bodies', async () => {
    const { request } = await serve({ durable: { http: OPEN }, metadata });
    expect((await request('POST', '/orders', { json: { a: 1 } })).body).toEqual({ echoed: { a: 1 } });
    expect((await request('POST', '/orders', { text: '{' })).status).toBe(400);
    expect((await request('POST', '/orders', { json: 'x'.repeat(2_000_000) })).status).toBe(413);
    expect((await request('POST', `${BASE_PATH}/orchestrators/returns?timeout=10`, { json: 'x'.repeat(2_000_000) })).body).toHaveLength(2_000_000);
  });

  it('ignores a body where none is taken, whatever its parsers make of it', async () => {
    const { origin } = await serve({ durable: { http: OPEN }, metadata });
    const sent = requestTo(`${origin}${BASE_PATH}/instances/`, { headers: { 'content-type': 'application/json', 'content-length': 1 } });
    sent.end('{');
    const [answer] = await once(sent, 'response') as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  });

  it('without parsers, or with raw bodies, has the same API', async () => {
    for (const option of [{ bodyParser: false }, { rawBody: true }]) {
      const { request } = await serve({ durable: { http: OPEN }, metadata, appOptions: option });
      for (const input of [{ a: 1 }, '', null, 0]) {
        expect((await request('POST', `${BASE_PATH}/orchestrators/returns?timeout=10`, { json: input })).body).toEqual(input);
      }
      expectRefusal(await request('POST', `${BASE_PATH}/orchestrators/returns`, { text: '{' }), 400);
    }
  });

  it('takes the host of links from what the proxy says only when told so', async () => {
    const headers = { 'x-forwarded-host': 'shop.example:8443', 'x-forwarded-proto': 'https' };
    const plain = await serve({ durable: { http: OPEN }, metadata });
    const forwarded = await serve({ durable: { http: { ...OPEN, useForwardedHost: true } }, metadata });
    const paths: [string, string][] = [['GET', '/orders/links'], ['POST', `${BASE_PATH}/orchestrators/returns`]];
    for (const [method, path] of paths) {
      const link = async (served: typeof plain, sent: Record<string, string>) => (await served.request(method, path, { headers: sent })).body.statusQueryGetUri;
      expect(await link(plain, headers)).toMatch(new RegExp(`^${plain.origin}${BASE_PATH}/`));
      expect(await link(forwarded, headers)).toMatch(new RegExp(`^https://shop\\.example:8443${BASE_PATH}/`));
      expect(await link(forwarded, { 'x-forwarded-host': 'first.example, second.example' })).toMatch(/^http:\/\/first\.example\//);
      expect(await link(forwarded, {})).toMatch(new RegExp(`^${forwarded.origin}${BASE_PATH}/`));
    }
  });

  it('has one API for all its registrations: taskHub selects, an unknown one is 404', async () => {
    const billing = DurableModule.forRoot({ ...IN_MEMORY, name: 'billing', taskHub: 'Billing' });
    const { origin, request } = await serve({ durable: { http: OPEN }, metadata: { ...metadata, imports: [billing], providers: [Subject, Invoices] } });
    const answer = await request('POST', `${BASE_PATH}/orchestrators/bill/a?taskHub=Billing&timeout=10`, { json: 7 });
    expect([answer.status, answer.body]).toEqual([200, { billed: 7 }]);
    expect((await request('GET', `${BASE_PATH}/instances/a?taskHub=billing&connection=Storage`)).body).toMatchObject({ name: 'bill' });
    expectRefusal(await request('GET', `${BASE_PATH}/instances/a`), 404);
    expectRefusal(await request('POST', `${BASE_PATH}/orchestrators/bill`), 400);
    const restarted = await request('POST', `${BASE_PATH}/instances/a/restart?taskHub=Billing`);
    expect(restarted.body).toEqual(linksTo(`${origin}${BASE_PATH}`, restarted.body.id, 'taskHub=Billing'));
    for (const [method, path] of [['GET', 'instances/'], ['POST', 'orchestrators/bill'], ['DELETE', 'instances/a'], ['GET', 'entities/']] as const) {
      expectRefusal(await request(method, `${BASE_PATH}/${path}?taskHub=Elsewhere`), 404, 'Elsewhere');
    }
  });

  it('has an API for each of two registrations, at different paths', async () => {
    const billing = DurableModule.forRoot({ ...IN_MEMORY, name: 'billing', taskHub: 'Billing', http: { ...OPEN, path: '/billing' } });
    const { origin, request } = await serve({ durable: { http: OPEN }, metadata: { ...metadata, imports: [billing], providers: [Subject, Invoices] } });
    expect((await request('POST', '/billing/orchestrators/bill?timeout=10', { json: 7 })).body).toEqual({ billed: 7 });
    expect((await request('POST', `${BASE_PATH}/orchestrators/returns/a`, { json: 7 })).body).toEqual(linksTo(`${origin}${BASE_PATH}`, 'a'));
    const started = await request('POST', '/billing/orchestrators/bill/a');
    expect(started.body).toEqual(linksTo(`${origin}/billing`, 'a', 'taskHub=Billing'));
    expect((await request('GET', '/billing/instances/a')).body).toMatchObject({ name: 'bill' });
    expect((await request('GET', '/billing/instances/a?taskHub=DurableHub')).body).toMatchObject({ name: 'returns' });
  });
});

it.each(['ignoreTrailingSlash', 'ignoreDuplicateSlashes'])('an application on Fastify with %s has the API', async (option) => {
  const module = await compileApp({ providers: [Subject, Gates] }, { http: OPEN });
  const app = module.createNestApplication(new FastifyAdapter({ routerOptions: { [option]: true } }));
  try {
    const origin = await listen(app);
    for (const path of ['instances', 'instances/', 'entities', 'entities/']) expect((await call('GET', `${origin}${BASE_PATH}/${path}`)).body).toEqual([]);
    expect((await call('POST', `${origin}${BASE_PATH}/orchestrators/returns/?timeout=10`, { json: 7 })).body).toBe(7);
  } finally {
    await app.close();
  }
});
