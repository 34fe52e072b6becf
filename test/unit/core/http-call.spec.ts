import { NonRetriableError, TaskFailedError, type DurableHttpRequest, type InputEvent } from '../../../lib/core/index.js';
import { completed, failed, fired, run, START, terminated, type Scenario } from '../support/episodes.js';

const ACTIVITY = 'BuiltIn::HttpActivity';
const URL_OF_JOBS = 'https://jobs.example/start';

function call(request: Partial<DurableHttpRequest> = {}): Scenario {
  return run(function* (ctx) {
    return yield* ctx.callHttp({ method: 'GET', url: URL_OF_JOBS, ...request });
  });
}

interface Answer {
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: string;
  readonly url?: string;
  readonly location?: string;
}

/** What the activity records of an answer. */
function answered(taskId: number, statusCode: number, more: Answer = {}): InputEvent {
  return completed(taskId, { statusCode, headers: {}, content: '', url: URL_OF_JOBS, ...more });
}

/** A 202 that is to be polled. */
function accepted(taskId: number, location: string, retryAfter?: string, url = URL_OF_JOBS): InputEvent {
  return answered(taskId, 202, { url, location, headers: { location, ...(retryAfter !== undefined && { 'retry-after': retryAfter }) } });
}

/** The request that the last episode sent. */
function sent({ outputs }: Scenario): Record<string, unknown> {
  const [output, ...more] = outputs;
  expect(more).toEqual([]);
  if (output?.type !== 'TaskScheduled') throw new Error(`No request was sent, but ${JSON.stringify(output)}.`);
  expect(output.name).toBe(ACTIVITY);
  return JSON.parse(output.input!) as Record<string, unknown>;
}

/** For how long the last episode set its only timer, ms. */
function waits({ outputs, time }: Scenario): number {
  const [output, ...more] = outputs;
  expect(more).toEqual([]);
  if (output?.type !== 'TimerCreated') throw new Error(`No timer was set, but ${JSON.stringify(output)}.`);
  return output.fireAt - time;
}

