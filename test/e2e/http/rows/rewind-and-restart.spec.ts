import { BRING, FINISHED, UNFINISHED } from '../../client/states.js';
import { Subject } from '../../client/subject.js';
import { expectRefusal, linksTo, useApi } from '../support/harness.js';
import { Repairs } from '../support/repairs.js';

const row = useApi({ providers: [Subject, Repairs] });

describe('POST instances/{id}/rewind', () => {
  row('[W8] [K8] 202: a failed instance goes on, with the reason in its history', async ({ POST, run, id, get, output, history }) => {
    const repairs = get(Repairs);
    repairs.broken.add(id('pump'));
    await run('repair', id('pump'), { instanceId: id('a') });
    repairs.broken.delete(id('pump'));
    const { status, text } = await POST(`instances/${id('a')}/rewind?reason=new%20part`);
    expect([status, text]).toEqual([202, '']);
    expect(await output(id('a'))).toBe(`${id('pump')} is mended`);
    expect(await history(id('a'))).toContainEqual(expect.objectContaining({ eventType: 'ExecutionRewound', reason: 'new part' }));
  });

  row('[W8] 404 missing, 410 completed or terminated, 412 unfinished', async (run) => {
    expectRefusal(await run.POST(`instances/${run.id('missing')}/rewind`), 404, run.id('missing'));
    const statuses = [...UNFINISHED.map((state) => [state, 412] as const), ['Completed', 410] as const, ['Terminated', 410] as const];
    for (const [state, status] of statuses) {
      await BRING[state]!(run, run.id(state));
      expectRefusal(await run.POST(`instances/${run.id(state)}/rewind?reason=why`), status, state);
      expect((await run.client.getStatus(run.id(state)))?.runtimeStatus).toBe(state);
    }
  });
});

describe('POST instances/{id}/restart', () => {
  row('[W9] [K4] 202 with the payload of a new instance of the same input, whatever the state', async (run) => {
    for (const state of [...FINISHED, ...UNFINISHED]) {
      await BRING[state]!(run, run.id(state));
      const answer = await run.POST(`instances/${run.id(state)}/restart`);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([202, '10']);
      expect(answer.headers.get('location')).toBe(answer.body.statusQueryGetUri);
      expect(answer.body).toEqual(linksTo(run.base, answer.body.id));
      expect(answer.body.id).not.toBe(run.id(state));
      const [old, made] = [await run.client.getStatus(run.id(state)), await run.client.getStatus(answer.body.id)];
      expect([made?.name, made?.input]).toEqual([old?.name, old?.input]);
      expect(old?.runtimeStatus).toBe(state);
    }
  });

  row('[W9] restartWithNewInstanceId=false: a finished instance begins anew', async ({ POST, base, run, client, id, ended }) => {
    const first = await run('returns', 'again', { instanceId: id('a') });
    const answer = await POST(`instances/${id('a')}/restart?restartWithNewInstanceId=false`);
    expect([answer.status, answer.body]).toEqual([202, linksTo(base, id('a'))]);
    const second = await ended(id('a'));
    expect(second).toMatchObject({ runtimeStatus: 'Completed', output: 'again' });
    expect(second.createdTime.getTime()).toBeGreaterThanOrEqual(first.createdTime.getTime());
    expect((await POST(`instances/${id('a')}/restart?restartWithNewInstanceId=true`)).body.id).not.toBe(id('a'));
    expect(await client.getStatus(id('a'))).not.toBeNull();
  });

  row('[W9] 400 for a missing instance, and for a switch that is none', async ({ POST, run, id }) => {
    expectRefusal(await POST(`instances/${id('missing')}/restart`), 400, id('missing'));
    expectRefusal(await POST(`instances/${id('missing')}/restart?restartWithNewInstanceId=false`), 400, id('missing'));
    await run('returns', 1, { instanceId: id('a') });
    expectRefusal(await POST(`instances/${id('a')}/restart?restartWithNewInstanceId=maybe`), 400, 'restartWithNewInstanceId');
  });

  row('[W9] [K6] 409: the id is to stay, and its instance is not finished', async (run) => {
    for (const state of UNFINISHED) {
      await BRING[state]!(run, run.id(state));
      const before = await run.client.getStatus(run.id(state));
      expectRefusal(await run.POST(`instances/${run.id(state)}/restart?restartWithNewInstanceId=false`), 409, state);
      expect(await run.client.getStatus(run.id(state))).toEqual(before);
    }
  });
});
