/** Who may use the API, and what an application that exposes it must say. */
import { once } from 'node:events';
import { request as requestTo, type IncomingMessage, type Server } from 'node:http';
import { Injectable, Module, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { DurableClient, DurableModule, type DurableModuleOptions } from 'nestjs-durable';
import { Subject } from '../client/subject.js';
import { compileApp, IN_MEMORY, refusalOf } from '../nest/support.js';
import { ADAPTERS, BASE_PATH, httpApplication } from './support/api-app.js';
import { expectRefusal, linksTo } from './support/calls.js';
import { useServed } from './support/served.js';

const KEY = 'a-key-of-the-tests-0123456789';
const OTHER_KEY = 'another-key-of-the-tests-9876';

/** One request for each row of the table; all but the reading ones would change something. */
const ROWS: readonly [method: string, path: string][] = [
  ['POST', 'orchestrators/returns'], ['POST', 'orchestrators/returns/new'], ['GET', 'instances/a'], ['GET', 'instances/'], ['DELETE', 'instances/a'],
  ['DELETE', 'instances/?createdTimeFrom=2020-01-01'], ['POST', 'instances/a/raiseEvent/go'], ['POST', 'instances/a/terminate'],
  ['POST', 'instances/a/suspend'],
  ['POST', 'instances/a/resume'], ['POST', 'instances/a/rewind'], ['POST', 'instances/a/restart'], ['GET', 'entities/box/a'], ['GET', 'entities/'],
  ['GET', 'entities/box'], ['POST', 'entities/box/a?op=put'], ['DELETE', 'entities/box/a'],
];

const withQuery = (path: string, query: string): string => `${path}${path.includes('?') ? '&' : '?'}${query}`;

/** What guards of the tests ask: injectable only where it is provided. */
@Injectable()
class Office {
  readonly passes = new Set(['open sesame']);
}

@Module({ providers: [Office], exports: [Office] })
class OfficeModule {}

@Injectable()
class PassGuard implements CanActivate {
  constructor(private readonly office: Office) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return this.office.passes.has(headers['x-pass'] ?? '');
  }
}

describe('an application that must not start', () => {
  const http = (value: unknown): DurableModuleOptions => ({ http: value }) as DurableModuleOptions;

  it('has an API without guards, keys or allowAnonymous', async () => {
    for (const value of [{}, { path: '/durable' }, { guards: [] }, { keys: [] }, { allowAnonymous: false }, { guards: [], keys: [], useForwardedHost: true }]) {
      const message = await refusalOf({ providers: [Subject] }, http(value));
      for (const part of ['http', 'guards', 'keys', 'allowAnonymous']) expect(message).toContain(part);
    }
  });

  it('has settings of the API that make no sense', async () => {
    const refused: [unknown, string][] = [
      [true, 'http'], ['on', 'http'], [[], 'http'], [{ allowAnonymous: 'yes' }, 'allowAnonymous'],
      [{ allowAnonymous: true, useForwardedHost: 'yes' }, 'useForwardedHost'],
      [{ keys: KEY }, 'keys'], [{ keys: ['short'] }, 'keys'], [{ keys: [KEY, 7] }, 'keys'], [{ guards: PassGuard }, 'guards'], [{ guards: ['x'] }, 'guards'],
      [{ allowAnonymous: true, path: 7 }, 'path'], [{ allowAnonymous: true, path: '' }, 'path'], [{ allowAnonymous: true, key: KEY }, 'key'],
    ];
    for (const [value, name] of refused) expect([value, await refusalOf({}, http(value))]).toEqual([value, expect.stringContaining(name)]);
  });

  it('does not tell the key when it refuses one', async () => {
    expect(await refusalOf({}, http({ keys: ['sesame'] }))).not.toContain('sesame');
  });
});

