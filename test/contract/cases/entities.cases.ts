/** Rows of entities. */
import { FenceLostError, StaleMemberError } from '../../../lib/storage/errors.js';
import { Session } from '../../../lib/storage/session.js';
import { WriteList } from '../../../lib/storage/write-list.js';
import type { Checkpoint, EntityRow, InstanceKey } from '../../../lib/storage/store.js';
import { caller, changed, created, entityStep, newEntity, next, queued, removed, request } from '../support/entities.js';
import { activity, idIn, inserted, message, newRow, timer, updated } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

export function entityCases(fixture: StoreFixture): void {
  let process: TestProcess;
  let row: EntityRow;

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
    row = newEntity(idIn(0, '@counter@a'));
  });
  afterEach(() => jest.restoreAllMocks());

  const rowsOf = (...keys: InstanceKey[]) => process.store.getEntities(keys);
  const queueOf = async (key: InstanceKey) => (await process.store.loadEntities([key], { maxBytes: 1_000_000, queueLimit: 100 })).entities[0]!.queue;

  /** What the database holds of the entity and of an instance in the same partition. */
  async function stateOf(other: InstanceKey) {
    const { store } = process;
    const [entities, queue, instances, inbox, timers] = await Promise.all([
      rowsOf(row), queueOf(row), store.getInstances([other]), process.inbox(row.partition, other.partition), store.readTimers(row.partition, { limit: 10 }),
    ]);
    return { entities, queue, instances, inbox, timers };
  }

  it('[I1] a step writes row, queue, messages and timers, and consumes, in one with the steps of instances', async () => {
    const [operation, waiting] = [message(row), queued(row)];
    const instance = newRow(idIn(1));
    await process.commit(inserted(instance, { messages: [operation] }));
    const [answer, due] = [message(instance), { ...timer(newRow(row.instanceId)), taskId: -3 }];
    await process.commit(
      { ...created(row, { queued: [waiting] }), consumedMessages: [operation], messages: [answer], timers: [due] },
      updated(instance, { status: 'Running' }),
    );
    expect(await stateOf(instance)).toEqual({
      entities: [row], queue: [waiting], instances: [{ ...instance, status: 'Running', rowVersion: 2 }], inbox: [answer], timers: [due],
    });
  });

  it.each<[string, (other: EntityRow) => Checkpoint]>([
    ['takes a message from the queue that is gone', (other) => entityStep(other, { dequeued: [queued(other)] })],
    ['consumes a message that is gone', (other) => ({ ...created(other), consumedMessages: [message(other)] })],
    ['changes a row that is not there', (other) => changed(other, {})],
    ['deletes a row that is not there', (other) => removed(other)],
    ['creates a row that is there', () => created({ ...row, state: '2' })],
  ])('[I1, I4, I8] a step that %s keeps the whole batch from being written', async (_what, broken) => {
    await process.commit(created(row));
    const instance = newRow(idIn(1));
    const before = await stateOf(instance);
    const whole = [changed(row, { state: '9' }, { queued: [queued(row)] }), inserted(instance, { messages: [message(instance)] })];
    await expect(process.commit(...whole, broken(newEntity(idIn(2, '@counter@b'))))).rejects.toBeInstanceOf(StaleMemberError);
    expect(await stateOf(instance)).toEqual(before);
    await process.commit(...whole);
    expect((await stateOf(instance)).entities).toEqual([next(row, { state: '9' })]);
  });

  it.each<[string, (of: EntityRow) => Checkpoint]>([
    ['changes the state', (of) => changed(of, { state: '7' })],
    ['leaves the state', (of) => changed(of, { updatedAt: 7 })],
    ['deletes the row', (of) => removed(of)],
  ])('[I8] a step that %s counts only on the version that it was made from', async (_what, step) => {
    await process.commit(created(row));
    await process.commit(changed(row, { state: '2' }));
    await expect(process.commit(step(row))).rejects.toThrow(`'${row.instanceId}'`);
    await expect(process.commit(step(row))).rejects.toBeInstanceOf(StaleMemberError);
    expect(await rowsOf(row)).toEqual([next(row, { state: '2' })]);
    await process.commit(step(next(row, { state: '2' })));
    expect(await rowsOf(row)).not.toEqual([next(row, { state: '2' })]);
  });

  it('[I2] a former owner of the partition writes nothing', async () => {
    await process.commit(created(row));
    const second = await fixture.startProcess();
    await second.take([0], { force: true });
    await expect(process.commit(changed(row, { state: '2' }, { queued: [queued(row)] }))).rejects.toBeInstanceOf(FenceLostError);
    expect([await rowsOf(row), await queueOf(row)]).toEqual([[row], []]);
    await second.commit(changed(row, { state: '3' }));
    expect(await rowsOf(row)).toEqual([next(row, { state: '3' })]);
  });

  it.each(['null', '0', '""', 'false', '{}'])('[N6] the state %s and no state are kept apart', async (state) => {
    const held = caller('e1', 3);
    await process.commit(created({ ...row, state }));
    expect((await rowsOf(row))[0]!.state).toBe(state);
    const locked = next({ ...row, state }, { lock: held });
    await process.commit(changed({ ...row, state }, { lock: held }));
    await process.commit(changed(locked, { state: undefined }));
    expect(await rowsOf(row)).toStrictEqual([{ ...next(locked, { state: undefined }), attempts: undefined }]);
    await process.commit(changed(next(locked, { state: undefined }), { state }));
    expect((await rowsOf(row))[0]!.state).toBe(state);
  });

  it('[N6] a row that is deleted is gone, and may be created again', async () => {
    await process.commit(created(row));
    await process.commit(removed(row));
    expect(await rowsOf(row)).toEqual([]);
    await process.commit(created(row));
    expect(await rowsOf(row)).toEqual([row]);
  });

  it('a state is deleted also by a step that does not say what it was', async () => {
    await process.commit(created(row));
    const after = next(row, { state: undefined, lock: caller('e1') });
    await process.commit(entityStep(row, { row: { kind: 'update', row: after, expected: { rowVersion: row.rowVersion } } }));
    expect(await rowsOf(row)).toEqual([after]);
  });

  it('[L1, Y8] lock and attempts are written and taken away, and what stays the same of a state is not sent', async () => {
    const update = jest.spyOn(WriteList.prototype, 'updateMany');
    await process.commit(created({ ...row, attempts: 2, lock: caller('e1') }));
    const first = { ...row, attempts: 2, lock: caller('e1') };
    expect(await rowsOf(row)).toEqual([first]);
    await process.commit(changed(first, { attempts: undefined, lock: undefined }));
    expect(await rowsOf(row)).toEqual([{ ...row, rowVersion: 2 }]);
    const columns = update.mock.calls.filter(([{ table }, rows]) => table === 'durable_entities' && rows.length > 0).map(([each]) => each.columns);
    expect(columns).toHaveLength(1);
    expect(columns[0]).not.toContain('state');
  });

  it('rows merged into one statement keep their own values, absent ones too', async () => {
    const states = [undefined, '"text"', '1', undefined, '"🙂"'];
    const rows = states.map((_, index) => newEntity(idIn(index % 4, `@Counter@merged${index}`)));
    await process.commit(...rows.map((each) => created(each)));
    const lockOf = (index: number) => (index % 2 === 1 ? caller(`e${index}`, index) : undefined);
    const changes = states.map((state, index): Partial<EntityRow> => ({ state, updatedAt: index, lock: lockOf(index) }));
    await process.commit(...rows.map((each, index) => changed(each, changes[index]!)));
    expect(await rowsOf(...rows)).toEqual(rows.map((each, index) => next(each, changes[index]!)));
  });

  it('ids are equal when their characters are: keys keep case, spaces and signs', async () => {
    const keys = ['a', 'A', 'a ', ' a', '@a', 'a@', '@@', '%', '_', 'ä', 'a\u0308', '🙂', "'", '"', `${'x'.repeat(245)}y`, 'x'.repeat(246)];
    const rows = keys.map((key, index) => newEntity(`@counter@${key}`, { state: String(index) }));
    await process.commit(...rows.map((each) => created(each)));
    expect(await rowsOf(...rows)).toEqual(rows);
    await process.commit(changed(rows[0]!, { state: '"changed"' }), removed(rows[3]!));
    expect(await rowsOf(...rows)).toEqual([next(rows[0]!, { state: '"changed"' }), ...rows.slice(1, 3), ...rows.slice(4)]);
  });

  it('hubs of one database have entities and queues of their own', async () => {
    const other = await fixture.startProcess({ hub: `${fixture.hub}Other`, partitions: [0, 1, 2, 3] });
    const [waiting, wanted] = [queued(row), request(row, caller('e1'))];
    await process.commit(created(row, { queued: [waiting, wanted] }));
    await other.commit(created({ ...row, state: '"other"' }, { queued: [waiting, wanted] }));
    await other.commit(changed({ ...row, state: '"other"' }, { state: '2' }, { dequeued: [waiting], withdrawn: [caller('e1')] }));
    expect([await rowsOf(row), await queueOf(row)]).toEqual([[row], [waiting, wanted]]);
    expect(await process.store.queryEntities({ which: 'existing', fetchState: true, limit: 10 })).toEqual([row]);
    await other.commit(removed({ ...row, rowVersion: 2 }));
    expect(await other.store.loadEntities([row], { maxBytes: 1, queueLimit: 10 })).toMatchObject({ entities: [{ row: undefined, queue: [] }] });
    expect(await rowsOf(row)).toEqual([row]);
  });

  it('a batch larger than one statement may be is written whole, in few statements', async () => {
    const rows = Array.from({ length: 1_100 }, (_, index) => newEntity(idIn(index % 2, `@counter@batch${index}`), { state: String(index) }));
    const waiting = rows.map((each) => queued(each));
    const perform = jest.spyOn(Session.prototype, 'writeLast');
    await process.commit(...rows.map((each, index) => created(each, { queued: [waiting[index]!] })));
    const after = rows.map((each, index) => next(each, index % 2 === 0 ? { state: '0' } : { updatedAt: 2 }));
    await process.commit(...rows.map((each, index) => changed(each, after[index]!, { dequeued: [waiting[index]!], withdrawn: [caller(`e${index}`)] })));
    expect(statementsOf(perform).filter((sql) => /durable_entit/.test(sql)).length).toBeLessThanOrEqual(3 + 3 + 2 + 2 + 3 + 3);
    expect(await rowsOf(...rows)).toEqual(after);
    await process.commit(...after.map((each) => removed(each)));
    expect(await rowsOf(...rows)).toEqual([]);
  });

  it('what concerns no entity has no statement more', async () => {
    const perform = jest.spyOn(Session.prototype, 'writeLast');
    const instance = newRow(idIn(0));
    await process.commit(inserted(instance, { messages: [message(instance)], timers: [timer(instance)], readyActivities: [activity(instance)] }));
    expect(statementsOf(perform).filter((sql) => /durable_entit/.test(sql))).toEqual([]);
    expect(statementsOf(perform)).not.toEqual([]);
  });
}

function statementsOf(perform: jest.SpyInstance<void, [list: WriteList]>): string[] {
  return perform.mock.calls.flatMap(([{ writes }]) => writes.map(({ sql }) => sql));
}
