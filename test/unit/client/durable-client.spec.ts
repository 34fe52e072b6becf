import type { EntityManager } from 'typeorm';
import { DurableClient } from '../../../lib/client/index.js';
import { InvalidInstanceStateError, type HistoryEvent, type OrchestrationContext } from '../../../lib/core/index.js';
import { FakeHost, instanceRow } from './fake-host.js';

let host: FakeHost;
let client: DurableClient;

beforeEach(() => {
  host = new FakeHost();
  client = new DurableClient(host);
});

class Orders {
  *fulfilOrder(_ctx: OrchestrationContext, _order: { total: number }): Generator<never, void> {}
  *fulfilOrderV2(_ctx: OrchestrationContext, _order: { total: number }): Generator<never, void> {}
  *undecorated(_ctx: OrchestrationContext): Generator<never, void> {}
}

describe('startNew', () => {
  it('[K1] starts with all that was given, and resolves with the id', async () => {
    const startAt = new Date(5_000);
    const id = await client.startNew('fulfil', { instanceId: 'order-1', input: { total: 0 }, tags: { shop: 'a' }, startAt, onConflict: 'reject' });
    expect(id).toBe('order-1');
    expect(host.started).toEqual([{
      instance: { name: 'fulfil', instanceId: 'order-1', version: undefined, input: '{"total":0}', tags: { shop: 'a' }, startAt: 5_000 },
      onConflict: 'reject',
    }]);
  });

  it('[K1] chooses the id and replaces finished instances when nothing is said', async () => {
    expect(await client.startNew('fulfil')).toBe('generated');
    expect(host.started[0]).toMatchObject({ onConflict: 'replaceFinished', instance: { instanceId: undefined, input: undefined } });
  });

  it.each([0, '', false, null])('[O4] keeps the falsy input %j', async (input) => {
    await client.startNew('fulfil', { input });
    expect(host.started[0]?.instance.input).toBe(JSON.stringify(input));
  });

  it('[K1] fails for an id in use, telling its status', async () => {
    host.result = { kind: 'exists', status: 'Running' };
    await expect(client.startNew('fulfil', { instanceId: 'order-1' })).rejects.toMatchObject({
      name: 'InstanceAlreadyExistsError', instanceId: 'order-1', status: 'Running',
    });
    await expect(client.startNew('fulfil', { instanceId: 'order-1', onConflict: 'reject' })).rejects.toThrow('order-1');
  });

  it('[K1] useExisting returns the id of whatever is there', async () => {
    host.result = { kind: 'exists', status: 'Completed' };
    expect(await client.startNew('fulfil', { instanceId: 'order-1', onConflict: 'useExisting' })).toBe('order-1');
  });

  it('[K1] refuses an unknown name, listing the known ones', async () => {
    await expect(client.startNew('fulfill')).rejects.toMatchObject({
      name: 'UnknownHandlerError', message: expect.stringContaining("no orchestrator 'fulfill'. Known: 'fulfil'"),
    });
    expect(host.started).toEqual([]);
  });

  it('[Y5] takes the version asked for, else the default one, else the unversioned handler', async () => {
    host.handlers = [['fulfil'], ['fulfil', '1'], ['fulfil', '2'], ['plain']];
    host.defaultVersion = '1';
    await client.startNew('fulfil', { version: '2' });
    await client.startNew('fulfil');
    await client.startNew('plain');
    expect(host.started.map(({ instance }) => instance.version)).toEqual(['2', '1', undefined]);
    await expect(client.startNew('fulfil', { version: '3' })).rejects.toThrow("version '3'");
  });

  it.each([['@entity'], ['a/b'], [''], ['x'.repeat(256)]])('[N1] refuses the id %j', async (instanceId) => {
    await expect(client.startNew('fulfil', { instanceId })).rejects.toMatchObject({ name: 'InvalidInstanceIdError' });
  });

  it('[K1] refuses an input that JSON cannot hold, or that is too large', async () => {
    await expect(client.startNew('fulfil', { input: 1n })).rejects.toMatchObject({
      name: 'SerializationError', message: expect.stringContaining("The input of 'fulfil'"),
    });
    await expect(client.startNew('fulfil', { input: 'x'.repeat(1_023) })).rejects.toMatchObject({ name: 'PayloadTooLargeError' });
  });

  it.each([
    [{ startAt: new Date(NaN) }, 'startAt must be a valid Date'],
    [{ startAt: 'tomorrow' }, 'startAt must be a valid Date'],
    [{ tags: { a: 1 } }, 'tags must be an object whose values are strings'],
    [{ tags: ['a'] }, 'tags must be an object whose values are strings'],
    [{ version: 2 }, 'version must be a string'],
    [{ onConflict: 'ignore' }, 'onConflict must be one of replaceFinished'],
  ])('[K1] refuses %j', async (options, message) => {
    await expect(client.startNew('fulfil', options as never)).rejects.toThrow(message);
  });
});

