import { DurableClient } from '../../../lib/client/index.js';
import type { RuntimeStatus } from '../../../lib/core/index.js';
import { FakeHost, instanceRow } from './fake-host.js';

let host: FakeHost;
let client: DurableClient;

beforeEach(() => {
  host = new FakeHost();
  client = new DurableClient(host);
  host.handlers = [['fulfil', '2']];
});

const parent = { name: 'p', instanceId: 'parent', executionId: 'x', taskId: 1 };
const order = (status: RuntimeStatus) =>
  instanceRow({ status, version: '2', input: '0', tags: { shop: 'a' }, parent, startAt: 5, output: '"old"', customStatus: '"old"' });
const LIKE_IT = { name: 'fulfil', version: '2', input: '0', tags: { shop: 'a' } };

describe('restart', () => {
  it.each<RuntimeStatus>(['Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated'])(
    '[K4] starts another instance with the same name, version, input and tags as one that is %s', async (status) => {
      host.rows = [order(status)];
      expect(await client.restart('order-1')).toBe('generated');
      expect(host.started.map(({ instance }) => instance)).toEqual([LIKE_IT]);
    },
  );

  it.each<RuntimeStatus>(['Completed', 'Failed', 'Terminated'])('[K4] [K6] takes the place of one that is %s, and of no other', async (status) => {
    host.rows = [order(status)];
    expect(await client.restart('order-1', { newInstanceId: false })).toBe('order-1');
    expect(host.started).toEqual([{ instance: { ...LIKE_IT, instanceId: 'order-1', replaces: 'execution' }, onConflict: 'replaceFinished' }]);
  });

  it.each<RuntimeStatus>(['Pending', 'Running', 'Suspended'])('[K6] cannot take the place of one that is %s', async (status) => {
    host.rows = [order(status)];
    await expect(client.restart('order-1', { newInstanceId: false })).rejects.toMatchObject({
      name: 'InvalidInstanceStateError', instanceId: 'order-1', status,
      message: `restart is not possible: instance 'order-1' is ${status}. It is possible while an instance is Completed, Failed or Terminated.`,
    });
    expect(host.started).toEqual([]);
  });

  it('[K4] fails when there is no such instance', async () => {
    await expect(client.restart('order-9')).rejects.toMatchObject({ name: 'InstanceNotFoundError', instanceId: 'order-9' });
    await expect(client.restart('')).rejects.toThrow('restart: the instance id must be a non-empty string');
  });

  it('[K4] [Y5] fails when no live worker has exactly that version', async () => {
    host.rows = [order('Completed')];
    host.handlers = [['fulfil'], ['fulfil', '3']];
    host.defaultVersion = '3';
    await expect(client.restart('order-1')).rejects.toThrow("There is no orchestrator 'fulfil' version '2'");
    expect(host.started).toEqual([]);
  });

  it('[K6] names the state when another start was faster', async () => {
    host.rows = [order('Completed')];
    host.result = { kind: 'exists', status: 'Pending' };
    await expect(client.restart('order-1', { newInstanceId: false })).rejects.toMatchObject({ name: 'InvalidInstanceStateError', status: 'Pending' });
  });

  it('[K4] looks again when a faster one has finished already, and restarts that', async () => {
    host.rows = [order('Completed')];
    host.result = { kind: 'exists', status: 'Failed' };
    host.onStart = () => {
      if (host.started.length === 2) host.result = { kind: 'done' };
      host.rows = [{ ...order('Failed'), executionId: 'next', input: '1' }];
    };
    expect(await client.restart('order-1', { newInstanceId: false })).toBe('order-1');
    expect(host.started.map(({ instance }) => [instance.replaces, instance.input])).toEqual([['execution', '0'], ['next', '1']]);
  });

  it('[K4] fails when it was purged in the meantime', async () => {
    host.rows = [order('Completed')];
    host.result = { kind: 'missing' };
    host.onStart = () => (host.rows = []);
    await expect(client.restart('order-1', { newInstanceId: false })).rejects.toMatchObject({ name: 'InstanceNotFoundError' });
  });
});
