import { BRING } from '../../client/states.js';
import { Subject } from '../../client/subject.js';
import { expectRefusal, useApi } from '../support/harness.js';

const row = useApi({ providers: [Subject] });

/** `yyyy-MM-ddTHH:mm:ssZ`. */
const inSeconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

describe('GET instances/{id}', () => {
  row('[W2] 200 with the whole status of a finished instance', async ({ GET, run, id }) => {
    const { createdTime, lastUpdatedTime } = await run('returns', { sku: 'cup' }, { instanceId: id('a') });
    const { status, headers, body } = await GET(`instances/${id('a')}`);
    expect([status, headers.get('location'), headers.get('retry-after')]).toEqual([200, null, null]);
    expect(body).toEqual({
      name: 'returns', instanceId: id('a'), runtimeStatus: 'Completed', input: { sku: 'cup' }, customStatus: null, output: { sku: 'cup' },
      createdTime: inSeconds(createdTime), lastUpdatedTime: inSeconds(lastUpdatedTime), historyEvents: null, history: null,
    });
  });

  row('[W2] 200 also for one that failed or was terminated', async (run) => {
    await BRING['Failed']!(run, run.id('failed'));
    await BRING['Terminated']!(run, run.id('terminated'));
    const failed = await run.GET(`instances/${run.id('failed')}`);
    expect([failed.status, failed.body.runtimeStatus]).toEqual([200, 'Failed']);
    expect(failed.body.output).toMatchObject({ errorType: 'RangeError', errorMessage: 'no' });
    const terminated = await run.GET(`instances/${run.id('terminated')}`);
    expect([terminated.status, terminated.body.runtimeStatus, terminated.body.output]).toEqual([200, 'Terminated', null]);
  });

  row('[W2] 202, where to ask again and when, for one that is not finished; all keys are there', async (run) => {
    for (const state of ['Pending', 'Running', 'Suspended'] as const) {
      const instanceId = run.id(state);
      await BRING[state]!(run, instanceId);
      const { createdTime, lastUpdatedTime } = (await run.client.getStatus(instanceId))!;
      const { status, headers, body } = await run.GET(`instances/${instanceId}`);
      expect([status, headers.get('retry-after')]).toEqual([202, '5']);
      expect(headers.get('location')).toBe(`${run.base}/instances/${instanceId}?taskHub=DurableHub`);
      expect(body).toEqual({
        name: 'waits', instanceId, runtimeStatus: state, input: null, customStatus: state === 'Pending' ? null : { waitsWith: null }, output: null,
        createdTime: inSeconds(createdTime), lastUpdatedTime: inSeconds(lastUpdatedTime), historyEvents: null, history: null,
      });
    }
  });

  row('[W2] Location leads back, however strange the id', async ({ GET, client, id }) => {
    const instanceId = id("ä b+c%&= é '🦄");
    await client.startNew('waits', { instanceId });
    const location = (await GET(`instances/${encodeURIComponent(instanceId)}`)).headers.get('location')!;
    expect(await (await fetch(location)).json()).toMatchObject({ instanceId });
  });

  row('[W2] showInput=false leaves the input out, and only that', async ({ GET, run, id }) => {
    await run('returns', 'secret', { instanceId: id('a') });
    const shown = await GET(`instances/${id('a')}?showInput=true`);
    const hidden = await GET(`instances/${id('a')}?showInput=false`);
    expect(shown.body.input).toBe('secret');
    expect(hidden.body).toEqual({ ...shown.body, input: null });
  });

  row('[W2] [Y4] showHistory adds the events, showHistoryOutput what they carry; under both names', async ({ GET, run, id }) => {
    await run('counted', 'input', { instanceId: id('a') });
    for (const query of ['showHistory=true', 'showHistory=true&showHistoryOutput=false']) {
      const { body } = await GET(`instances/${id('a')}?${query}`);
      expect(body.history).toEqual(body.historyEvents);
      expect(body.history.map(({ eventType }: { eventType: string }) => eventType)).toEqual(
        expect.arrayContaining(['ExecutionStarted', 'TaskScheduled', 'TaskCompleted', 'ExecutionCompleted']),
      );
      for (const event of body.history) {
        expect(event).not.toHaveProperty('input');
        expect(event).not.toHaveProperty('result');
        expect(event.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      }
    }
    const { body } = await GET(`instances/${id('a')}?showHistory=true&showHistoryOutput=true`);
    expect(body.history).toEqual(body.historyEvents);
    expect(body.history).toContainEqual(expect.objectContaining({ eventType: 'TaskScheduled', name: 'count', input: 'input' }));
    expect(body.history).toContainEqual(expect.objectContaining({ eventType: 'ExecutionCompleted', result: 'input' }));
    expect((await GET(`instances/${id('a')}?showHistoryOutput=true`)).body.history).toBeNull();
  });

  row('[W2] returnInternalServerErrorOnFailure: 500 and the status for a failed instance, nothing else changes', async (run) => {
    await BRING['Failed']!(run, run.id('failed'));
    await BRING['Completed']!(run, run.id('completed'));
    await BRING['Running']!(run, run.id('running'));
    const ask = (label: string, value: boolean) => run.GET(`instances/${run.id(label)}?returnInternalServerErrorOnFailure=${value}`);
    const failed = await ask('failed', true);
    expect([failed.status, failed.body.runtimeStatus, failed.body.output.errorMessage]).toEqual([500, 'Failed', 'no']);
    expect((await ask('failed', false)).status).toBe(200);
    expect((await ask('completed', true)).status).toBe(200);
    expect((await ask('running', true)).status).toBe(202);
  });

  row('[W2] switches are true and false in any case; 400 for anything else', async ({ GET, run, id }) => {
    await run('returns', 1, { instanceId: id('a') });
    expect((await GET(`instances/${id('a')}?showInput=False&showHistory=TRUE`)).body).toMatchObject({ input: null, history: expect.any(Array) });
    for (const name of ['showInput', 'showHistory', 'showHistoryOutput', 'returnInternalServerErrorOnFailure']) {
      for (const value of ['yes', '1', 'true&'.concat(name, '=false')]) expectRefusal(await GET(`instances/${id('a')}?${name}=${value}`), 400, name);
    }
  });

  row('[W2] parameters that Azure knows for all, and unknown ones, are no reason to refuse', async ({ GET, run, id }) => {
    await run('returns', 1, { instanceId: id('a') });
    expect((await GET(`instances/${id('a')}?taskHub=DurableHub&connection=Storage&code=x&more=1`)).status).toBe(200);
    expect((await GET(`instances/${id('a')}?taskHub=durablehub`)).status).toBe(200);
  });

  row('[W2] 404 for a missing instance', async ({ GET, id }) => {
    expectRefusal(await GET(`instances/${id('missing')}`), 404, id('missing'));
    expectRefusal(await GET(`instances/${id('missing')}?showHistory=true`), 404);
  });
});