describe('with { entityManager }', () => {
  const entityManager = {} as EntityManager;

  it('[K1] [K4] hands a start and an event to the host, to be written through it', async () => {
    host.result = { kind: 'missing' };
    expect(await client.startNew('fulfil', { instanceId: 'order-1', input: 0, onConflict: 'reject', entityManager })).toBe('order-1');
    expect(await client.orchestrators(Orders).fulfilOrder({ total: 1 }, { entityManager })).toBe('generated');
    await client.raiseEvent('order-1', 'paid', false, { entityManager });
    expect(host.joined).toEqual([
      { instance: expect.objectContaining({ name: 'fulfil', instanceId: 'order-1', input: '0' }), onConflict: 'reject', entityManager },
      { instance: expect.objectContaining({ name: 'fulfil', input: '{"total":1}' }), onConflict: 'replaceFinished', entityManager },
      { instanceId: 'order-1', body: { type: 'Deliver', event: { type: 'EventRaised', name: 'paid', input: 'false' } }, entityManager },
    ]);
    expect([host.started, host.sent]).toEqual([[], []]);
  });

  it('[K1] [K4] checks names, ids and data as in other calls, before anything is written', async () => {
    await expect(client.startNew('fulfill', { entityManager })).rejects.toMatchObject({ name: 'UnknownHandlerError' });
    await expect(client.startNew('fulfil', { instanceId: '@a', entityManager })).rejects.toMatchObject({ name: 'InvalidInstanceIdError' });
    await expect(client.raiseEvent('', 'paid', 1, { entityManager })).rejects.toThrow('the instance id must be a non-empty string');
    await expect(client.raiseEvent('order-1', 'paid', 'x'.repeat(2_000), { entityManager })).rejects.toMatchObject({ name: 'PayloadTooLargeError' });
    expect(host.joined).toEqual([]);
  });
});

describe('typed starters', () => {
  it('[K1] start by method and can be destructured', async () => {
    const { fulfilOrder } = client.orchestrators(Orders);
    expect(await fulfilOrder({ total: 5 }, { instanceId: 'order-1' })).toBe('order-1');
    expect(host.started[0]?.instance).toMatchObject({ name: 'fulfil', input: '{"total":5}', instanceId: 'order-1' });
  });

  it('[Y5] start the version that the decorator names, unless the options name another one', async () => {
    const { fulfilOrder, fulfilOrderV2 } = client.orchestrators(Orders);
    await fulfilOrder({ total: 5 });
    await fulfilOrderV2({ total: 5 });
    await fulfilOrderV2({ total: 5 }, { version: '3' });
    expect(host.started.map(({ instance }) => instance.version)).toEqual([undefined, '2', '3']);
  });

  it('[K1] throw for a method without decorator', () => {
    expect(() => client.orchestrators(Orders).undecorated()).toThrow('Orders.undecorated has no @Orchestrator()');
  });
});

