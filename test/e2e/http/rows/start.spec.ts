import { Subject } from '../../client/subject.js';
import { BRING, is } from '../../client/states.js';
import { expectRefusal, linksTo, useApi } from '../support/harness.js';

const LIMIT = 4_096;

const row = useApi({ providers: [Subject], settings: { maxPayloadBytes: LIMIT } });

describe('POST orchestrators/{name}/{id?}', () => {
  row('[W1] starts an orchestration: 202, where to ask for it, when to do so, and the payload', async ({ POST, base, id, output }) => {
    const answer = await POST(`orchestrators/returns/${id('a')}`, { json: { sku: 'cup' } });
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual(linksTo(base, id('a')));
    expect(answer.headers.get('location')).toBe(answer.body.statusQueryGetUri);
    expect(answer.headers.get('retry-after')).toBe('10');
    expect(await output(id('a'))).toEqual({ sku: 'cup' });
  });

  row('[W1] makes an id when none is given', async ({ POST, base, output }) => {
    const first = await POST('orchestrators/returns', { json: 1 });
    const second = await POST('orchestrators/returns/', { json: 2 });
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(first.body).toEqual(linksTo(base, first.body.id));
    expect(first.body.id).not.toBe(second.body.id);
    expect(await output(first.body.id)).toBe(1);
    expect(await output(second.body.id)).toBe(2);
  });

  row('[W1] [O4] the body is the input: falsy values, values that strict JSON parsers refuse, and none', async ({ POST, ended }) => {
    for (const input of [0, '', false, null, [], {}, 'Ada', '🦄', [null]]) {
      const { status, body } = await POST('orchestrators/returns', { json: input });
      expect([input, status]).toEqual([input, 202]);
      expect(await ended(body.id)).toMatchObject({ runtimeStatus: 'Completed', input, output: input });
    }
    for (const request of [{}, { text: '' }, { text: '', headers: { 'content-type': 'text/plain' } }]) {
      const { status, body } = await POST('orchestrators/returns', request);
      expect(status).toBe(202);
      expect((await ended(body.id)).input).toBeUndefined();
    }
  });

  row('[W1] the body is JSON whatever its content type says', async ({ POST, output }) => {
    const types = ['text/plain', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded', 'application/octet-stream', 'image/png'];
    for (const type of types) {
      const { status, body } = await POST('orchestrators/returns', { text: '{"a":[1]}', headers: { 'content-type': type } });
      expect([type, status]).toEqual([type, 202]);
      expect(await output(body.id)).toEqual({ a: [1] });
    }
  });

  row('[W1] ids need not be of plain letters', async ({ POST, base, id, output }) => {
    const instanceId = id('ä b+c%&=é 🦄');
    const answer = await POST(`orchestrators/returns/${encodeURIComponent(instanceId)}`, { json: 7 });
    expect(answer.body).toEqual(linksTo(base, instanceId));
    expect(await output(instanceId)).toBe(7);
  });

  row('[W1] [Y5] starts the version that is asked for', async ({ POST, output }) => {
    const asked = await POST('orchestrators/versioned?version=2');
    const plain = await POST('orchestrators/versioned');
    expect(await output(asked.body.id)).toBe('second, as 2');
    expect(await output(plain.body.id)).toBe('unversioned, as undefined');
  });

  row('[W1] [K1] a finished instance of the id is replaced', async ({ POST, run, id, output }) => {
    await run('returns', 'first', { instanceId: id('a') });
    expect((await POST(`orchestrators/returns/${id('a')}`, { json: 'second' })).status).toBe(202);
    expect(await output(id('a'))).toBe('second');
  });

  row('[W1] [K1] onConflict: with reject a start can be repeated, whether the first instance runs or has ended', async ({ POST, client, run, id }) => {
    await run('returns', 'first', { instanceId: id('ended') });
    await client.startNew('waits', { instanceId: id('runs') });
    const start = (instanceId: string, policy: string) => POST(`orchestrators/returns/${instanceId}?onConflict=${policy}`, { json: 'second' });
    for (const state of ['ended', 'runs']) {
      expectRefusal(await start(id(state), 'reject'), 409, `Instance '${id(state)}' exists already`);
      expect((await start(id(state), 'useExisting')).status).toBe(202);
    }
    expect((await client.getStatus(id('ended')))!.output).toBe('first');
    expect((await client.getStatus(id('runs')))!.name).toBe('waits');
    for (const policy of ['', 'Reject', 'never']) expectRefusal(await start(id('none'), policy), 400, 'onConflict');
    expect((await start(id('new'), 'reject')).status).toBe(202);
  });
});

describe('POST orchestrators/{name}/{id?} with onConflict', () => {
  row('[W1] [K1] useExisting answers 202 for what is there, finished or not', async ({ POST, base, client, run, id }) => {
    await client.startNew('waits', { instanceId: id('running') });
    await run('returns', 'first', { instanceId: id('finished') });
    for (const label of ['running', 'finished']) {
      const before = await client.getStatus(id(label));
      const answer = await POST(`orchestrators/returns/${id(label)}?onConflict=useExisting`, { json: 'second' });
      expect([answer.status, answer.body]).toEqual([202, linksTo(base, id(label))]);
      expect((await client.getStatus(id(label)))?.input).toEqual(before?.input);
    }
  });

  row('[W1] [K1] reject: 409 also for a finished instance; terminateAndReplace: in place of an unfinished one', async ({ POST, client, run, id, output }) => {
    await run('returns', 'first', { instanceId: id('finished') });
    expectRefusal(await POST(`orchestrators/returns/${id('finished')}?onConflict=reject`, { json: 'second' }), 409, 'Completed');
    await client.startNew('waits', { instanceId: id('running') });
    expect((await POST(`orchestrators/returns/${id('running')}?onConflict=terminateAndReplace`, { json: 'second' })).status).toBe(202);
    expect(await output(id('running'))).toBe('second');
  });

  row('[W1] 400 for one that is none', async ({ POST, client, id }) => {
    expectRefusal(await POST(`orchestrators/returns/${id('a')}?onConflict=replace`, { json: 1 }), 400, 'onConflict');
    expect(await client.getStatus(id('a'))).toBeNull();
  });
});

describe('POST orchestrators/{name}/{id?} with timeout', () => {
  row('[W1] [K5] answers the output when it completes in time, as it is', async ({ POST }) => {
    for (const output of [{ parcels: 2 }, 'sent', 0, '', false, null]) {
      const answer = await POST('orchestrators/returns?timeout=10&pollingInterval=1', { json: output });
      expect([answer.status, answer.text]).toEqual([200, JSON.stringify(output)]);
    }
  });

  row('[W1] [K5] answers 500 and the status when it fails in time', async ({ POST, id }) => {
    const answer = await POST(`orchestrators/fails/${id('a')}?timeout=10`, { json: 'no' });
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({
      name: 'fails', instanceId: id('a'), runtimeStatus: 'Failed', input: 'no', output: { errorType: 'RangeError', errorMessage: 'no' },
    });
  });

  row('[W1] [K5] answers 200 and the status when it is terminated in time', async ({ POST, client, id, until }) => {
    const waiting = POST(`orchestrators/waits/${id('a')}?timeout=10`, { json: null });
    await until(id('a'), is('Running'));
    await client.terminate(id('a'), 'enough');
    const { status, body } = await waiting;
    expect(status).toBe(200);
    expect(body).toMatchObject({ instanceId: id('a'), runtimeStatus: 'Terminated', output: 'enough', input: null });
  });

  row('[W1] [K5] answers 202 and the payload when it does not end in time', async ({ POST, base, id }) => {
    for (const timeout of ['0', '0.05']) {
      const answer = await POST(`orchestrators/waits/${id(timeout)}?timeout=${timeout}&pollingInterval=0.01`);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([202, '10']);
      expect(answer.headers.get('location')).toBe(answer.body.statusQueryGetUri);
      expect(answer.body).toEqual(linksTo(base, id(timeout)));
    }
  });

  row('[W1] 400 for a timeout or an interval that is none; nothing is started', async ({ POST, client, id }) => {
    const timeouts = ['soon', '-1', 'NaN', '', '1&timeout=2', '1&pollingInterval=-1', '1&pollingInterval=x'].map((value) => `timeout=${value}`);
    for (const query of timeouts) {
      const name = /pollingInterval/.exec(query)?.[0] ?? 'timeout';
      expectRefusal(await POST(`orchestrators/returns/${id('a')}?${query}`, { json: 1 }), 400, name);
    }
    expect(await client.getStatus(id('a'))).toBeNull();
  });
});

describe('POST orchestrators/{name}/{id?} refuses', () => {
  row('[W1] 400: a body that is no JSON; nothing is started', async ({ POST, client, id }) => {
    for (const text of ['{', '{"a":}', 'undefined', "{'a':1}", '[1,]', '01', '"\u0001"', 'NaN', '{} {}', '\\']) {
      expectRefusal(await POST(`orchestrators/returns/${id('a')}`, { text }), 400, 'JSON');
    }
    expect(await client.getStatus(id('a'))).toBeNull();
  });

  row('[W1] 400: a name that no live worker has, and a version; the known names are told', async ({ POST, client, id }) => {
    for (const name of ['missing', 'Returns', 'held', 'toString', '__proto__', 'BuiltIn::HttpActivity', encodeURIComponent('a/b')]) {
      expectRefusal(await POST(`orchestrators/${name}/${id('a')}`, { json: 1 }), 400);
    }
    expectRefusal(await POST(`orchestrators/missing/${id('a')}`), 400, "There is no orchestrator 'missing'", "'returns'");
    expectRefusal(await POST(`orchestrators/versioned/${id('a')}?version=9`), 400, "'versioned' version '9'");
    expect(await client.getStatus(id('a'))).toBeNull();
  });

  row('[W1] [N1] 400: an id that breaks a rule', async ({ POST }) => {
    for (const instanceId of ['@counter@a', 'a/b', 'a\\b', 'a#b', 'a?b', 'a\u0000b', 'a\u007fb', 'x'.repeat(256)]) {
      expectRefusal(await POST(`orchestrators/returns/${encodeURIComponent(instanceId)}`, { json: 1 }), 400, 'Instance id');
    }
  });

  row('[W1] 409: an id in use by an unfinished instance, which stays as it is', async (run) => {
    for (const state of ['Pending', 'Running', 'Suspended'] as const) {
      const instanceId = run.id(state);
      await BRING[state]!(run, instanceId);
      const before = await run.client.getStatus(instanceId);
      expectRefusal(await run.POST(`orchestrators/returns/${instanceId}`, { json: 1 }), 409, `Instance '${instanceId}' exists already and is ${state}`);
      expect(await run.client.getStatus(instanceId)).toEqual(before);
    }
  });

  row('[W1] 415: a body that is encoded', async ({ POST, client, id }) => {
    for (const encoding of ['gzip', 'br', 'x']) {
      expectRefusal(await POST(`orchestrators/returns/${id('a')}`, { text: '{}', headers: { 'content-encoding': encoding } }), 415, encoding);
    }
    expect(await client.getStatus(id('a'))).toBeNull();
    expect((await POST(`orchestrators/returns/${id('b')}`, { text: '{}', headers: { 'content-encoding': 'identity' } })).status).toBe(202);
  });

  row('[W1] 413: an input over maxPayloadBytes; the limit itself is not', async ({ POST, client, id, output }) => {
    const ofBytes = (bytes: number): string => 'x'.repeat(bytes - 2);
    expectRefusal(await POST(`orchestrators/returns/${id('a')}`, { json: ofBytes(LIMIT + 1) }), 413);
    expectRefusal(await POST(`orchestrators/returns/${id('a')}`, { json: ofBytes(LIMIT * 1_024) }), 413);
    expect(await client.getStatus(id('a'))).toBeNull();
    expect((await POST(`orchestrators/returns/${id('b')}`, { json: ofBytes(LIMIT) })).status).toBe(202);
    expect(await output(id('b'))).toBe(ofBytes(LIMIT));
  });
});