describe.each(ADAPTERS)('the API on %s', (adapter) => {
  const serve = useServed(adapter);

  it('is off by default: no row is there', async () => {
    for (const durable of [{}, { http: undefined }, { http: false as const }]) {
      const { request } = await serve({ durable, metadata: { providers: [Subject] } });
      for (const [method, path] of ROWS) expect((await request(method, `${BASE_PATH}/${path}`)).status).toBe(404);
    }
  });

  it('with keys answers 401 to each row without one, and does nothing', async () => {
    const { app, request } = await serve({ durable: { http: { keys: [KEY] } }, metadata: { providers: [Subject] } });
    const client = app.get(DurableClient, { strict: false });
    await client.startNew('waits', { instanceId: 'a' });
    const before = await client.getStatus('a');
    for (const [method, path] of ROWS) expectRefusal(await request(method, `${BASE_PATH}/${path}`), 401);
    expect((await client.getStatusBy()).instances.map(({ instanceId }) => instanceId)).toEqual(['a']);
    const after = await client.getStatus('a');
    expect([after?.createdTime, after?.runtimeStatus]).toEqual([before?.createdTime, expect.stringMatching(/Running|Pending/)]);
  });

  it('takes a key as the query parameter code or the header x-functions-key; any of the keys', async () => {
    const { request } = await serve({ durable: { http: { keys: [KEY, OTHER_KEY] } } });
    for (const key of [KEY, OTHER_KEY]) {
      expect((await request('GET', `${BASE_PATH}/instances/?code=${key}`)).status).toBe(200);
      expect((await request('GET', `${BASE_PATH}/instances/`, { headers: { 'x-functions-key': key } })).status).toBe(200);
      expect((await request('GET', `${BASE_PATH}/instances/?taskHub=DurableHub&code=${key}`, { headers: { 'X-Functions-Key': key } })).status).toBe(200);
    }
  });

  it('takes keys of any characters', async () => {
    const key = 'with +/=&% and ä: 0123';
    const { request } = await serve({ durable: { http: { keys: [key] } } });
    expect((await request('GET', `${BASE_PATH}/instances/?code=${encodeURIComponent(key)}`)).status).toBe(200);
  });

  it('answers 401 to wrong keys, whatever else is wrong with the request', async () => {
    const { request } = await serve({ durable: { http: { keys: [KEY] } }, metadata: { providers: [Subject] } });
    const wrong = [KEY.slice(1), KEY.slice(0, -1), `${KEY} x`, KEY.toUpperCase(), '', 'null', 'x'.repeat(KEY.length), `${KEY},${KEY}`];
    for (const key of wrong) {
      expectRefusal(await request('GET', `${BASE_PATH}/instances/?code=${encodeURIComponent(key)}`), 401);
      expectRefusal(await request('GET', `${BASE_PATH}/instances/`, { headers: { 'x-functions-key': key } }), 401);
    }
    expectRefusal(await request('GET', `${BASE_PATH}/instances/?code[]=${KEY}`), 401);
    expectRefusal(await request('GET', `${BASE_PATH}/instances/missing`), 401);
    expectRefusal(await request('GET', `${BASE_PATH}/instances/?taskHub=Elsewhere`), 401);
    expectRefusal(await request('POST', `${BASE_PATH}/orchestrators/missing`, { text: '{' }), 401);
  });

  it('repeats in its links the key that came as a parameter, and no other', async () => {
    const { origin, request } = await serve({ durable: { http: { keys: [KEY, OTHER_KEY] } }, metadata: { providers: [Subject] } });
    const start = `${BASE_PATH}/orchestrators/waits`;
    const byParameter = await request('POST', `${start}/a?code=${OTHER_KEY}`);
    expect(byParameter.body).toEqual(linksTo(`${origin}${BASE_PATH}`, 'a', `taskHub=DurableHub&code=${OTHER_KEY}`));
    expect(byParameter.headers.get('location')).toBe(byParameter.body.statusQueryGetUri);
    expect((await fetch(byParameter.body.statusQueryGetUri)).status).toBe(202);
    const byHeader = await request('POST', `${start}/b`, { headers: { 'x-functions-key': KEY } });
    expect(byHeader.body).toEqual(linksTo(`${origin}${BASE_PATH}`, 'b'));
    expect(byHeader.headers.get('location')).toBe(byHeader.body.statusQueryGetUri);
    const none = await request('GET', `${BASE_PATH}/instances/missing?code=${KEY}`);
    expect(none.text).not.toContain(KEY);
    const { headers } = await request('GET', `${BASE_PATH}/instances/a?code=${KEY}`);
    expect(headers.get('location')).toBe(`${origin}${BASE_PATH}/instances/a?taskHub=DurableHub&code=${KEY}`);
  });

  it('[K5] gives controllers links without a key', async () => {
    const { app } = await serve({ durable: { http: { keys: [KEY] } } });
    const request = { protocol: 'http', headers: { host: 'shop.example', 'x-functions-key': KEY }, url: `/orders?code=${KEY}`, query: { code: KEY } };
    const response = app.get(DurableClient, { strict: false }).createCheckStatusResponse(request, 'a');
    expect(response.body).toEqual(linksTo(`http://shop.example${BASE_PATH}`, 'a'));
    expect(response.headers).toEqual({ Location: linksTo(`http://shop.example${BASE_PATH}`, 'a').statusQueryGetUri, 'Retry-After': '10' });
  });

  it('asks its guards for each row: 403, and nothing is done', async () => {
    const { app, request } = await serve({
      durable: { http: { guards: [PassGuard] } },
      metadata: { providers: [Subject, PassGuard, Office] },
    });
    await app.get(DurableClient, { strict: false }).startNew('waits', { instanceId: 'a' });
    for (const [method, path] of ROWS) {
      expectRefusal(await request(method, `${BASE_PATH}/${path}`), 403);
      expectRefusal(await request(method, `${BASE_PATH}/${withQuery(path, `code=${KEY}`)}`, { headers: { 'x-pass': 'abracadabra' } }), 403);
    }
    const { instances } = await app.get(DurableClient, { strict: false }).getStatusBy();
    expect(instances.map(({ instanceId }) => instanceId)).toEqual(['a']);
    expect((await request('GET', `${BASE_PATH}/instances/`, { headers: { 'x-pass': 'open sesame' } })).status).toBe(200);
  });

  it('takes guards that are objects; with keys it asks for both', async () => {
    const guard: CanActivate = { canActivate: (context) => context.switchToHttp().getRequest<{ url: string }>().url.includes('instances') };
    const { request } = await serve({ durable: { http: { guards: [guard], keys: [KEY] } } });
    expect((await request('GET', `${BASE_PATH}/instances/?code=${KEY}`)).status).toBe(200);
    expectRefusal(await request('GET', `${BASE_PATH}/entities/?code=${KEY}`), 403);
    expectRefusal(await request('GET', `${BASE_PATH}/instances/`), 401);
  });

  it('answers a guard that throws with what it throws, and 500 without a word to what is no HttpException', async () => {
    const guard: CanActivate = {
      canActivate: () => {
        throw new RangeError('the secret of the guard');
      },
    };
    const { request } = await serve({ durable: { http: { guards: [guard] } } });
    const answer = await request('GET', `${BASE_PATH}/instances/`);
    expect([answer.status, answer.text.includes('secret')]).toEqual([500, false]);
  });

  it('is under the global guards of the application', async () => {
    const { request } = await serve({
      durable: { http: { allowAnonymous: true } },
      metadata: { imports: [OfficeModule], providers: [{ provide: APP_GUARD, useClass: PassGuard }] },
    });
    expectRefusal(await request('GET', `${BASE_PATH}/instances/`), 403);
    expect((await request('GET', `${BASE_PATH}/instances/`, { headers: { 'x-pass': 'open sesame' } })).status).toBe(200);
  });

  it('refuses a caller without a key before its body has come, and keeps none of it', async () => {
    const { origin } = await serve({ durable: { http: { keys: [KEY] } }, metadata: { providers: [Subject] } });
    const sent = requestTo(`${origin}${BASE_PATH}/orchestrators/returns`, { method: 'POST', headers: { 'content-length': 1_000 } });
    sent.on('error', () => undefined).write('[');
    try {
      const [answer] = await once(sent, 'response', { signal: AbortSignal.timeout(2_000) }) as [IncomingMessage];
      expect(answer.statusCode).toBe(401);
    } finally {
      sent.destroy();
    }
  });

  it('allows everybody with allowAnonymous', async () => {
    const { request } = await serve({ durable: { http: { allowAnonymous: true } } });
    expect((await request('GET', `${BASE_PATH}/instances/`)).status).toBe(200);
  });

  it('is given synchronously with forRootAsync', async () => {
    const durable = DurableModule.forRootAsync({ http: { keys: [KEY] }, useFactory: () => IN_MEMORY });
    const { request } = await serve({ metadata: { imports: [durable] } });
    expectRefusal(await request('GET', `${BASE_PATH}/instances/`), 401);
    expect((await request('GET', `${BASE_PATH}/instances/?code=${KEY}`)).status).toBe(200);
  });
});

it('lets nobody in by guards that are not there yet, where the server listens before the application is ready', async () => {
  let early: number | undefined;
  const caller = { provide: 'caller', useValue: { onModuleInit: async () => void (early = await ask()) } };
  // Modules further down initialise before others.
  @Module({ providers: [caller] })
  class InnerModule {}
  @Module({ imports: [InnerModule] })
  class OuterModule {}
  const canActivate = jest.fn(() => true);
  const app = httpApplication(await compileApp({ imports: [OuterModule] }, { http: { guards: [{ canActivate }] } }), 'express');
  const server = app.getHttpServer() as Server;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const ask = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}${BASE_PATH}/instances/`)).status;
  await app.init();
  expect([early, canActivate.mock.calls.length]).toEqual([503, 0]);
  expect(await ask()).toBe(200);
  await app.close();
});