describe('getStatus', () => {
  it('[K2] gives parsed values and dates, and null for a missing instance', async () => {
    host.rows = [instanceRow({
      status: 'Completed', input: '{"total":5}', output: 'false', customStatus: '"done"', tags: { shop: 'a' }, version: '2',
      parent: { name: 'p', instanceId: 'parent', executionId: 'e', taskId: 0 },
    })];
    expect(await client.getStatus('order-1')).toEqual({
      instanceId: 'order-1', name: 'fulfil', version: '2', runtimeStatus: 'Completed', input: { total: 5 }, output: false,
      failureDetails: undefined, customStatus: 'done', createdTime: new Date(1_000), lastUpdatedTime: new Date(2_000),
      tags: { shop: 'a' }, parentInstanceId: 'parent',
    });
    expect(await client.getStatus('order-2')).toBeNull();
  });

  it('[O9] the output of a failed instance is its failure details', async () => {
    const failureDetails = { errorType: 'Error', errorMessage: 'no', isNonRetriable: false };
    host.rows = [instanceRow({ status: 'Failed', failureDetails })];
    expect(await client.getStatus('order-1')).toMatchObject({ output: failureDetails, failureDetails });
  });

  it('[K2] leaves the input out on request', async () => {
    host.rows = [instanceRow({ input: '1' })];
    expect((await client.getStatus('order-1', { showInput: false }))?.input).toBeUndefined();
  });

  it('[K2] shows the history, with inputs and results only on request', async () => {
    host.rows = [instanceRow({})];
    const history: HistoryEvent[] = [
      { type: 'OrchestratorStarted', timestamp: 1_000 },
      { type: 'ExecutionStarted', name: 'fulfil', input: '{"total":5}' },
      { type: 'TimerCreated', taskId: 0, fireAt: 3_000 },
      { type: 'OrchestratorCompleted' },
      { type: 'OrchestratorStarted', timestamp: 3_000 },
      { type: 'TimerFired', taskId: 0, fireAt: 3_000 },
      { type: 'ExecutionCompleted', status: 'Completed', result: '0' },
    ];
    host.histories = { execution: history };
    const status = await client.getStatus('order-1', { showHistory: true });
    expect(status?.history?.[1]).toEqual({ eventType: 'ExecutionStarted', timestamp: new Date(1_000), name: 'fulfil' });
    expect(status?.history?.[5]).toEqual({ eventType: 'TimerFired', timestamp: new Date(3_000), taskId: 0, fireAt: new Date(3_000) });
    const full = await client.getStatus('order-1', { showHistory: true, showHistoryOutput: true });
    expect(full?.history?.[1]).toMatchObject({ input: { total: 5 } });
    expect(full?.history?.[6]).toMatchObject({ orchestrationStatus: 'Completed', result: 0 });
  });
});

