import type { HttpManagementPayload, HttpRequestLike } from 'nestjs-durable';
import { useScenarios } from '../support/harness.js';
import { Subject } from './subject.js';

const scenario = useScenarios({ providers: [Subject] });

const request: HttpRequestLike = { protocol: 'https', headers: { host: 'shop.example:8443' } };

function links(instanceId: string): HttpManagementPayload {
  const instance = `https://shop.example:8443/runtime/webhooks/durabletask/instances/${instanceId}`;
  return {
    id: decodeURIComponent(instanceId),
    statusQueryGetUri: `${instance}?taskHub=DurableHub`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?taskHub=DurableHub`,
    terminatePostUri: `${instance}/terminate?reason={text}&taskHub=DurableHub`,
    rewindPostUri: `${instance}/rewind?reason={text}&taskHub=DurableHub`,
    purgeHistoryDeleteUri: `${instance}?taskHub=DurableHub`,
    restartPostUri: `${instance}/restart?taskHub=DurableHub`,
    suspendPostUri: `${instance}/suspend?reason={text}&taskHub=DurableHub`,
    resumePostUri: `${instance}/resume?reason={text}&taskHub=DurableHub`,
  };
}

describe('the answers of controllers', () => {
  scenario('[K5] createHttpManagementPayload links to the instance, on the host of the request', async ({ client }) => {
    expect(client.createHttpManagementPayload(request, 'order-1')).toEqual(links('order-1'));
    expect(client.createHttpManagementPayload(request, 'order 1 & more')).toEqual(links('order%201%20%26%20more'));
    const http2 = { headers: { ':authority': 'shop.example' } };
    expect(client.createHttpManagementPayload(http2, 'a').statusQueryGetUri).toBe('http://shop.example/runtime/webhooks/durabletask/instances/a?taskHub=DurableHub');
  });

  scenario('[K5] createCheckStatusResponse is a 202 with Location, Retry-After and the payload', async ({ client }) => {
    const payload = links('order-1');
    expect(client.createCheckStatusResponse(request, 'order-1')).toEqual({
      status: 202, headers: { Location: payload.statusQueryGetUri, 'Retry-After': '10' }, body: payload,
    });
  });

  scenario('[K5] waitForCompletionOrCreateCheckStatusResponse gives the output of a completed instance', async ({ client, id }) => {
    await client.startNew('waits', { instanceId: id('a') });
    const answer = client.waitForCompletionOrCreateCheckStatusResponse(request, id('a'), { interval: 5 });
    await client.raiseEvent(id('a'), 'go', { parcels: 2 });
    expect(await answer).toEqual({ status: 200, headers: {}, body: { parcels: 2 } });

    const nothing = await client.startNew('returns');
    expect(await client.waitForCompletionOrCreateCheckStatusResponse(request, nothing)).toEqual({ status: 200, headers: {}, body: null });
  });

  scenario('[K5] … 200 with the status of a terminated one, 500 with that of a failed one', async ({ client, id, until }) => {
    await client.startNew('waits', { instanceId: id('terminated'), input: 1 });
    await until(id('terminated'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    await client.terminate(id('terminated'), 'enough');
    const terminated = await client.waitForCompletionOrCreateCheckStatusResponse(request, id('terminated'));
    expect(terminated).toMatchObject({ status: 200, body: { name: 'waits', instanceId: id('terminated'), runtimeStatus: 'Terminated', input: 1, output: 'enough' } });

    const failed = await client.waitForCompletionOrCreateCheckStatusResponse(request, await client.startNew('fails', { input: 'no' }));
    expect(failed).toMatchObject({ status: 500, body: { runtimeStatus: 'Failed', customStatus: null, output: { errorType: 'RangeError', errorMessage: 'no' } } });
    expect(Object.keys(failed.body as object).sort()).toEqual(
      ['createdTime', 'customStatus', 'input', 'instanceId', 'lastUpdatedTime', 'name', 'output', 'runtimeStatus'],
    );
    expect((failed.body as { createdTime: string }).createdTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  scenario('[K5] … and after the time-out the 202; the instance goes on', async ({ client, id, output }) => {
    await client.startNew('waits', { instanceId: id('a') });
    for (const options of [{ timeout: 0 }, { timeout: 20, interval: 0 }, { timeout: 20, interval: 8 }]) {
      const answer = await client.waitForCompletionOrCreateCheckStatusResponse(request, id('a'), options);
      expect(answer).toEqual(client.createCheckStatusResponse(request, id('a')));
    }
    await client.raiseEvent(id('a'), 'go', 'later');
    expect(await output(id('a'))).toBe('later');
  });

  scenario('[K5] refuses a missing instance, bad durations, and a request without host', async ({ client, id }) => {
    const wait = (options: object) => client.waitForCompletionOrCreateCheckStatusResponse(request, id('missing'), options);
    await expect(wait({})).rejects.toMatchObject({ name: 'InstanceNotFoundError' });
    await expect(wait({ timeout: -1 })).rejects.toThrow('timeout must be milliseconds, 0 or more, but got -1.');
    await expect(wait({ interval: NaN })).rejects.toThrow('interval must be milliseconds, 0 or more, but got NaN.');
    expect(() => client.createCheckStatusResponse({ headers: {} }, 'a')).toThrow('createCheckStatusResponse: the request has no host header');
    expect(() => client.createHttpManagementPayload(request, '')).toThrow('the instance id must be a non-empty string');
  });
});