describe('ctx.callHttp [H1]', () => {
  it('[H1] is a call of the reserved activity, with the request as its input', () => {
    const scenario = call({ method: 'post', url: new URL('https://jobs.example/a?b=c'), headers: { Accept: 'text/plain' }, body: 'text', timeout: 500 });
    expect(scenario.outputs).toMatchObject([{ type: 'TaskScheduled', taskId: 0, name: ACTIVITY, callId: 0, attempt: 1 }]);
    expect(sent(scenario)).toEqual({
      method: 'POST', url: 'https://jobs.example/a?b=c', headers: { accept: 'text/plain' }, body: 'text', timeout: 500, enablePolling: true,
    });
  });

  it.each([200, 204, 404, 500])('[H1] status %d is a result', (statusCode) => {
    const answer = { headers: { etag: '1' }, content: '{"a":1}' };
    expect(call().deliver(answered(0, statusCode, answer)).result).toEqual({ statusCode, ...answer });
  });

  it.each<[unknown, string | undefined, string | undefined]>([
    [{ a: [1] }, '{"a":[1]}', 'application/json'], [[], '[]', 'application/json'], [0, '0', 'application/json'], [false, 'false', 'application/json'],
    [null, 'null', 'application/json'], ['', '', undefined], ['{}', '{}', undefined], [undefined, undefined, undefined],
  ])('[H1] [O4] the body %j is sent as %j, content-type %s', (body, text, contentType) => {
    const request = sent(call({ method: 'POST', body }));
    expect(request.body).toBe(text);
    expect(request.headers).toEqual(contentType === undefined ? {} : { 'content-type': contentType });
  });

  it('[H1] a content-type that is given stays', () => {
    const headers = { 'Content-Type': 'application/merge-patch+json' };
    expect(sent(call({ method: 'PATCH', body: {}, headers })).headers).toEqual({ 'content-type': 'application/merge-patch+json' });
  });

  it.each<[string, object | undefined, string]>([
    ['no request', undefined, 'takes a request, { method, url }, not undefined'],
    ['no method', { method: undefined }, 'method must be an HTTP method that fetch can send'],
    ['a method that is no token', { method: 'GET /' }, 'method must be an HTTP method'],
    ['a method that fetch refuses', { method: 'trace' }, 'method must be an HTTP method'],
    ['no url', { url: undefined }, 'url must be an absolute http or https address without user and password, not undefined'],
    ['a relative url', { url: '/start' }, 'url must be an absolute http or https address'],
    ['another scheme', { url: 'file:///etc/passwd' }, 'url must be an absolute http or https address'],
    ['credentials in the url', { url: 'https://me:hidden@jobs.example/' }, 'Credentials go into the headers'],
    ['headers that are a list', { headers: [['a', 'b']] }, 'headers must be an object of strings by name'],
    ['a name that is no token', { headers: { 'a b': 'c' } }, 'the header "a b" has a name that HTTP does not allow'],
    ['a header of fetch', { headers: { Host: 'other' } }, 'the header "Host" cannot be set: fetch does that by itself'],
    ['a name twice', { headers: { Accept: 'a', accept: 'b' } }, 'the header "accept" is there twice'],
    ['a number as header', { headers: { a: 1 } }, 'the header "a" must be a string, not the number 1'],
    ['a line break', { headers: { a: 'hidden\r\nb: c' } }, 'the header "a" has a value with characters that HTTP does not allow'],
    ['letters beyond Latin-1', { headers: { a: 'hidden €' } }, 'the header "a" has a value with characters'],
    ['a body with GET', { body: 'text' }, 'a GET has no body'],
    ['a body with HEAD', { method: 'head', body: '' }, 'a HEAD has no body'],
    ['bytes', { method: 'POST', body: Buffer.from('a') }, 'which JSON cannot hold. Give a string or a JSON value'],
    ['a form', { method: 'POST', body: new URLSearchParams({ a: 'b' }) }, 'the body is an URLSearchParams, which JSON cannot hold'],
    ['polling neither on nor off', { enablePolling: 'yes' }, 'enablePolling must be true or false, not the string yes'],
  ])('[H1] %s is refused at the call', (_case, request, message) => {
    const { failure } = run(function* (ctx) {
      yield* ctx.callHttp((request && { method: 'GET', url: URL_OF_JOBS, ...request }) as DurableHttpRequest);
    });
    expect(failure).toMatchObject({ errorType: 'TypeError', errorMessage: expect.stringContaining(message) });
    expect(failure.errorMessage).toContain("ctx.callHttp (orchestrator 'subject', instance 'instance')");
    expect(failure.errorMessage).not.toContain('hidden');
  });

  it.each([0, -1, NaN, Infinity, 2 ** 31, '5', null])('[H1] the timeout %p is refused at the call', (timeout) => {
    expect(call({ timeout: timeout as number }).failure).toMatchObject({ errorType: 'RangeError', errorMessage: expect.stringContaining('timeout must be') });
  });

  it('[H1] [R1] invalid retries are refused at the call', () => {
    expect(call({ retry: { firstRetryInterval: 0, maxNumberOfAttempts: 1 } }).failure.errorMessage).toContain('retry.firstRetryInterval');
  });

  it('[H1] [O2] a body that JSON cannot hold, or that is too large, is refused at the call', () => {
    const { failure } = call({ method: 'POST', body: 1n });
    expect(failure).toMatchObject({ errorType: 'SerializationError', errorMessage: expect.stringContaining('The body of ctx.callHttp') });
    const body = 'x'.repeat(200);
    const large = run(function* (ctx) { yield* ctx.callHttp({ method: 'POST', url: URL_OF_JOBS, body }); }, undefined, { maxPayloadBytes: 200 });
    expect(large.failure).toMatchObject({ errorType: 'PayloadTooLargeError', errorMessage: expect.stringContaining('The request of ctx.callHttp') });
  });

  it('[H1] a failure is thrown at the yield as TaskFailedError', () => {
    const caught: unknown[] = [];
    const scenario = run(function* (ctx) {
      try {
        yield* ctx.callHttp({ method: 'GET', url: URL_OF_JOBS });
      } catch (error) {
        caught.push(error);
      }
    });
    scenario.deliver(failed(0, 'refused'));
    expect(caught[0]).toBeInstanceOf(TaskFailedError);
    expect(caught[0]).toMatchObject({ taskName: ACTIVITY, taskId: 0, failureDetails: { errorMessage: 'refused' } });
  });

  it('[H1] [R2] with retry, a failure is tried again, a status is not; [A6] nor is a failure that is final', () => {
    const retry = { firstRetryInterval: 1_000, maxNumberOfAttempts: 3 };
    const scenario = call({ retry }).deliver(failed(0));
    expect(waits(scenario)).toBe(1_000);
    expect(scenario.deliver(fired(1)).outputs).toMatchObject([{ taskId: 2, callId: 0, attempt: 2 }]);
    expect(scenario.deliver(answered(2, 500)).result).toMatchObject({ statusCode: 500 });
    expect(call({ retry }).deliver(failed(0, 'final', { errorType: NonRetriableError.name, isNonRetriable: true })).last.status).toBe('Failed');
  });

  it('[C2] after continueAsNew nothing is sent', () => {
    const scenario = run(function* (ctx) {
      ctx.continueAsNew();
      yield* ctx.callHttp({ method: 'GET', url: URL_OF_JOBS });
    });
    expect(scenario.outputs).toEqual([]);
  });

  it('[O2] the task says what it is', () => {
    const { failure } = run(function* (ctx) { return ctx.callHttp({ method: 'get', url: `${URL_OF_JOBS}?code=hidden` }).result; });
    expect(failure.errorMessage).toContain(`The callHttp GET ${URL_OF_JOBS} has no result yet`);
  });
});

