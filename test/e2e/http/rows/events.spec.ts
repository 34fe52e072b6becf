import { BRING, FINISHED, is } from '../../client/states.js';
import { Subject } from '../../client/subject.js';
import { expectRefusal, useApi } from '../support/harness.js';

const LIMIT = 4_096;

const row = useApi({ providers: [Subject], settings: { maxPayloadBytes: LIMIT } });

describe('POST instances/{id}/raiseEvent/{event}', () => {
  row('[W6] 202, and the event comes to the instance with its data', async ({ POST, client, id, output }) => {
    await client.startNew('waits', { instanceId: id('a') });
    const { status, text } = await POST(`instances/${id('a')}/raiseEvent/go`, { json: { parcels: [1, 2] } });
    expect([status, text]).toEqual([202, '']);
    expect(await output(id('a'))).toEqual({ parcels: [1, 2] });
  });

  row('[W6] [O4] falsy data survives; an empty body, also one of a JSON content type, is null', async ({ POST, client, id, ended }) => {
    const requests: [object, unknown][] = [
      [{ json: 0 }, 0], [{ json: '' }, ''], [{ json: false }, false], [{ json: null }, null], [{}, null], [{ text: '' }, null],
    ];
    for (const [index, [request, data]] of requests.entries()) {
      await client.startNew('waits', { instanceId: id(`${index}`) });
      expect((await POST(`instances/${id(`${index}`)}/raiseEvent/go`, request)).status).toBe(202);
      expect((await ended(id(`${index}`))).output).toBe(data);
    }
  });

  row('[W6] [E1] the name in any case, encoded where it must be', async ({ POST, client, id, output, history }) => {
    await client.startNew('waits', { instanceId: id('a') });
    for (const name of ['two words', 'ä/b', '100%', '{eventName}', 'GO']) {
      expect((await POST(`instances/${id('a')}/raiseEvent/${encodeURIComponent(name)}`, { json: name })).status).toBe(202);
    }
    expect(await output(id('a'))).toBe('GO');
    const names = (await history(id('a'))).filter(({ eventType }) => eventType === 'EventRaised').map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(['two words', 'ä/b', '100%', '{eventName}']);
  });

  row('[W6] [E4] events for a Pending or Suspended instance are kept', async (run) => {
    for (const state of ['Pending', 'Suspended'] as const) {
      await BRING[state]!(run, run.id(state));
      expect((await run.POST(`instances/${run.id(state)}/raiseEvent/go`, { json: state })).status).toBe(202);
    }
    await run.client.resume(run.id('Suspended'));
    expect(await run.output(run.id('Suspended'))).toBe('Suspended');
    run.clock.advance(3_600_000);
    expect(await run.output(run.id('Pending'))).toBe('Pending');
  });

  row('[W6] 400 for a body that is no JSON; nothing is sent', async ({ POST, client, id, until, history }) => {
    await client.startNew('waits', { instanceId: id('a') });
    await until(id('a'), is('Running'));
    for (const text of ['{', 'go', '"', '[1,]']) expectRefusal(await POST(`instances/${id('a')}/raiseEvent/go`, { text }), 400, 'JSON');
    expect(await history(id('a'))).not.toContainEqual(expect.objectContaining({ eventType: 'EventRaised' }));
    expect(await client.getStatus(id('a'))).toMatchObject({ runtimeStatus: 'Running' });
  });

  row('[W6] 404 for a missing instance, 410 for a finished one', async (run) => {
    expectRefusal(await run.POST(`instances/${run.id('missing')}/raiseEvent/go`, { json: 1 }), 404, run.id('missing'));
    for (const state of FINISHED) {
      await BRING[state]!(run, run.id(state));
      expectRefusal(await run.POST(`instances/${run.id(state)}/raiseEvent/go`, { json: 1 }), 410, state);
    }
  });

  row('[W6] 413 for data over maxPayloadBytes', async ({ POST, client, id, output }) => {
    await client.startNew('waits', { instanceId: id('a') });
    expectRefusal(await POST(`instances/${id('a')}/raiseEvent/go`, { json: 'x'.repeat(LIMIT) }), 413);
    expect((await POST(`instances/${id('a')}/raiseEvent/go`, { json: 'small' })).status).toBe(202);
    expect(await output(id('a'))).toBe('small');
  });
});
