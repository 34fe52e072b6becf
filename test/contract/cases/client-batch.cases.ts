import { randomUUID } from 'node:crypto';
import type { RuntimeStatus } from '../../../lib/core/history.js';
import { FenceLostError } from '../../../lib/storage/errors.js';
import { Session } from '../../../lib/storage/session.js';
import type { ClientOperation, ClientResult, InstanceRow, OnConflict } from '../../../lib/storage/store.js';
import { newEntity, queued } from '../support/entities.js';
import { event, idIn, inserted, message, newRow, updated } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

const SENDER = 1_001;

export function clientBatchCases(fixture: StoreFixture): void {
  let owner: TestProcess;
  let client: TestProcess;
  let id: string;

  beforeEach(async () => {
    owner = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
    client = await fixture.startProcess();
    id = idIn(0);
  });
  afterEach(() => jest.restoreAllMocks());

  function start(onConflict: OnConflict, changes: Partial<InstanceRow> = {}): Extract<ClientOperation, { kind: 'start' }> {
    const row = newRow(id, changes);
    const { executionId, name, createdAt } = row;
    return {
      kind: 'start',
      row,
      onConflict,
      message: message(row, { sender: SENDER, body: { type: 'StartInstance' } }),
      replaceMessage: onConflict === 'terminateAndReplace' ? message(row, { sender: SENDER, body: { type: 'CreateInstance', executionId, name, createdAt, onConflict, isNewId: false } }) : undefined,
    };
  }

  const send = (allowed: readonly RuntimeStatus[] = ['Pending', 'Running', 'Suspended'], instanceId = id): ClientOperation => ({
    kind: 'send', allowed, message: message(newRow(instanceId), { sender: SENDER }),
  });

  async function exists(status: RuntimeStatus): Promise<InstanceRow> {
    const row = newRow(id);
    await owner.commit(inserted(row, { history: [{ executionId: row.executionId, sequence: 0, events: [event(0)] }] }));
    await owner.commit(updated(row, { status }));
    return { ...row, status, rowVersion: 2 };
  }

  it.each<OnConflict>(['replaceFinished', 'useExisting', 'terminateAndReplace', 'reject'])('[K1] %s: an id that is free is taken', async (onConflict) => {
    const operation = start(onConflict, { input: '{"a":1}', tags: { a: 'b' }, version: '2', startAt: 5_000 });
    expect(await client.apply(operation)).toEqual([{ kind: 'done', row: operation.row }]);
    expect(await owner.row(operation.row)).toEqual(operation.row);
    expect(await owner.inbox(0)).toEqual([operation.message]);
  });

  const rewind = (): Extract<ClientOperation, { kind: 'rewind' }> => ({
    kind: 'rewind', now: 9_000, message: message(newRow(id), { sender: SENDER, body: { type: 'RewindInstance', reason: 'mended' } }),
  });

  it('[K8] a rewind makes a failed instance Running, once, and tells its owner', async () => {
    const row = await exists('Failed');
    await owner.commit(updated(row, { output: '"x"', failureDetails: { errorType: 'Error', errorMessage: 'x', isNonRetriable: false } }));
    const [first, second] = [rewind(), rewind()];
    expect(await client.apply(first, second)).toEqual([{ kind: 'done' }, { kind: 'status', status: 'Running' }]);
    expect(await owner.row(row)).toEqual({ ...row, status: 'Running', updatedAt: 9_000, rowVersion: row.rowVersion + 2 });
    expect(await owner.inbox(0)).toEqual([first.message]);
  });

  it.each<RuntimeStatus>(['Pending', 'Running', 'Suspended', 'Completed', 'Terminated'])('[K6] a rewind leaves an instance that is %s as it is', async (status) => {
    const row = await exists(status);
    expect(await client.apply(rewind())).toEqual([{ kind: 'status', status }]);
    expect(await owner.row(row)).toEqual(row);
    expect(await owner.inbox(0)).toEqual([]);
  });

  it('[K8] a rewind and a start that wants the place of the failed instance: the first of them has it', async () => {
    const row = await exists('Failed');
    expect(await client.apply(rewind(), start('replaceFinished'))).toEqual([{ kind: 'done' }, { kind: 'exists', status: 'Running' }]);
    expect(await owner.row(row)).toMatchObject({ executionId: row.executionId, status: 'Running' });
  });

  const LIVE: RuntimeStatus[] = ['Pending', 'Running', 'Suspended'];
  const FINISHED: RuntimeStatus[] = ['Completed', 'Failed', 'Terminated'];
  const refusals: [OnConflict, RuntimeStatus][] = [
    ...LIVE.map((status): [OnConflict, RuntimeStatus] => ['replaceFinished', status]),
    ...[...LIVE, ...FINISHED].flatMap((status): [OnConflict, RuntimeStatus][] => [['useExisting', status], ['reject', status]]),
  ];

  it.each(refusals)('[K1] %s leaves an instance that is %s as it is', async (onConflict, status) => {
    const row = await exists(status);
    expect(await client.apply(start(onConflict))).toEqual([{ kind: 'exists', status }]);
    expect(await owner.row(row)).toEqual(row);
    expect(await owner.inbox(0)).toEqual([]);
  });

  it.each(FINISHED.flatMap((status): [OnConflict, RuntimeStatus][] => [['replaceFinished', status], ['terminateAndReplace', status]]))(
    '[K1] %s takes the place of an instance that is %s',
    async (onConflict, status) => {
      const row = await exists(status);
      const operation = start(onConflict, { input: '2' });
      const written = { ...operation.row, rowVersion: row.rowVersion + 1 };
      expect(await client.apply(operation)).toEqual([{ kind: 'done', row: written }]);
      expect(await owner.row(row)).toEqual(written);
      expect(await owner.inbox(0)).toEqual([operation.message]);
      await owner.store.collectGarbage([0], 100);
      expect(await owner.store.readHistory(row)).toEqual([]);
    },
  );

  it.each(LIVE)('[K1] terminateAndReplace leaves an instance that is %s to its owner, by a message', async (status) => {
    const row = await exists(status);
    const operation = start('terminateAndReplace');
    expect(await client.apply(operation)).toEqual([{ kind: 'replacing' }]);
    expect(await owner.row(row)).toEqual(row);
    expect(await owner.inbox(0)).toEqual([operation.replaceMessage]);
  });

  it('[K4] a restart takes the place of the instance that it was made from, and of no other', async () => {
    const restart = (replaces: string) => ({ ...start('replaceFinished'), replaces });
    expect(await client.apply(restart('gone'))).toEqual([{ kind: 'missing' }]);
    const row = await exists('Failed');
    expect(await client.apply(restart('another'))).toEqual([{ kind: 'exists', status: 'Failed' }]);
    expect(await owner.row(row)).toEqual(row);
    const [first, second] = [restart(row.executionId), restart(row.executionId)];
    expect(await client.apply(first, second)).toMatchObject([{ kind: 'done' }, { kind: 'exists', status: 'Pending' }]);
    expect(await owner.row(row)).toMatchObject({ executionId: first.row.executionId, status: 'Pending' });
    expect(await owner.inbox(0)).toEqual([first.message]);
  });

  it('calls of one batch act as one after the other', async () => {
    const row = await exists('Completed');
    const [first, second, third] = [start('replaceFinished'), start('replaceFinished'), start('useExisting')];
    const event = send();
    const refused = send(['Running']);
    const results: ClientResult[] = await client.apply(first, second, event, refused, third);
    expect(results).toMatchObject([{ kind: 'done' }, { kind: 'exists', status: 'Pending' }, { kind: 'done' }, { kind: 'status', status: 'Pending' }, { kind: 'exists', status: 'Pending' }]);
    expect(await owner.row(row)).toMatchObject({ executionId: first.row.executionId });
    expect(await owner.inbox(0)).toEqual([first.message, event.message]);
  });

  it('a new instance can be sent to in the batch that starts it', async () => {
    const [operation, event] = [start('reject'), send()];
    expect(await client.apply(operation, event)).toEqual([{ kind: 'done', row: operation.row }, { kind: 'done' }]);
    expect(await owner.inbox(0)).toEqual([operation.message, event.message]);
  });

  it('[N8] a signal needs no entity, and goes to the inbox between the other calls of its batch', async () => {
    const entity = newEntity(idIn(0, '@counter@a'));
    const signal = () => ({ kind: 'signal', message: queued(entity, { sender: SENDER }) }) as const;
    const [first, operation, second] = [signal(), start('reject'), signal()];
    expect(await client.apply(first, operation, second)).toEqual([{ kind: 'done' }, { kind: 'done', row: operation.row }, { kind: 'done' }]);
    expect(await owner.inbox(0)).toEqual([first.message, operation.message, second.message].sort((a, b) => a.key - b.key));
    expect(await owner.store.getEntities([entity])).toEqual([]);
    expect(await owner.store.getInstances([entity])).toEqual([]);
  });

  it('[N8] signals alone neither read nor lock an instance', async () => {
    const rows = jest.spyOn(Session.prototype, 'rows');
    await client.apply({ kind: 'signal', message: queued(newEntity(idIn(0, '@counter@a')), { sender: SENDER }) });
    expect(rows.mock.calls.filter(([sql]) => sql.includes('durable_instances'))).toEqual([]);
    expect(await owner.inbox(0)).toHaveLength(1);
  });

  it('[E4] a message to a missing instance is refused', async () => {
    expect(await client.apply(send(), start('reject'))).toMatchObject([{ kind: 'missing' }, { kind: 'done' }]);
  });

  it.each([...LIVE, ...FINISHED])('[E4, K6] a message is taken by an instance that is %s only where that status is allowed', async (status) => {
    await exists(status);
    const others = [...LIVE, ...FINISHED].filter((each) => each !== status);
    const taken = send([status]);
    expect(await client.apply(send(others), taken)).toEqual([{ kind: 'status', status }, { kind: 'done' }]);
    expect(await owner.inbox(0)).toEqual([taken.message]);
  });

  it('[K1] of several processes that start one id at once, one does', async () => {
    const clients = await Promise.all([1, 2, 3, 4].map(() => fixture.startProcess()));
    const results = await Promise.all(clients.map((each) => each.apply(start('reject'), start('reject'))));
    expect(results.flat().filter(({ kind }) => kind === 'done')).toHaveLength(1);
    expect(results.flat().filter(({ kind }) => kind === 'exists')).toHaveLength(7);
    expect(await owner.inbox(0)).toHaveLength(1);
  });

  it('[I8] a client that replaces a finished instance makes its owner\'s late checkpoint stale', async () => {
    const row = await exists('Failed');
    await client.apply(start('replaceFinished'));
    await expect(owner.commit(updated(row, { status: 'Running' }))).rejects.toThrow(`'${id}'`);
  });

  it('[I2] a batch is written once: with the number before, and while the worker\'s row stands', async () => {
    const operation = start('reject');
    await client.apply(operation);
    client.clientCommits = 0;
    await expect(client.apply(send())).rejects.toBeInstanceOf(FenceLostError);
    expect(await owner.inbox(0)).toEqual([operation.message]);
    await client.store.unregisterWorker(client.worker);
    client.clientCommits = 1;
    await expect(client.apply(send())).rejects.toBeInstanceOf(FenceLostError);
  });

  it('[I2] after an unknown outcome the worker\'s row tells', async () => {
    await client.apply(start('reject'));
    expect(await client.store.resolveClientBatch(client.worker, 1)).toBe('committed');
    expect(await client.store.resolveClientBatch(client.worker, 2)).toBe('not-committed');
    expect(await client.store.resolveClientBatch({ ...client.worker, incarnation: randomUUID() }, 1)).toBe('lost');
  });

  it('[I2] what it tells outlives a crash of the server: it is written once more, and the log flushed with that', async () => {
    await client.apply(start('reject'));
    const read = () => fixture.sql('SELECT * FROM durable_workers WHERE incarnation = ?', [client.worker.incarnation]);
    const before = await read();
    expect(await client.store.resolveClientBatch(client.worker, 1)).toBe('committed');
    expect(await read()).not.toEqual(before);
  });
}