describe('polling [H2]', () => {
  it('[H2] waits, then GETs the Location, until another status', () => {
    const scenario = call({ method: 'POST', body: { a: 1 }, headers: { accept: 'text/plain' }, timeout: 500 });
    scenario.deliver(accepted(0, 'https://jobs.example/jobs/1', '5'));
    expect(waits(scenario)).toBe(5_000);
    const poll = { method: 'GET', url: 'https://jobs.example/jobs/1', headers: { accept: 'text/plain' }, timeout: 500, enablePolling: true };
    expect(sent(scenario.deliver(fired(1)))).toEqual(poll);
    expect(waits(scenario.deliver(accepted(2, 'https://jobs.example/jobs/2', '7')))).toBe(7_000);
    expect(sent(scenario.deliver(fired(3)))).toEqual({ ...poll, url: 'https://jobs.example/jobs/2' });
    expect(scenario.deliver(answered(4, 303, { content: 'done' })).result).toEqual({ statusCode: 303, headers: {}, content: 'done' });
  });

  it.each<[string | undefined, number]>([
    ['0', 0], ['120', 120_000], [undefined, 30_000], ['', 30_000], ['-1', 30_000], ['1.5', 30_000],
    ['soon', 30_000], ['10, 20', 30_000], ['5 GMT', 30_000], ['Sunday GMT', 30_000],
  ])('[H2] Retry-After %j means %d ms', (retryAfter, delay) => {
    expect(waits(call().deliver(accepted(0, URL_OF_JOBS, retryAfter)))).toBe(delay);
  });

  it.each(['Thu, 01 Jan 2026 00:10:00 GMT', 'Thursday, 01-Jan-26 00:10:00 GMT', 'Thu Jan  1 00:10:00 2026'])('[H2] Retry-After may be a date: %s', (date) => {
    expect(call().deliver(accepted(0, URL_OF_JOBS, date)).outputs).toMatchObject([{ type: 'TimerCreated', fireAt: START + 600_000 }]);
  });

  it('[H2] an enormous Retry-After stays within the range of dates', () => {
    expect(call().deliver(accepted(0, URL_OF_JOBS, '9'.repeat(400))).outputs).toMatchObject([{ fireAt: 8.64e15 }]);
  });

  it('[H2] a 202 that is not to be polled is the result', () => {
    const answer = { headers: { location: '/jobs/1' } };
    const scenario = call({ enablePolling: false });
    expect(sent(scenario).enablePolling).toBe(false);
    expect(scenario.deliver(answered(0, 202, answer)).result).toEqual({ statusCode: 202, content: '', ...answer });
  });

  it('[H2] [R1] each poll has attempts of its own', () => {
    const scenario = call({ retry: { firstRetryInterval: 1_000, maxNumberOfAttempts: 2 } });
    scenario.deliver(failed(0)).deliver(fired(1)).deliver(accepted(2, URL_OF_JOBS)).deliver(fired(3));
    expect(scenario.outputs).toMatchObject([{ taskId: 4, callId: 4, attempt: 1 }]);
    expect(waits(scenario.deliver(failed(4)))).toBe(1_000);
    expect(scenario.deliver(fired(5)).outputs).toMatchObject([{ taskId: 6, callId: 4, attempt: 2 }]);
    expect(scenario.deliver(failed(6, 'for good')).failure.innerFailure).toMatchObject({ errorMessage: 'for good' });
  });

  it('[H2] [R4] a call with polls counts as one child of all and any', () => {
    const scenario = run(function* (ctx) {
      const http = ctx.callHttp({ method: 'GET', url: URL_OF_JOBS });
      const other = ctx.callActivity('other');
      const first = yield* ctx.any([http, other]);
      return [first === other, (yield* ctx.all([http, other]))[0].statusCode];
    });
    scenario.deliver(accepted(0, URL_OF_JOBS)).deliver(fired(2)).deliver(completed(1)).deliver(answered(3, 200));
    expect(scenario.result).toEqual([true, 200]);
  });

  it('[H2] an orchestration that ends meanwhile leaves no timer', () => {
    const scenario = call().deliver(accepted(0, URL_OF_JOBS));
    expect(scenario.deliver(terminated()).last.cancelledTimers).toMatchObject([{ taskId: 1 }]);
  });

  it('[K8] a rewind repeats the poll that failed, not the request before it', () => {
    const scenario = call({ method: 'POST' });
    scenario.deliver(accepted(0, URL_OF_JOBS, '1')).deliver(fired(1)).deliver(failed(2, 'gone for a moment'));
    expect(scenario.last.status).toBe('Failed');
    scenario.rewind();
    expect(scenario.last).toMatchObject({ status: 'Running', outputs: [], redone: { outputs: [{ type: 'TaskScheduled', taskId: 2, name: ACTIVITY }] } });
    expect(scenario.deliver(answered(2, 200)).result).toMatchObject({ statusCode: 200 });
  });
});

