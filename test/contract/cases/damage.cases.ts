import type { InstanceRow } from '../../../lib/storage/store.js';
import { created, entityStep, newEntity, queued } from '../support/entities.js';
import { event, idIn, inserted, message, newRow } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

const NOT_JSON = '{"cut off';

/** What was damaged is told as such, and does not keep what is read with it from being read. */
export function damageCases(fixture: StoreFixture): void {
  let process: TestProcess;
  let rows: [InstanceRow, InstanceRow];

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
    rows = [newRow(idIn(0, 'bad'), { historyLength: 1 }), newRow(idIn(0, 'good'), { historyLength: 1 })];
  });

  const damage = (table: string, column: string, text: string, instanceId: string) =>
    fixture.sql(`UPDATE ${table} SET ${column} = ? WHERE instance_id = ?`, [text, instanceId]);

  it.each([
    ['no JSON', NOT_JSON],
    ['of no known type', '{"type":"Greet"}'],
    ['an inherited name for its type', '{"type":"constructor"}'],
    ['with an event of no known type', '{"type":"Deliver","event":{"type":"Dreamt"}}'],
    ['an operation for nobody', '{"type":"EntityOperation","operation":"add","caller":{}}'],
    ['null', 'null'],
  ])('a message that is %s', async (_what, text) => {
    const [bad, good] = rows.map((row) => message(row));
    await process.commit(...rows.map((row, index) => inserted(row, { messages: [[bad!, good!][index]!] })));
    await damage('durable_inbox', 'body', text, rows[0].instanceId);
    expect(await process.inbox(0)).toEqual([{ ...bad, body: { type: 'Unreadable', reason: expect.stringContaining('its body is') as string } }, good]);
  });

  it('a message in the queue of an entity, also one that was moved there as unreadable', async () => {
    const row = newEntity(idIn(0, '@counter@'));
    const [bad, moved, good] = [queued(row), queued(row, { body: { type: 'Unreadable', reason: 'it was cut off' } }), queued(row)];
    await process.commit(created(row, { queued: [bad, moved, good] }));
    await fixture.sql('UPDATE durable_entity_queue SET body = ? WHERE msg_key = ?', [NOT_JSON, bad.key]);
    const unreadable = { type: 'Unreadable', reason: expect.stringContaining('is no JSON') as string };
    expect(await process.store.readQueued([bad, moved, good])).toEqual([{ ...bad, body: unreadable }, moved, good]);
    await process.commit(entityStep(row, { dequeued: [bad] }));
  });

  it('a row of instances', async () => {
    await process.commit(...rows.map((row) => inserted(row)));
    await damage('durable_instances', 'parent', '[1]', rows[0].instanceId);
    const [bad, good] = await process.store.getInstances(rows);
    expect(bad).toMatchObject({ instanceId: rows[0].instanceId, unreadable: `column 'parent' is not an object: "[1]"` });
    expect(good).toEqual(rows[1]);
    expect(await process.store.getInstanceHeads(rows)).toHaveLength(2);
    expect(await process.store.queryInstances({ limit: 10 })).toHaveLength(2);
  });

  it('a history, and the place behind all that is left of it', async () => {
    await process.commit(...rows.map((row) => inserted(row, { history: [{ executionId: row.executionId, sequence: 0, events: [event(0)] }] })));
    await fixture.sql('UPDATE durable_history SET body = ?, event_count = 7 WHERE execution_id = ?', [NOT_JSON, rows[0].executionId]);
    const { instances } = await process.store.loadInstances(rows, { maxBytes: 10_000 });
    expect(instances.map(({ history, unreadable }) => [history.length, unreadable])).toEqual([
      [0, { reason: expect.stringContaining('from event 0 on is no JSON') as string, isNewer: false, end: 7 }],
      [1, undefined],
    ]);
    await expect(process.store.readHistory(rows[0])).rejects.toMatchObject({ name: 'UnreadableDataError' });
  });

  it('what a worker has', async () => {
    await fixture.sql('UPDATE durable_workers SET handlers = ? WHERE incarnation = ?', [NOT_JSON, process.worker.incarnation]);
    const { workers } = await process.store.heartbeat(process.worker, 60_000);
    expect(workers).toMatchObject([{ live: true, handlers: { orchestrators: [], activities: [], entities: [] } }]);
  });

  it('[I6] messages of instances that are left out do not hide what lies behind them', async () => {
    const messages = [message(rows[0]), message(rows[0]), message(rows[1])];
    await process.commit(inserted(rows[0], { messages }));
    const read = async (without: string[]) => (await process.store.readInbox(process.worker, [{ partition: 0, limit: 1, without }], () => false)).messages;
    expect(await read([])).toEqual([messages[0]]);
    expect(await read([rows[0].instanceId])).toEqual([messages[2]]);
    expect(await read(rows.map(({ instanceId }) => instanceId))).toEqual([]);
  });
}
