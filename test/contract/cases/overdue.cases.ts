import type { InstanceRow, OverdueWork, TimerRow } from '../../../lib/storage/store.js';
import { created, entityStep, newEntity, queued } from '../support/entities.js';
import { activity, idIn, inserted, message, newRow, timer } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

const NOTHING: OverdueWork = { messages: [], timers: [], queued: [], ready: [], orphaned: [] };
const ALL = [0, 1, 2, 3];

export function overdueCases(fixture: StoreFixture): void {
  let owner: TestProcess;
  let row: InstanceRow;

  beforeEach(async () => {
    owner = await fixture.startProcess({ partitions: ALL });
    row = newRow(idIn(0));
  });

  const find = (partitions = ALL, limit = 10, without: readonly string[] = []) =>
    owner.store.findOverdue(partitions.map((partition) => ({ partition, without })), { before: 5_000, beforeKey: 5_000, limit });
  const headOf = ({ partition, executionId, taskId, instanceId, name }: ReturnType<typeof activity>) => ({ partition, executionId, taskId, instanceId, name });

  it('nothing is overdue where there is nothing', async () => {
    expect(await find()).toEqual(NOTHING);
    expect(await find([])).toEqual(NOTHING);
  });

  it('finds messages that were sent before, of each partition the first', async () => {
    const messages = [1_000, 2_000, 4_999, 5_000].map((key) => message(row, { key }));
    const elsewhere = message(newRow(idIn(1)), { key: 3_000 });
    await owner.commit(inserted(row, { messages: [...messages, elsewhere] }));
    const heads = [...messages, elsewhere].map(({ partition, key, sender, instanceId }) => ({ partition, key, sender, instanceId }));
    expect((await find()).messages).toEqual([heads[0], heads[1], heads[2], heads[4]]);
    expect((await find(ALL, 2)).messages).toEqual([heads[0], heads[1], heads[4]]);
    expect((await find([1])).messages).toEqual([heads[4]]);
  });

  it('finds timers that were due before, and no marks, which are due always', async () => {
    const timers = [1, 4_999, 5_000].map((fireAt, taskId) => timer(row, { fireAt, taskId }));
    const mark = timer(row, { fireAt: 0, taskId: -2 });
    await owner.commit(inserted(row, { timers: [...timers, mark] }));
    expect((await find()).timers).toEqual([timers[0], timers[1]]);
    expect((await find(ALL, 1)).timers).toEqual([timers[0]]);
  });

  it('looks past what is for instances of which it is known why they wait', async () => {
    const others = ['x', 'y', 'z'].map((prefix) => newRow(idIn(0, prefix)));
    const heldUp = others.map((each, index) => message(each, { key: 1_000 + index }));
    const late = others.map((each, index) => timer(each, { fireAt: 1_000 + index }));
    const own = message(row, { key: 2_000 });
    const ownTimer = timer(row, { fireAt: 2_000 });
    await owner.commit(inserted(row, { messages: [own, ...heldUp], timers: [ownTimer, ...late] }));
    expect(await find(ALL, 3, others.map(({ instanceId }) => instanceId))).toMatchObject({ messages: [{ key: own.key }], timers: [ownTimer] });
    expect(await find(ALL, 3)).toMatchObject({ messages: heldUp.map(({ key }) => ({ key })), timers: late });
  });

  it('finds the first that waits for its turn in the queue of an entity that is marked', async () => {
    const entities = ALL.map((partition) => newEntity(idIn(partition, '@counter@overdue')));
    const mark = ({ partition, instanceId }: (typeof entities)[number]): TimerRow => ({ partition, instanceId, executionId: instanceId, taskId: -2, fireAt: 0 });
    const old = queued(entities[0]!, { key: 1_000 });
    const second = queued(entities[0]!, { key: 2_000 });
    const young = queued(entities[1]!, { key: 5_000 });
    const later = queued(entities[2]!, { key: 1_000, dueAt: 9_000 });
    await owner.commit(created(entities[0]!, { queued: [second, old] }), created(entities[1]!, { queued: [young] }), created(entities[2]!, { queued: [later] }));
    expect((await find()).queued).toEqual([]);
    await owner.commit(...entities.map((entity) => entityStep(entity, {}, { timers: [mark(entity)] })));
    const { partition, instanceId, key, sender } = old;
    expect((await find()).queued).toEqual([expect.objectContaining({ partition, instanceId, key, sender })]);
  });

  it('finds the first activities that wait, and claims of workers that do not live', async () => {
    const other = await fixture.startProcess();
    const ready = [0, 1, 2].map((taskId) => activity(row, { taskId }));
    const claims = ['nobody', owner.worker.incarnation, other.worker.incarnation].map((claimedBy, index) => activity(row, { taskId: 3 + index, claimedBy }));
    await owner.commit(inserted(row, { readyActivities: ready, runningActivities: claims }));
    expect(await find(ALL, 2)).toEqual({ ...NOTHING, ready: [headOf(ready[0]!), headOf(ready[1]!)], orphaned: [headOf(claims[0]!)] });
    await other.store.unregisterWorker(other.worker);
    expect((await find()).orphaned).toEqual([headOf(claims[0]!), headOf(claims[2]!)]);
    expect((await find([1, 2])).ready).toEqual([]);
  });

  it('finds nothing of another hub', async () => {
    const neighbour = await fixture.startProcess({ partitions: ALL, hub: `${fixture.hub} beside` });
    const theirs = newRow(idIn(0));
    await neighbour.commit(inserted(theirs, {
      messages: [message(theirs, { key: 1 })], timers: [timer(theirs, { fireAt: 1 })], readyActivities: [activity(theirs)], runningActivities: [activity(theirs, { taskId: 1 })],
    }));
    expect(await find()).toEqual(NOTHING);
    // Workers of one hub are nobody in another.
    await owner.commit(inserted(row, { runningActivities: [activity(row, { claimedBy: neighbour.worker.incarnation })] }));
    expect((await find()).orphaned).toHaveLength(1);
  });
}