describe('credentials [H3]', () => {
  const credentials = {
    authorization: 'a', cookie: 'a', 'proxy-authorization': 'a', 'x-functions-key': 'a', 'x-api-key': 'a', 'x-auth-request': 'a', 'x-access-token': 'a',
    'x-client-secret': 'a', 'x-password': 'a', 'x-session-id': 'a', 'x-hub-signature-256': 'a', 'x-jwt-assertion': 'a', 'x-credentials': 'a',
  };
  const harmless = { accept: 'text/plain', 'accept-language': 'de', traceparent: '00-1-2-01', 'x-correlation-id': 'b' };
  const headers = { ...credentials, ...harmless };

  function polled(location: string, answeredBy = URL_OF_JOBS): Scenario {
    const scenario = call({ method: 'POST', headers: { ...headers, 'Content-Language': 'de' }, body: {} });
    return scenario.deliver(accepted(0, location, '1', answeredBy)).deliver(fired(1));
  }

  it('[H3] go along to the same origin, without what describes the body', () => {
    expect(sent(polled('https://jobs.example:443/elsewhere')).headers).toEqual(headers);
  });

  it.each([
    'https://other.example/', 'http://jobs.example/', 'https://jobs.example:8443/', 'https://sub.jobs.example/',
  ])('[H3] are dropped on the way to %s', (location) => {
    expect(sent(polled(location)).headers).toEqual(harmless);
  });

  it('[H3] are dropped when another origin has answered, wherever its Location leads', () => {
    expect(sent(polled('https://jobs.example/jobs/1', 'https://other.example/')).headers).toEqual(harmless);
  });

  it('[H3] do not come back with the first origin', () => {
    const scenario = polled('https://other.example/').deliver(accepted(2, URL_OF_JOBS, '1', 'https://other.example/')).deliver(fired(3));
    expect(sent(scenario)).toMatchObject({ url: URL_OF_JOBS, headers: harmless });
    expect(sent(scenario.deliver(accepted(4, URL_OF_JOBS, '1')).deliver(fired(5))).headers).toEqual(harmless);
  });
});

describe('reserved names [H3]', () => {
  it.each([ACTIVITY, 'builtin::other'])("[H3] '%s' is refused at the call", (name) => {
    for (const kind of ['callActivity', 'callSubOrchestrator'] as const) {
      const { failure } = run(function* (ctx) { yield* ctx[kind](name); });
      expect(failure.errorType).toBe('TypeError');
      expect(failure.errorMessage).toContain(`the name cannot be '${name}': names that begin with 'BuiltIn::'`);
    }
  });
});
