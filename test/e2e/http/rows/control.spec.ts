import { BRING, FINISHED, is, UNFINISHED } from '../../client/states.js';
import { Subject } from '../../client/subject.js';
import { expectRefusal, useApi } from '../support/harness.js';

const row = useApi({ providers: [Subject] });

const OPERATIONS = ['terminate', 'suspend', 'resume'] as const;

describe('POST instances/{id}/terminate, suspend, resume', () => {
  row('[W7] terminate: 202 in every unfinished state, the reason is the output', async (run) => {
    for (const state of UNFINISHED) {
      await BRING[state]!(run, run.id(state));
      const { status, text } = await run.POST(`instances/${run.id(state)}/terminate?reason=${encodeURIComponent('ä & no+more')}`);
      expect([status, text]).toEqual([202, '']);
      expect(await run.ended(run.id(state))).toMatchObject({ runtimeStatus: 'Terminated', output: 'ä & no+more' });
    }
  });

  row('[W7] [K7] suspend and resume: 202, with the reason in the history', async ({ POST, client, id, until, output, history }) => {
    await client.startNew('waits', { instanceId: id('a') });
    await until(id('a'), is('Running'));
    const suspended = await POST(`instances/${id('a')}/suspend?reason=too%20early`);
    expect([suspended.status, suspended.text]).toEqual([202, '']);
    await until(id('a'), is('Suspended'));
    const resumed = await POST(`instances/${id('a')}/resume?reason=now+please`);
    expect([resumed.status, resumed.text]).toEqual([202, '']);
    await until(id('a'), is('Running'));
    await client.raiseEvent(id('a'), 'go', 'gone');
    expect(await output(id('a'))).toBe('gone');
    const events = await history(id('a'));
    expect(events).toContainEqual(expect.objectContaining({ eventType: 'ExecutionSuspended', reason: 'too early' }));
    expect(events).toContainEqual(expect.objectContaining({ eventType: 'ExecutionResumed', reason: 'now please' }));
  });

  row('[W7] a Pending instance may be suspended', async (run) => {
    await BRING['Pending']!(run, run.id('a'));
    expect((await run.POST(`instances/${run.id('a')}/suspend`)).status).toBe(202);
    await run.until(run.id('a'), is('Suspended'));
  });

  row('[W7] a reason is not needed, and a body is no matter', async ({ POST, client, id, until, ended }) => {
    await client.startNew('waits', { instanceId: id('a') });
    await until(id('a'), is('Running'));
    expect((await POST(`instances/${id('a')}/suspend`, { text: '' })).status).toBe(202);
    await until(id('a'), is('Suspended'));
    expect((await POST(`instances/${id('a')}/resume`, { text: 'no JSON', headers: { 'content-type': 'text/plain' } })).status).toBe(202);
    await until(id('a'), is('Running'));
    expect((await POST(`instances/${id('a')}/terminate`, { json: {} })).status).toBe(202);
    expect((await ended(id('a'))).output).toBeUndefined();
  });

  row('[W7] 404 for a missing instance', async ({ POST, id }) => {
    for (const operation of OPERATIONS) expectRefusal(await POST(`instances/${id('missing')}/${operation}?reason=no`), 404, id('missing'));
  });

  row('[W7] 410 for a finished one', async (run) => {
    for (const state of FINISHED) {
      await BRING[state]!(run, run.id(state));
      for (const operation of OPERATIONS) expectRefusal(await run.POST(`instances/${run.id(state)}/${operation}`), 410, state);
      expect((await run.client.getStatus(run.id(state)))?.runtimeStatus).toBe(state);
    }
  });

  row('[W7] [K6] 409 in the wrong state: suspend Suspended; resume Pending or Running', async (run) => {
    for (const [state, operation] of [['Suspended', 'suspend'], ['Pending', 'resume'], ['Running', 'resume']] as const) {
      await BRING[state]!(run, run.id(state));
      expectRefusal(await run.POST(`instances/${run.id(state)}/${operation}`), 409, `${operation} is not possible`, state);
      expect((await run.client.getStatus(run.id(state)))?.runtimeStatus).toBe(state);
    }
  });
});
