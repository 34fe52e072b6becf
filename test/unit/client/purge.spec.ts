import { DurableClient } from '../../../lib/client/index.js';
import type { HistoryEvent, RuntimeStatus } from '../../../lib/core/index.js';
import { FakeHost, instanceRow } from './fake-host.js';

let host: FakeHost;
let client: DurableClient;

beforeEach(() => {
  host = new FakeHost();
  client = new DurableClient(host);
});

const FINISHED = ['Completed', 'Failed', 'Terminated'] as const;

describe('purgeInstanceHistory', () => {
  it.each(FINISHED)('[K4] deletes an instance that is %s', async (status) => {
    host.rows = [instanceRow({ status }), instanceRow({ instanceId: 'order-2', status })];
    expect(await client.purgeInstanceHistory('order-1')).toEqual({ instancesDeleted: 1 });
    expect(host.rows.map(({ instanceId }) => instanceId)).toEqual(['order-2']);
  });

  it('[K4] deletes none when there is none', async () => {
    expect(await client.purgeInstanceHistory('order-9')).toEqual({ instancesDeleted: 0 });
    expect(await client.purgeInstanceHistory('order-9', { recursive: true })).toEqual({ instancesDeleted: 0 });
  });

  it.each<[RuntimeStatus, boolean]>([['Pending', false], ['Running', true], ['Suspended', true]])('[K6] refuses an instance that is %s', async (status, recursive) => {
    host.rows = [instanceRow({ status })];
    await expect(client.purgeInstanceHistory('order-1', { recursive })).rejects.toMatchObject({
      name: 'InvalidInstanceStateError', status,
      message: `purgeInstanceHistory is not possible: instance 'order-1' is ${status}. It is possible while an instance is Completed, Failed or Terminated.`,
    });
  });

  it('[K4] refuses an id that is none', async () => {
    await expect(client.purgeInstanceHistory('')).rejects.toThrow('the instance id must be a non-empty string');
  });

  describe('recursive', () => {
    const called = (...ids: string[]): HistoryEvent[] =>
      ids.map((instanceId, taskId) => ({ type: 'SubOrchestrationInstanceCreated', taskId, name: 'ship', instanceId, defaultId: false }));
    const child = (instanceId: string, parentExecution: string, status: RuntimeStatus = 'Completed') =>
      instanceRow({ instanceId, executionId: `${instanceId}-run`, status, parent: { name: 'x', instanceId: 'x', executionId: parentExecution, taskId: 0 } });

    it('[K4] deletes the finished sub-orchestrations of all depths, each before its parent', async () => {
      host.rows = [instanceRow({ instanceId: 'root', executionId: 'root-run', status: 'Failed' }), child('a', 'root-run'), child('b', 'root-run', 'Terminated'), child('c', 'b-run')];
      host.histories = { 'root-run': called('a', 'b', 'a', 'never created'), 'b-run': called('c') };
      expect(await client.purgeInstanceHistory('root', { recursive: true })).toEqual({ instancesDeleted: 4 });
      expect(host.rows).toEqual([]);
      expect(host.purged.filter(({ length }) => length > 0)).toEqual([['c'], ['a', 'b'], ['root']]);
    });

    it('[K4] leaves unfinished ones, with all that is theirs, and instances of others that have taken the id', async () => {
      host.rows = [
        instanceRow({ instanceId: 'root', executionId: 'root-run', status: 'Completed' }),
        child('running', 'root-run', 'Running'), child('below', 'running-run'), child('of another', 'an earlier run'), instanceRow({ instanceId: 'somebody', status: 'Completed' }),
      ];
      host.histories = { 'root-run': called('running', 'of another', 'somebody'), 'running-run': called('below') };
      expect(await client.purgeInstanceHistory('root', { recursive: true })).toEqual({ instancesDeleted: 1 });
      expect(host.rows.map(({ instanceId }) => instanceId)).toEqual(['running', 'below', 'of another', 'somebody']);
    });

    it('[K4] looks at many children a chunk at a time', async () => {
      const ids = Array.from({ length: 450 }, (_, index) => `child ${index}`);
      host.rows = [instanceRow({ instanceId: 'root', executionId: 'root-run', status: 'Completed' }), ...ids.map((id) => child(id, 'root-run'))];
      host.histories = { 'root-run': called(...ids) };
      expect(await client.purgeInstanceHistory('root', { recursive: true })).toEqual({ instancesDeleted: 451 });
      expect(host.purged.map(({ length }) => length).filter((length) => length > 0)).toEqual([200, 200, 50, 1]);
    });

    it('[K6] touches nothing below an instance that is not finished', async () => {
      host.rows = [instanceRow({ instanceId: 'root', executionId: 'root-run', status: 'Running' }), child('a', 'root-run')];
      host.histories = { 'root-run': called('a') };
      await expect(client.purgeInstanceHistory('root', { recursive: true })).rejects.toMatchObject({ status: 'Running' });
      expect(host.rows).toHaveLength(2);
    });
  });
});

describe('purgeInstanceHistoryBy', () => {
  it('[K4] asks for what is given, and for all finished instances when nothing is', async () => {
    expect(await client.purgeInstanceHistoryBy({})).toEqual({ instancesDeleted: 3 });
    await client.purgeInstanceHistoryBy({ createdTimeFrom: new Date(1), createdTimeTo: new Date(2), runtimeStatus: 'Failed', name: 'ship' });
    await client.purgeInstanceHistoryBy({ runtimeStatus: ['Failed', 'Terminated'], name: undefined });
    expect(host.purges).toEqual([
      { statuses: FINISHED },
      { statuses: ['Failed'], createdFrom: 1, createdTo: 2, name: 'ship' },
      { statuses: ['Failed', 'Terminated'] },
    ]);
  });

  it.each<[object, string]>([
    [{ runtimeStatus: 'Running' }, "runtimeStatus 'Running' is not possible: only instances that are Completed, Failed, Terminated are purged. Terminate others first."],
    [{ runtimeStatus: ['Completed', 'Pending'] }, "runtimeStatus 'Pending' is not possible"],
    [{ runtimeStatus: 'completed' }, "runtimeStatus 'completed' is not possible"],
    [{ createdTimeFrom: new Date(NaN) }, 'purgeInstanceHistoryBy: createdTimeFrom must be a valid Date'],
    [{ createdTimeTo: 5 }, 'purgeInstanceHistoryBy: createdTimeTo must be a valid Date, but got 5'],
    [{ instanceIdPrefix: 'test-' }, "'instanceIdPrefix' is no filter of a purge; there are createdTimeFrom, createdTimeTo, runtimeStatus, name"],
  ])('[K4] [K6] refuses %j, and deletes nothing', async (filter, message) => {
    const refused = client.purgeInstanceHistoryBy(filter);
    await expect(refused).rejects.toBeInstanceOf(TypeError);
    await expect(refused).rejects.toThrow(message);
    expect(host.purges).toEqual([]);
  });
});