describe('getStatusBy', () => {
  beforeEach(() => {
    host.rows = [1, 2, 3, 4, 5].map((number) => instanceRow({ instanceId: `order-${number}`, createdAt: number }));
  });

  it('[K3] gives pages, each with the token of the next', async () => {
    const first = await client.getStatusBy({ pageSize: 2 });
    expect(first.instances.map(({ instanceId }) => instanceId)).toEqual(['order-1', 'order-2']);
    const second = await client.getStatusBy({ pageSize: 2, continuationToken: first.continuationToken });
    expect(second.instances.map(({ instanceId }) => instanceId)).toEqual(['order-3', 'order-4']);
    const last = await client.getStatusBy({ pageSize: 2, continuationToken: second.continuationToken });
    expect(last.instances.map(({ instanceId }) => instanceId)).toEqual(['order-5']);
    expect(last.continuationToken).toBeUndefined();
  });

  it('[K3] a full last page has no token', async () => {
    expect((await client.getStatusBy({ pageSize: 5 })).continuationToken).toBeUndefined();
  });

  it('[K3] hands the filter on', async () => {
    await client.getStatusBy({
      runtimeStatus: 'Failed', createdTimeFrom: new Date(1), createdTimeTo: new Date(2), name: 'fulfil', instanceIdPrefix: 'order-', tags: { a: 'b' },
    });
    expect(host.queries).toEqual([{
      statuses: ['Failed'], createdFrom: 1, createdTo: 2, name: 'fulfil', instanceIdPrefix: 'order-', tags: { a: 'b' }, after: undefined, limit: 101,
    }]);
  });

  it.each([
    [{ pageSize: 0 }, 'pageSize must be a whole number from 1 to 1000'],
    [{ continuationToken: 'nonsense' }, 'the continuationToken is not one that getStatusBy returned'],
    [{ runtimeStatus: 'Done' }, "'Done' is no runtimeStatus"],
    [{ createdTimeFrom: new Date(NaN) }, 'createdTimeFrom must be a valid Date'],
  ])('[K3] refuses %j', async (filter, message) => {
    await expect(client.getStatusBy(filter as never)).rejects.toThrow(message);
  });

  it('[K3] getStatusAll goes through all pages', async () => {
    const ids: string[] = [];
    for await (const { instanceId } of client.getStatusAll({ pageSize: 2 })) ids.push(instanceId);
    expect(ids).toEqual(['order-1', 'order-2', 'order-3', 'order-4', 'order-5']);
    expect(host.queries).toHaveLength(3);
  });
});

describe('messages to an instance', () => {
  it('[K4] are delivered to instances in a status that allows for them [K6]', async () => {
    await client.raiseEvent('order-1', 'approved', { by: 'Ada' });
    await client.terminate('order-1', 'enough');
    await client.suspend('order-1', 'wait');
    await client.resume('order-1');
    const unfinished = ['Pending', 'Running', 'Suspended'];
    const deliver = (event: unknown) => ({ type: 'Deliver', event });
    expect(host.sent).toEqual([
      { instanceId: 'order-1', body: deliver({ type: 'EventRaised', name: 'approved', input: '{"by":"Ada"}' }), allowed: unfinished },
      { instanceId: 'order-1', body: deliver({ type: 'ExecutionTerminated', reason: 'enough' }), allowed: unfinished },
      { instanceId: 'order-1', body: deliver({ type: 'ExecutionSuspended', reason: 'wait' }), allowed: ['Pending', 'Running'] },
      { instanceId: 'order-1', body: deliver({ type: 'ExecutionResumed', reason: undefined }), allowed: ['Suspended'] },
    ]);
  });

  it('[E4] fail for a missing instance', async () => {
    host.result = { kind: 'missing' };
    await expect(client.raiseEvent('order-9', 'approved')).rejects.toMatchObject({ name: 'InstanceNotFoundError', instanceId: 'order-9' });
  });

  it('[K6] fail in a status that does not allow for them, naming it and those that would', async () => {
    host.result = { kind: 'status', status: 'Running' };
    await expect(client.resume('order-1')).rejects.toMatchObject({
      name: 'InvalidInstanceStateError', instanceId: 'order-1', status: 'Running',
      message: "resume is not possible: instance 'order-1' is Running. It is possible while an instance is Suspended.",
    });
  });

  it('[E4] [K6] fail with an error of its own for an instance that is finished', async () => {
    host.result = { kind: 'status', status: 'Failed' };
    await expect(client.suspend('order-1')).rejects.toMatchObject({
      name: 'InstanceNotRunningError', status: 'Failed',
      message: "suspend is not possible: instance 'order-1' is Failed. It is possible while an instance is Pending or Running.",
    });
    await expect(client.terminate('order-1')).rejects.toBeInstanceOf(InvalidInstanceStateError);
  });

  it('[K4] [K8] rewind is for Failed instances [K6]', async () => {
    await client.rewind('order-1', 'mended');
    expect(host.sent).toEqual([{ instanceId: 'order-1', body: { type: 'RewindInstance', reason: 'mended' }, allowed: ['Failed'] }]);
    host.result = { kind: 'status', status: 'Completed' };
    await expect(client.rewind('order-1')).rejects.toThrow("rewind is not possible: instance 'order-1' is Completed. It is possible while an instance is Failed.");
    host.result = { kind: 'missing' };
    await expect(client.rewind('order-1')).rejects.toMatchObject({ name: 'InstanceNotFoundError' });
  });

  it('[K4] terminate tells the owner whether sub-orchestrations end too', async () => {
    await client.terminate('order-1', 'enough', { recursive: true });
    await client.terminate('order-1', 'enough', { recursive: false });
    expect(host.sent.map(({ body }) => body)).toEqual([
      { type: 'Deliver', event: { type: 'ExecutionTerminated', reason: 'enough', recursive: true } },
      { type: 'Deliver', event: { type: 'ExecutionTerminated', reason: 'enough' } },
    ]);
  });

  it('[K4] refuse an event without a name, and data that JSON cannot hold', async () => {
    await expect(client.raiseEvent('order-1', '')).rejects.toThrow('must be a non-empty string');
    await expect(client.raiseEvent('order-1', 'approved', 1n)).rejects.toMatchObject({ name: 'SerializationError' });
  });
});

