/** `ctx.callHttp` against real servers, in an application that has no activities of its own. */
import { Injectable } from '@nestjs/common';
import {
  Activity, Entity, Orchestrator, TaskEntity, TaskFailedError, TaskTimeoutError,
  type DurableHttpRequest, type DurableHttpResponse, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { useScenarios, type ScenarioRun } from '../support/harness.js';
import { useServers } from '../support/scripted-server.js';

const MINUTE = 60_000;
const MAX_PAYLOAD = 64 * 1024;

@Injectable()
class Subject {
  @Orchestrator()
  *calls(ctx: OrchestrationContext, request: DurableHttpRequest): Orchestration<DurableHttpResponse> {
    return yield* ctx.callHttp(request);
  }

  @Orchestrator()
  *callsAll(ctx: OrchestrationContext, requests: DurableHttpRequest[]): Orchestration<number[]> {
    return (yield* ctx.all(requests.map((request) => ctx.callHttp(request)))).map(({ statusCode }) => statusCode);
  }

  @Orchestrator()
  *tries(ctx: OrchestrationContext, request: DurableHttpRequest): Orchestration<unknown> {
    try {
      return yield* ctx.callHttp(request);
    } catch (error) {
      if (!(error instanceof TaskFailedError)) return `${(error as Error).name}: ${(error as Error).message}`;
      const { errorType, errorMessage, isNonRetriable, properties } = error.failureDetails;
      return { errorType, errorMessage, isNonRetriable, properties, timedOut: error.isCausedBy(TaskTimeoutError) };
    }
  }

  @Orchestrator()
  *callsActivity(ctx: OrchestrationContext, name: string): Orchestration<unknown> {
    return yield* ctx.callActivity(name);
  }
}

const scenario = useScenarios({ providers: [Subject], settings: { maxPayloadBytes: MAX_PAYLOAD, shutdownTimeout: 0 } });
const { server, other } = useServers('server', 'other');

/** Lets the wait before the next request pass. */
async function waitOut({ until, clock }: ScenarioRun, instance: string, delays: readonly number[]): Promise<void> {
  for (const [index, delay] of delays.entries()) {
    await until(instance, recorded('TimerCreated', index + 1));
    clock.advance(delay);
  }
}

/** How long each timer was set for. */
async function delaysOf({ history }: ScenarioRun, instance: string): Promise<number[]> {
  const timers = (await history(instance)).filter(({ eventType }) => eventType === 'TimerCreated');
  return timers.map(({ fireAt, timestamp }) => fireAt!.getTime() - timestamp.getTime());
}

const accepted = (location: string, retryAfter?: string) =>
  ({ status: 202, headers: { location, ...(retryAfter !== undefined && { 'retry-after': retryAfter }) } });

describe('callHttp [H1]', () => {
  scenario('[H1] sends method, headers and body, and gives status, headers and content', async ({ start, output, history }) => {
    server.play({ '/orders?day=1': [{ status: 201, headers: { 'X-Number': '7', 'Set-Cookie': ['a=1', 'b=2'] }, body: '{"grüße":"€"}' }] });
    const headers = { Authorization: 'Bearer x', 'X-Trace': '1' };
    const instance = await start('calls', { method: 'patch', url: server.url('/orders?day=1'), headers, body: { cups: 2 } });
    const result = (await output(instance)) as DurableHttpResponse;
    expect(result).toMatchObject({ statusCode: 201, content: '{"grüße":"€"}', headers: { 'x-number': '7', 'set-cookie': 'a=1, b=2' } });
    expect(Object.keys(result)).toEqual(['statusCode', 'headers', 'content']);
    expect(server.seen).toMatchObject([
      { method: 'PATCH', body: '{"cups":2}', headers: { authorization: 'Bearer x', 'x-trace': '1', 'content-type': 'application/json' } },
    ]);
    const tasks = (await history(instance)).filter(({ taskId }) => taskId !== undefined).map(({ eventType, name }) => [eventType, name]);
    expect(tasks).toEqual([['TaskScheduled', 'BuiltIn::HttpActivity'], ['TaskCompleted', undefined]]);
  });

  scenario('[H1] strings go as they are', async ({ start, output }) => {
    server.play({ '/': [{}] });
    await output(await start('calls', { method: 'POST', url: server.url(), headers: { 'content-type': 'text/csv' }, body: 'a;ä' }));
    expect(server.seen).toMatchObject([{ body: 'a;ä', headers: { 'content-type': 'text/csv' } }]);
  });

  scenario('[H1] a status that is not 2xx is a result, which no retry repeats; a missing body is empty content', async ({ start, output }) => {
    server.play({ '/404': [{ status: 404, body: 'nothing here' }], '/500': [{ status: 500 }], '/204': [{ status: 204 }], '/304': [{ status: 304 }] });
    const retry = { firstRetryInterval: MINUTE, maxNumberOfAttempts: 3 };
    for (const statusCode of [404, 500, 204, 304]) {
      const result = await output(await start('calls', { method: 'GET', url: server.url(`/${statusCode}`), retry }));
      expect(result).toMatchObject({ statusCode, content: statusCode === 404 ? 'nothing here' : '' });
    }
    expect(server.seen).toHaveLength(4);
  });

  scenario('[H1] what cannot be sent is refused at the call', async ({ start, output }) => {
    server.play({});
    const instance = await start('tries', { method: 'GET', url: server.url(), body: 'x' });
    expect(await output(instance)).toBe(`TypeError: ctx.callHttp (orchestrator 'tries', instance '${instance}'): a GET has no body; leave it out.`);
    expect(server.seen).toEqual([]);
  });

  scenario('[H1] a network failure fails the task, and says which request failed and why, without the query', async ({ start, output }) => {
    server.play({ '/a?code=hidden': ['reset'] });
    const result = (await output(await start('tries', { method: 'GET', url: server.url('/a?code=hidden') }))) as { errorMessage: string };
    expect(result).toMatchObject({ errorType: 'Error', isNonRetriable: false, timedOut: false, properties: { code: 'UND_ERR_SOCKET' } });
    expect(result.errorMessage).toBe(`GET ${server.url('/a')} failed: other side closed`);
  });

  scenario('[H1] [R2] with retry a network failure is tried again', async (run) => {
    server.play({ '/': ['reset', 'reset', { body: 'there' }] });
    const instance = await run.start('calls', { method: 'POST', url: server.url(), body: [1], retry: { firstRetryInterval: MINUTE, maxNumberOfAttempts: 3 } });
    await waitOut(run, instance, [MINUTE, MINUTE]);
    expect(await run.output(instance)).toMatchObject({ content: 'there' });
    expect(server.seen.map(({ body }) => body)).toEqual(['[1]', '[1]', '[1]']);
  });

  scenario('[H1] a request that takes longer than its timeout is ended, and fails the task; with retry it is tried again', async (run) => {
    server.play({ '/': ['silence'], '/again': ['silence', {}] });
    const result = (await run.output(await run.start('tries', { method: 'GET', url: server.url('/'), timeout: 30 }))) as { errorMessage: string };
    expect(result).toMatchObject({ errorType: 'TaskTimeoutError', timedOut: true });
    expect(result.errorMessage).toBe(`GET ${server.url('/')} was not answered within its timeout, 30 ms.`);
    await run.eventually(() => server.seen[0]!.isAbandoned);
    const retry = { firstRetryInterval: MINUTE, maxNumberOfAttempts: 2 };
    const again = await run.start('calls', { method: 'GET', url: server.url('/again'), timeout: 250, retry });
    await waitOut(run, again, [MINUTE]);
    expect(await run.output(again)).toMatchObject({ statusCode: 200 });
  });

  scenario('[H1] of an answer that is larger than maxPayloadBytes no more is read, and the task fails, without another attempt', async ({ start, output, eventually }) => {
    server.play({ '/': ['flood'], '/quotes': [{ body: '"'.repeat(MAX_PAYLOAD - 1) }] });
    const url = server.url();
    const retry = { firstRetryInterval: MINUTE, maxNumberOfAttempts: 3 };
    expect(await output(await start('tries', { method: 'GET', url, retry }))).toMatchObject({
      errorType: 'PayloadTooLargeError',
      errorMessage: expect.stringMatching(new RegExp(`^the content of the answer to GET ${url}, .* the limit is ${MAX_PAYLOAD}`, 'i')),
    });
    await eventually(() => server.seen[0]!.isAbandoned);
    // As JSON it is twice as long.
    expect(await output(await start('tries', { method: 'GET', url: server.url('/quotes'), retry }))).toMatchObject({ errorType: 'PayloadTooLargeError' });
    expect(server.seen).toHaveLength(2);
  });
});

describe('redirects [H1]', () => {
  scenario('[H1] are followed as fetch does, with the body where the method stays', async ({ start, output }) => {
    server.play({
      '/found': [{ status: 302, headers: { location: '/end' } }], '/other': [{ status: 303, headers: { location: '/end' } }],
      '/kept': [{ status: 307, headers: { location: '/end' } }], '/end': [{ body: 'here' }],
    });
    for (const path of ['/found', '/other', '/kept']) {
      expect(await output(await start('calls', { method: 'POST', url: server.url(path), body: {} }))).toMatchObject({ statusCode: 200, content: 'here' });
    }
    expect(server.calls).toEqual(['POST /found', 'GET /end', 'POST /other', 'GET /end', 'POST /kept', 'POST /end']);
    expect(server.seen.map(({ body, headers }) => [body, headers['content-type']])).toEqual(
      server.calls.map((call) => (call.startsWith('GET') ? ['', undefined] : ['{}', 'application/json'])),
    );
  });

  scenario('[H3] to another origin go without credentials', async ({ start, output }) => {
    server.play({ '/': [{ status: 307, headers: { location: other.url('/') } }] });
    other.play({ '/': [{}] });
    const headers = { authorization: 'a', cookie: 'a', 'x-functions-key': 'a', 'x-trace': '1' };
    await output(await start('calls', { method: 'POST', url: server.url(), headers, body: 'text' }));
    expect(other.seen).toMatchObject([{ body: 'text', headers: { 'x-trace': '1' } }]);
    for (const name of ['authorization', 'cookie', 'x-functions-key']) expect(other.seen[0]!.headers).not.toHaveProperty(name);
  });

  scenario('[H1] without end, or to what is no http address, fail the task; without Location they are the result', async ({ start, output }) => {
    server.play({
      '/round': [{ status: 302, headers: { location: '/round' } }], '/data': [{ status: 302, headers: { location: 'data:,x' } }], '/lost': [{ status: 302 }],
    });
    const tried = async (path: string) => await output(await start('tries', { method: 'GET', url: server.url(path) }));
    expect(await tried('/round')).toMatchObject({ errorMessage: `GET ${server.url('/round')} failed: it was redirected more than 20 times` });
    expect(server.seen).toHaveLength(21);
    expect(await tried('/data')).toMatchObject({ errorMessage: expect.stringContaining('redirected to what is no http or https address') });
    expect(await tried('/lost')).toMatchObject({ statusCode: 302 });
  });
});

describe('polling [H2]', () => {
  scenario('[H2] a 202 with Location is polled on durable timers until another status comes; a relative Location is resolved', async (run) => {
    server.play({
      '/jobs/new?a=b': [accepted('7', '5')],
      '/jobs/7': [accepted('/done', '90'), { status: 200, body: 'too early' }],
      '/done': [{ status: 202, headers: { location: server.url('/done') } }, { status: 418, body: 'done' }],
    });
    const instance = await run.start('calls', { method: 'POST', url: server.url('/jobs/new?a=b'), headers: { 'x-trace': '1' }, body: { a: 1 } });
    await waitOut(run, instance, [5_000, 90_000, 30_000]);
    expect(await run.output(instance)).toMatchObject({ statusCode: 418, content: 'done' });
    expect(await delaysOf(run, instance)).toEqual([5_000, 90_000, 30_000]);
    expect(server.calls).toEqual(['POST /jobs/new?a=b', 'GET /jobs/7', 'GET /done', 'GET /done']);
    expect(server.seen.map(({ body, headers }) => [body, headers['content-type'], headers['x-trace']])).toEqual([
      ['{"a":1}', 'application/json', '1'], ...Array.from({ length: 3 }, () => ['', undefined, '1']),
    ]);
  });

  scenario('[H2] Retry-After may be a date, which is compared with orchestration time', async ({ start, until, output }) => {
    const [later, before] = ['Fri, 01 Jan 2100 00:00:00 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT'];
    server.play({ '/later': [accepted('/end', later)], '/before': [accepted('/end', before)], '/end': [{}] });
    const { history } = await until(await start('calls', { method: 'GET', url: server.url('/later') }), recorded('TimerCreated'));
    expect(history!.find(({ eventType }) => eventType === 'TimerCreated')!.fireAt).toEqual(new Date(Date.UTC(2100, 0, 1)));
    expect(await output(await start('calls', { method: 'GET', url: server.url('/before') }))).toMatchObject({ statusCode: 200 });
  });

  scenario('[H2] maxTimerInterval is the wait where Retry-After is missing', async (run) => {
    server.play({ '/': [accepted('/end')], '/end': [{}] });
    await run.stop();
    await run.startAgain({ settings: { maxTimerInterval: 7_000 } });
    const instance = await run.start('calls', { method: 'GET', url: server.url() });
    await waitOut(run, instance, [7_000]);
    await run.output(instance);
    expect(await delaysOf(run, instance)).toEqual([7_000]);
  });

  scenario('[H2] a 202 without Location is the result, and so is any 202 with enablePolling: false', async ({ start, output }) => {
    server.play({ '/bare': [{ status: 202, headers: { 'retry-after': '1' } }], '/': [accepted('/end')] });
    expect(await output(await start('calls', { method: 'GET', url: server.url('/bare') }))).toMatchObject({ statusCode: 202, headers: { 'retry-after': '1' } });
    const result = await output(await start('calls', { method: 'GET', url: server.url(), enablePolling: false }));
    expect(result).toMatchObject({ statusCode: 202, headers: { location: '/end' } });
    expect(server.seen).toHaveLength(2);
  });

  scenario('[H2] a relative Location is resolved against the address that answered, after redirects', async (run) => {
    server.play({ '/': [{ status: 307, headers: { location: other.url('/deep/start') } }] });
    other.play({ '/deep/start': [accepted('job', '1')], '/deep/job': [{ body: 'done' }] });
    const instance = await run.start('calls', { method: 'POST', url: server.url() });
    await waitOut(run, instance, [1_000]);
    expect(await run.output(instance)).toMatchObject({ content: 'done' });
  });

  scenario('[H2] a Location that cannot be asked fails the task, without another attempt', async ({ start, output }) => {
    server.play({ '/data': [accepted('data:text/plain,x')], '/user': [accepted('http://me:hidden@127.0.0.1/')] });
    const retry = { firstRetryInterval: MINUTE, maxNumberOfAttempts: 3 };
    for (const path of ['/data', '/user']) {
      const result = (await output(await start('tries', { method: 'POST', url: server.url(path), retry }))) as { errorMessage: string };
      expect(result).toMatchObject({ errorType: 'NonRetriableError', isNonRetriable: true });
      expect(result.errorMessage).toContain(`POST ${server.url(path)} was accepted (202), but its outcome cannot be asked for`);
      expect(result.errorMessage).not.toContain('hidden');
    }
    expect(server.seen).toHaveLength(2);
  });

  scenario('[H2] [R4] each poll has the retries of the request', async (run) => {
    server.play({ '/': ['reset', accepted('/job', '60')], '/job': ['reset', accepted('/job', '60'), 'reset', { body: 'done' }] });
    const instance = await run.start('calls', { method: 'POST', url: server.url(), retry: { firstRetryInterval: MINUTE, maxNumberOfAttempts: 2 } });
    await waitOut(run, instance, Array.from({ length: 5 }, () => MINUTE));
    expect(await run.output(instance)).toMatchObject({ content: 'done' });
    expect(server.calls).toEqual(['POST /', 'POST /', ...Array.from({ length: 4 }, () => 'GET /job')]);
  });

  scenario('[H2] [K8] a rewind repeats the poll that failed, not the request that was accepted', async (run) => {
    server.play({ '/': [accepted('/job', '60')], '/job': ['reset', { body: 'done' }] });
    const instance = await run.start('calls', { method: 'POST', url: server.url() });
    await waitOut(run, instance, [MINUTE]);
    expect((await run.ended(instance)).runtimeStatus).toBe('Failed');
    await run.client.rewind(instance, 'the network is back');
    expect(await run.output(instance)).toMatchObject({ content: 'done' });
    expect(server.calls).toEqual(['POST /', 'GET /job', 'GET /job']);
  });
});

describe('credentials [H3]', () => {
  const credentials = { authorization: 'a', cookie: 'a', 'proxy-authorization': 'a', 'x-functions-key': 'a', 'x-api-key': 'a', 'x-access-token': 'a' };
  const headers = { ...credentials, 'x-trace': '1' };

  scenario('[H3] stay with the polls of the same origin', async (run) => {
    server.play({ '/': [accepted('/job', '1')], '/job': [{}] });
    const instance = await run.start('calls', { method: 'GET', url: server.url(), headers });
    await waitOut(run, instance, [1_000]);
    await run.output(instance);
    expect(server.seen[1]!.headers).toMatchObject(headers);
  });

  scenario("[H3] are dropped when Location's origin differs, and do not come back", async (run) => {
    server.play({ '/': [accepted(other.url('/job'), '1')], '/job': [{}] });
    other.play({ '/job': [accepted(server.url('/job'), '1')] });
    const instance = await run.start('calls', { method: 'GET', url: server.url(), headers });
    await waitOut(run, instance, [1_000, 1_000]);
    await run.output(instance);
    for (const { headers: seen } of [other.seen[0]!, server.seen[1]!]) {
      expect(seen).toMatchObject({ 'x-trace': '1' });
      for (const name of Object.keys(credentials)) expect(seen).not.toHaveProperty(name);
    }
  });
});

describe('the activity behind callHttp', () => {
  scenario('[K9] terminate ends the request', async ({ start, client, ended, eventually }) => {
    server.play({ '/': ['silence'] });
    const instance = await start('calls', { method: 'GET', url: server.url() });
    await eventually(() => server.seen.length === 1);
    await client.terminate(instance);
    expect((await ended(instance)).runtimeStatus).toBe('Terminated');
    await eventually(() => server.seen[0]!.isAbandoned);
  });

  scenario('[A4] a request that a stop has ended is sent again, and does not fail', async ({ start, output, stop, startAgain, history, eventually }) => {
    server.play({ '/': ['silence', { body: 'here' }] });
    const instance = await start('calls', { method: 'GET', url: server.url() });
    await eventually(() => server.seen.length === 1);
    await stop();
    await eventually(() => server.seen[0]!.isAbandoned);
    await startAgain();
    expect(await output(instance)).toMatchObject({ content: 'here' });
    expect((await history(instance)).filter(({ eventType }) => eventType === 'TaskFailed')).toEqual([]);
  });

  scenario('[H1] every worker has it: what one has no room for, another one sends', async (run) => {
    if (run.database === 'sqlite') return; // One worker at a time.
    const answer = run.gates.pass('answer').then(() => ({}));
    server.play({ '/': [answer] });
    await run.stop();
    const settings = { maxConcurrentActivityFunctions: 2 };
    await run.startAgain({ settings });
    await run.startBeside({ settings });
    const instance = await run.start('callsAll', Array.from({ length: 4 }, () => ({ method: 'GET', url: server.url() })));
    await run.eventually(() => server.seen.length === 4);
    run.gates.open('answer');
    expect(await run.output(instance)).toEqual([200, 200, 200, 200]);
  });

  scenario('[H3] [A3] is reserved: nobody else can start it, call it, or take such a name', async ({ client, start, ended }) => {
    const reserved = /names that begin with 'BuiltIn::' belong to nestjs-durable; choose another one/;
    await expect(client.startNew('BuiltIn::HttpActivity')).rejects.toThrow(reserved);
    expect((await ended(await start('callsActivity', 'builtin::httpactivity'))).failureDetails!.errorMessage).toMatch(reserved);
    expect((await ended(await start('callsActivity', 'missing'))).failureDetails!.errorMessage).toContain("There is no activity 'missing'. Known: none.");
    for (const decorator of [Orchestrator({ name: 'BuiltIn::x' }), Activity({ name: 'builtIn::x' })] as ((...place: unknown[]) => void)[]) {
      expect(() => decorator(Subject.prototype, 'other', { value: function* () {} })).toThrow(reserved);
    }
    expect(() => Entity({ name: 'builtin::x' })(class extends TaskEntity<number> {})).toThrow(reserved);
  });
});
