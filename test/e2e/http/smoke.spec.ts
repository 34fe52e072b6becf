/** Where frameworks and applications differ from what the API's own tests have: long paths, bodies read before, guards, paths. */
import { Catch, Injectable, Module, type ArgumentsHost, type CanActivate, type ExceptionFilter, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DurableModule } from 'nestjs-durable';
import { Subject } from '../client/subject.js';
import { IN_MEMORY, refusalOf, SILENT } from '../nest/support.js';
import { Gates } from '../support/gates.js';
import { ADAPTERS, BASE_PATH, listen } from './support/api-app.js';
import { call, expectRefusal } from './support/calls.js';
import { useServed } from './support/served.js';

const OPEN = { allowAnonymous: true };
const QUIET = { logger: SILENT, abortOnError: false };

@Injectable()
class Doorman {
  readonly password = 'swordfish';
}

/** No provider itself: it is made where the module is imported. */
@Injectable()
class PasswordGuard implements CanActivate {
  constructor(private readonly doorman: Doorman) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return Promise.resolve(headers['password'] === this.doorman.password);
  }
}

@Catch()
class Answers418 implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    this.adapterHost.httpAdapter.reply(host.switchToHttp().getResponse(), {}, 418);
  }
}

describe.each(ADAPTERS)('the API on %s', (adapter) => {
  const serve = useServed(adapter);

  it('[N1] has room for the longest id, and what must be encoded of it', async () => {
    const { request } = await serve({ durable: { http: OPEN }, metadata: { providers: [Subject] } });
    for (const id of ['x'.repeat(255), 'ä'.repeat(255)]) {
      const path = encodeURIComponent(id);
      expect((await request('POST', `${BASE_PATH}/orchestrators/waits/${path}`)).body.id).toBe(id);
      expect((await request('POST', `${BASE_PATH}/instances/${path}/raiseEvent/go`, { json: 1 })).status).toBe(202);
      expect((await request('GET', `${BASE_PATH}/instances/${path}`)).body.instanceId).toBe(id);
    }
  });

  it('answers 404 in its own form to other paths, and takes a slash at the end of all', async () => {
    const { request } = await serve({ durable: { http: OPEN }, metadata: { providers: [Subject] } });
    for (const path of ['', '/', '/nothing', '/instances/a/b', '/instances/a/raiseEvent', '/instances/a/raiseEvent/']) {
      expectRefusal(await request('POST', `${BASE_PATH}${path}`), 404);
    }
    for (const path of ['instances/', 'entities/', 'entities/box/']) expect((await request('GET', `${BASE_PATH}/${path}`)).status).toBe(200);
    expect((await request('POST', `${BASE_PATH}/orchestrators/returns/a/?timeout=10`, { json: 1 })).body).toBe(1);
    expectRefusal(await request('GET', `${BASE_PATH}/instances/a%zz`), 400);
  });

  it('makes guards that nobody provides with what the importing module can inject', async () => {
    const { request } = await serve({ durable: { http: { guards: [PasswordGuard] } }, metadata: { providers: [Doorman] } });
    expectRefusal(await request('GET', `${BASE_PATH}/instances/`), 403);
    expect((await request('GET', `${BASE_PATH}/instances/`, { headers: { password: 'swordfish' } })).status).toBe(200);
  });

  it('answers for its guards in its own form, whatever filters the application has', async () => {
    const { request } = await serve({
      durable: { http: { keys: ['a key of sixteen characters'], guards: [PasswordGuard] } },
      metadata: { providers: [Doorman] },
      configure: (app) => app.useGlobalFilters(new Answers418(app.get(HttpAdapterHost))),
    });
    expect((await request('GET', '/')).status).toBe(418);
    expectRefusal(await request('GET', `${BASE_PATH}/instances/`), 401);
    expectRefusal(await request('GET', `${BASE_PATH}/instances/?code=a+key+of+sixteen+characters`), 403);
  });

  it('is the same in an application of NestFactory', async () => {
    @Module({ imports: [DurableModule.forRoot({ ...IN_MEMORY, http: OPEN })], providers: [Subject, Gates] })
    class AppModule {}
    const app = await NestFactory.create(AppModule, adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter(), QUIET);
    try {
      const origin = await listen(app);
      const start = `${origin}${BASE_PATH}/orchestrators/returns?timeout=10`;
      for (const input of ['', null, { a: 1 }]) expect((await call('POST', start, { json: input })).body).toEqual(input);
      expect((await call('POST', start, { text: '' })).body).toBeNull();
    } finally {
      await app.close();
    }
  });
});

it('takes what a parser before Nest has made of a body', async () => {
  @Module({ imports: [DurableModule.forRoot({ ...IN_MEMORY, http: OPEN })], providers: [Subject, Gates] })
  class AppModule {}
  const adapter = new ExpressAdapter();
  adapter.useBodyParser('json', false);
  const app = await NestFactory.create(AppModule, adapter, QUIET);
  try {
    const origin = await listen(app);
    expect((await call('POST', `${origin}${BASE_PATH}/orchestrators/returns?timeout=10`, { json: { a: 1 } })).body).toEqual({ a: 1 });
  } finally {
    await app.close();
  }
});

it('refuses two registrations whose paths are not apart', async () => {
  for (const [path, other] of [['/durable', '/durable'], ['/durable', '/Durable/billing'], ['/durable/a', '/durable']]) {
    const billing = DurableModule.forRoot({ ...IN_MEMORY, name: 'billing', taskHub: 'Billing', http: { ...OPEN, path: other } });
    expect(await refusalOf({ imports: [billing] }, { http: { ...OPEN, path } })).toContain("the setting 'http.path' is");
  }
});

it('refuses the setting in the answer of a factory, and a guard that is another one for each request', async () => {
  const late = DurableModule.forRootAsync({ name: 'late', useFactory: () => ({ ...IN_MEMORY, http: OPEN }) as typeof IN_MEMORY });
  expect(await refusalOf({ imports: [late] })).toContain("the setting 'http' shapes the module graph");
  const contradictory = { ...OPEN, keys: ['a key of sixteen characters'] };
  expect(() => DurableModule.forRoot({ http: contradictory })).toThrow("the setting 'http.allowAnonymous' is true beside guards or keys");

  @Injectable({ scope: 2 })
  class RequestGuard implements CanActivate {
    canActivate(): boolean {
      return true;
    }
  }
  expect(await refusalOf({ providers: [RequestGuard] }, { http: { guards: [RequestGuard] } })).toContain('holds RequestGuard, which is request-scoped');
});
