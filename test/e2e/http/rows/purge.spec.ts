import { BRING, FINISHED, hour, UNFINISHED } from '../../client/states.js';
import { Subject } from '../../client/subject.js';
import { expectRefusal, useApi } from '../support/harness.js';

const row = useApi({ providers: [Subject] });

describe('DELETE instances/{id}', () => {
  row('[W4] 200: a finished instance is gone, whatever its end', async (run) => {
    for (const state of FINISHED) {
      await BRING[state]!(run, run.id(state));
      const { status, body } = await run.DELETE(`instances/${run.id(state)}`);
      expect([status, body]).toEqual([200, { instancesDeleted: 1 }]);
      expect(await run.client.getStatus(run.id(state))).toBeNull();
    }
  });

  row('[W4] 404 for a missing instance', async ({ DELETE, run, id }) => {
    expectRefusal(await DELETE(`instances/${id('missing')}`), 404, id('missing'));
    await run('returns', 1, { instanceId: id('a') });
    await DELETE(`instances/${id('a')}`);
    expectRefusal(await DELETE(`instances/${id('a')}`), 404);
  });

  row('[W4] [K6] an unfinished instance is refused, and stays', async (run) => {
    for (const state of UNFINISHED) {
      await BRING[state]!(run, run.id(state));
      expectRefusal(await run.DELETE(`instances/${run.id(state)}`), 409, state);
      expect((await run.client.getStatus(run.id(state)))?.runtimeStatus).toBe(state);
    }
  });
});

describe('DELETE instances/', () => {
  row('[W5] 200: deletes what was created in that time, and tells how many', async ({ DELETE, run, id, clock, client }) => {
    clock.advance(hour);
    await run('returns', 1, { instanceId: id('before') });
    clock.advance(hour);
    const { createdTime: from } = await run('returns', 1, { instanceId: id('1') });
    clock.advance(1);
    const { createdTime: to } = await run('fails', 'no', { instanceId: id('2') });
    clock.advance(hour);
    await run('returns', 1, { instanceId: id('after') });
    for (const path of ['instances/', 'instances']) {
      const { status, body } = await DELETE(`${path}?createdTimeFrom=${from.toISOString()}&createdTimeTo=${to.toISOString()}`);
      expect([status, body.instancesDeleted]).toEqual(path === 'instances/' ? [200, 2] : [404, undefined]);
    }
    expect(await client.getStatus(id('1'))).toBeNull();
    expect(await client.getStatus(id('before'))).not.toBeNull();
    expect((await DELETE(`instances/?createdTimeFrom=${from.toISOString()}`)).body).toEqual({ instancesDeleted: 1 });
    expect(await client.getStatus(id('after'))).toBeNull();
  });

  row('[W5] runtimeStatus: only those; unfinished instances always stay', async (run) => {
    run.clock.advance(hour);
    await run.client.startNew('waits', { instanceId: run.id('Running') });
    const { createdTime } = (await run.client.getStatus(run.id('Running')))!;
    for (const state of FINISHED) await BRING[state]!(run, run.id(state));
    const purge = (query: string) => run.DELETE(`instances/?createdTimeFrom=${createdTime.toISOString()}${query}`);
    expect((await purge('&runtimeStatus=Failed')).body).toEqual({ instancesDeleted: 1 });
    expect(await run.client.getStatus(run.id('Failed'))).toBeNull();
    expect((await purge('&runtimeStatus=Completed,Terminated')).body).toEqual({ instancesDeleted: 2 });
    expectRefusal(await purge(''), 404);
    expect((await run.client.getStatus(run.id('Running')))?.runtimeStatus).toBe('Running');
  });

  row('[W5] 400 without createdTimeFrom, for a bad date, and for a status that is none or unfinished', async ({ DELETE, run, id, client }) => {
    await run('returns', 1, { instanceId: id('a') });
    const from = 'createdTimeFrom=2020-01-01T00:00:00Z';
    expectRefusal(await DELETE('instances/'), 400, 'createdTimeFrom');
    expectRefusal(await DELETE('instances/?createdTimeFrom='), 400, 'createdTimeFrom');
    expectRefusal(await DELETE('instances/?createdTimeTo=2020-01-01T00:00:00Z'), 400, 'createdTimeFrom');
    expectRefusal(await DELETE('instances/?createdTimeFrom=never'), 400, 'createdTimeFrom');
    // Not a day in a zone of +10:00, which begins earlier.
    expectRefusal(await DELETE('instances/?createdTimeFrom=2020-01-01%2010:00'), 400, 'createdTimeFrom');
    expectRefusal(await DELETE(`instances/?${from}&createdTimeTo=never`), 400, 'createdTimeTo');
    expectRefusal(await DELETE(`instances/?${from}&runtimeStatus=Broken`), 400, 'runtimeStatus');
    expectRefusal(await DELETE(`instances/?${from}&runtimeStatus=Running`), 400, 'Running');
    expect(await client.getStatus(id('a'))).not.toBeNull();
  });

  row('[W5] 404 when there is none', async ({ DELETE }) => {
    expectRefusal(await DELETE('instances/?createdTimeFrom=2000-01-01T00:00:00Z&createdTimeTo=2000-01-02T00:00:00Z'), 404);
  });
});