describe('waitForCompletionOrCreateCheckStatusResponse', () => {
  it('[K5] ends after its timeout, however long each look at the database takes', async () => {
    host.rows = [instanceRow({ instanceId: 'order-1', status: 'Running' })];
    let now = 1_000;
    host.now = () => now;
    host.waitUntilFinished = (instanceId, timeout = 0) => {
      now += timeout + 40;
      return host.getInstance(instanceId);
    };
    const response = await client.waitForCompletionOrCreateCheckStatusResponse({ headers: { host: 'a' } }, 'order-1', { timeout: 1_000, interval: 10 });
    expect(response.status).toBe(202);
    expect(now).toBeLessThanOrEqual(2_040);
  });
});

describe('waitForCompletion', () => {
  it('[K5] resolves with the status whatever the end', async () => {
    host.rows = [instanceRow({ status: 'Terminated', output: '"enough"' })];
    expect(await client.waitForCompletion('order-1')).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
  });

  it('[K5] throws TaskTimeoutError on time-out', async () => {
    host.rows = [instanceRow({ status: 'Running' })];
    await expect(client.waitForCompletion('order-1', { timeout: 5 })).rejects.toMatchObject({
      name: 'TaskTimeoutError', message: "Instance 'order-1' is Running: it did not finish within 5 ms.",
    });
  });

  it('[K5] fails for a missing instance and a bad time-out', async () => {
    await expect(client.waitForCompletion('order-9')).rejects.toMatchObject({ name: 'InstanceNotFoundError' });
    await expect(client.waitForCompletion('order-1', { timeout: -1 })).rejects.toThrow('timeout must be milliseconds');
  });
});

describe('inside an episode', () => {
  it('[O1] every call throws at once, so that no rejection goes unseen', () => {
    host.insideEpisode = true;
    const calls: (() => unknown)[] = [
      () => client.startNew('fulfil'), () => client.getStatus('a'), () => client.getStatusBy(), () => client.getStatusAll(),
      () => client.raiseEvent('a', 'b'), () => client.terminate('a'), () => client.suspend('a'), () => client.resume('a'), () => client.rewind('a'),
      () => client.waitForCompletion('a'), () => client.waitForCompletionOrCreateCheckStatusResponse({ headers: { host: 'a' } }, 'a'), () => client.restart('a'), () => client.purgeInstanceHistory('a'), () => client.purgeInstanceHistoryBy({}),
    ];
    for (const call of calls) expect(call).toThrow('inside the orchestrator');
  });
});
