import type { InstanceRow, MessageKey } from '../../../lib/storage/store.js';
import { event, idIn, inserted, message, newRow, timer, updated } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

export function readCases(fixture: StoreFixture): void {
  let process: TestProcess;
  let row: InstanceRow;

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
    row = newRow(idIn(0));
  });

  it('the inbox is read in the order of the keys, per partition the first ones', async () => {
    const other = newRow(idIn(2));
    const key = (number: number, sender: number) => ({ key: 9_000_000_000_000_000 + number, sender });
    const sent = [message(row, key(2, 1)), message(row, key(2, 0)), message(row, key(1, 1_007)), message(row, key(3, 0)), message(other, key(0, 0))];
    await process.commit(inserted(row, { messages: sent }));
    const [second, first, zeroth, third, elsewhere] = sent;
    expect(await process.inbox(2, 0, 1)).toEqual([zeroth, first, second, third, elsewhere]);
    const ranges = [{ partition: 0, limit: 2 }, { partition: 2, limit: 2 }];
    expect((await process.store.readInbox(process.worker, ranges, () => false)).messages).toEqual([zeroth, first, elsewhere]);
  });

  it('what the process knows of the inbox is not read again', async () => {
    const sent = [message(row), message(row), message(row)];
    await process.commit(inserted(row, { messages: sent }));
    const asked: MessageKey[] = [];
    const isKnown = (key: MessageKey) => asked.push(key) !== 2;
    expect((await process.store.readInbox(process.worker, [{ partition: 0, limit: 10 }], isKnown)).messages).toEqual([sent[1]]);
    expect(asked).toEqual(sent.map(({ partition, key, sender }) => ({ partition, key, sender })));
    expect((await process.store.readInbox(process.worker, [], () => false)).messages).toEqual([]);
  });

  it('[I7] of new messages no more bytes are read than were asked for, per partition and in order; one is read in any case', async () => {
    const other = newRow(idIn(2));
    const large = (key: InstanceRow) => message(key, { body: { type: 'Deliver', event: event(0, 1_000) } });
    const sent = [large(row), large(row), large(row), large(other)];
    await process.commit(inserted(row, { messages: sent }));
    const read = (maxBytes: number | undefined, isKnown: (key: MessageKey) => boolean = () => false) =>
      process.store.readInbox(process.worker, [{ partition: 0, limit: 10, maxBytes }, { partition: 2, limit: 10, maxBytes }], isKnown);
    expect(await read(2_500)).toMatchObject({ messages: [sent[0], sent[1], sent[3]], cut: [0] });
    expect(await read(2_500, ({ key }) => key === sent[0]!.key)).toMatchObject({ messages: [sent[1], sent[2], sent[3]], cut: [] });
    expect(await read(-1)).toMatchObject({ messages: [sent[0], sent[3]], cut: [0] });
    expect(await read(undefined)).toMatchObject({ messages: sent, cut: [] });
  });

  it('timers are read in due order, page by page', async () => {
    const { executionId } = row;
    const later = '~later';
    const timers = [
      timer(row, { fireAt: 20, taskId: 10 }), timer(row, { fireAt: 20, taskId: 9 }), timer(row, { fireAt: 20, executionId: later, taskId: -1 }),
      timer(row, { fireAt: 9, taskId: 0 }), timer(row, { fireAt: 100, executionId: later, taskId: 0 }),
    ];
    await process.commit(inserted(row, { timers }));
    const [a, b, c, d, e] = timers;
    expect(await process.store.readTimers(0, { limit: 10 })).toEqual([d, b, a, c, e]);
    expect(await process.store.readTimers(0, { limit: 2 })).toEqual([d, b]);
    expect(await process.store.readTimers(0, { limit: 2, after: b! })).toEqual([a, c]);
    expect(await process.store.readTimers(0, { limit: 2, after: { fireAt: 20, executionId, taskId: 11 } })).toEqual([c, e]);
    expect(await process.store.readTimers(1, { limit: 2 })).toEqual([]);
  });

  it('history is read whole and in order, however many checkpoints wrote it', async () => {
    await process.commit(inserted(row, { history: [{ executionId: row.executionId, sequence: 0, events: [event(0)] }] }));
    for (let sequence = 1; sequence < 14; sequence += 2) {
      await process.commit({ ...updated(row, {}), write: { kind: 'none' }, history: [{ executionId: row.executionId, sequence, events: [event(sequence), event(sequence + 1)] }] });
    }
    expect(await process.store.readHistory(row)).toEqual(Array.from({ length: 15 }, (_, number) => event(number)));
    expect(await process.store.readHistory({ ...row, executionId: 'another' })).toEqual([]);
  });

  it('a checkpoint is one row of history, a large one several', async () => {
    const sizes = [100, 100, 200_000, 200_000, 100, 300_000, 100];
    const events = sizes.map((size, number) => event(number, size));
    const small = newRow(idIn(1));
    await process.commit(
      inserted(row, { history: [{ executionId: row.executionId, sequence: 3, events }] }),
      inserted(small, { history: [{ executionId: small.executionId, sequence: 0, events: [event(0), event(1), event(2)] }] }),
    );
    const chunks = (of: InstanceRow) =>
      fixture.sql<{ first: number; events: number }>('SELECT sequence_no AS first, event_count AS events FROM durable_history WHERE execution_id = ? ORDER BY sequence_no', [of.executionId]);
    expect((await chunks(row)).map(({ first, events: count }) => [Number(first), count])).toEqual([[3, 3], [6, 2], [8, 1], [9, 1]]);
    expect(await chunks(small)).toHaveLength(1);
    expect(await process.store.readHistory(row)).toEqual(events);
  });

  it('history of a newer format is refused, with the instance and what to do', async () => {
    await process.commit(inserted(row, { history: [{ executionId: row.executionId, sequence: 0, events: [event(0)] }] }));
    await fixture.sql('UPDATE durable_history SET format = 2 WHERE execution_id = ?', [row.executionId]);
    const says = `The history of instance '${row.instanceId}' cannot be read: the row of durable_history from event 0 on has format 2`;
    await expect(process.store.readHistory(row)).rejects.toThrow(says);
    await expect(process.store.readHistory(row)).rejects.toThrow(/Upgrade this process\.$/);
    const { instances } = await process.store.loadInstances([row], { maxBytes: 1 });
    expect(instances).toMatchObject([{ history: [], unreadable: { isNewer: true } }]);
  });

  it('instances are loaded with their histories in the order of the keys, as far as the bytes go', async () => {
    const rows = [0, 1, 2, 3].map((number) => newRow(idIn(number, `load${number}`), { historyLength: 2 }));
    const events = [event(0, 1_000), event(1)];
    await process.commit(...rows.map((each) => inserted(each, { history: [{ executionId: each.executionId, sequence: 0, events }] })));
    await process.commit(updated(rows[1]!, { status: 'Completed' }));
    const missing = newRow('missing');
    const keys = [rows[3]!, missing, rows[1]!, rows[0]!, rows[2]!];
    const loaded = [
      { row: rows[3], history: events },
      { row: { ...rows[1], status: 'Completed', rowVersion: 2 }, history: [] },
      { row: rows[0], history: events },
      { row: rows[2], history: events },
    ];
    expect(await process.store.loadInstances(keys, { maxBytes: 1_000_000 })).toEqual({ instances: loaded, looked: 5 });
    expect(await process.store.loadInstances(keys, { maxBytes: 2_500 })).toEqual({ instances: loaded.slice(0, 2), looked: 3 });
    expect(await process.store.loadInstances(keys, { maxBytes: 10 })).toEqual({ instances: loaded.slice(0, 1), looked: 1 });
    expect(await process.store.loadInstances(keys.slice(1, 2), { maxBytes: 10 })).toEqual({ instances: [], looked: 1 });
    expect(await process.store.loadInstances([], { maxBytes: 10 })).toEqual({ instances: [], looked: 0 });
    const asked = await process.store.loadInstances([{ ...rows[1]!, finishedHistory: true }, rows[0]!], { maxBytes: 1_000_000 });
    expect(asked.instances.map(({ history }) => history)).toEqual([events, events]);
  });

  it('garbage is collected in chunks, and nothing else is', async () => {
    const events = [event(0)];
    const history = ['a', 'b', 'c'].flatMap((executionId) => [0, 1, 2].map((sequence) => ({ executionId, sequence, events })));
    await process.commit(inserted(row, { history: [...history, { executionId: row.executionId, sequence: 0, events }], garbage: ['a', 'b', 'c', 'empty'] }));
    const rest = async () => (await Promise.all(['a', 'b', 'c'].map((executionId) => process.store.readHistory({ ...row, executionId })))).map(({ length }) => length);
    expect(await process.store.collectGarbage([1, 2], 10)).toBe(0);
    expect(await process.store.collectGarbage([], 10)).toBe(0);
    expect(await process.store.collectGarbage([0], 4)).toBe(4);
    expect(await rest()).toEqual([0, 2, 3]);
    expect(await process.store.collectGarbage([0, 1], 100)).toBe(5);
    expect(await rest()).toEqual([0, 0, 0]);
    expect(await process.store.collectGarbage([0, 1], 100)).toBe(0);
    expect(await process.store.readHistory(row)).toEqual(events);
  });
}
