/** What waits for entities: loaded with them, taken up exactly once, or taken back. */
import { StaleMemberError } from '../../../lib/storage/errors.js';
import type { EntityRow, LoadedEntity, QueuedMessage, QueueKey } from '../../../lib/storage/store.js';
import { caller, created, entityStep, newEntity, queued, request } from '../support/entities.js';
import { idIn } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

const MIB = 1024 * 1024;
const ALL = { maxBytes: MIB, queueLimit: 1_000 };

export function entityQueueCases(fixture: StoreFixture): void {
  let process: TestProcess;
  let row: EntityRow;

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
    row = newEntity(idIn(0, '@counter@a'));
  });

  const load = (keys: readonly EntityRow[], options = ALL) => process.store.loadEntities(keys, options);
  const queueOf = async (key: EntityRow) => (await load([key])).entities[0]!.queue;
  const entry = ({ partition, instanceId }: EntityRow, found: Partial<LoadedEntity>) => ({ partition, instanceId, queue: [], more: false, ...found });
  const sized = (size: number) => JSON.stringify('x'.repeat(size - 2));

  describe('loading', () => {
    it('answers one entry for each key, in the order of the keys, whether anything is there or not', async () => {
      const [a, b, c, d] = [0, 1, 2, 3].map((partition) => newEntity(idIn(partition, '@counter@load')));
      const [first, second] = [queued(b!), queued(b!)];
      await process.commit(created(a!), created(c!, { queued: [queued(c!, { dueAt: 9_000 })] }), entityStep(b!, { queued: [second, first] }));
      const entities = [entry(c!, { row: c! }), entry(b!, { queue: [first, second] }), entry(d!, {}), entry(a!, { row: a! })];
      expect(await load([c!, b!, d!, a!])).toEqual({ entities, looked: 4 });
      expect(await load([d!])).toEqual({ entities: [entry(d!, {})], looked: 1 });
      expect(await load([])).toEqual({ entities: [], looked: 0 });
    });

    it('goes as far as the bytes of states and messages do, and looks at one key at least', async () => {
      const rows = [0, 1, 2, 3].map((number) => newEntity(idIn(number, '@counter@bytes'), { state: sized(1_000) }));
      await process.commit(...rows.map((each) => created(each)));
      expect((await load(rows, { ...ALL, maxBytes: 3_000 })).looked).toBe(3);
      expect((await load(rows, { ...ALL, maxBytes: 10 })).entities).toEqual([entry(rows[0]!, { row: rows[0]! })]);
      const large = queued(rows[1]!, { body: { type: 'EntityOperation', operation: 'add', input: sized(5_000) } });
      await process.commit(entityStep(rows[1]!, { queued: [large] }));
      expect((await load(rows, { ...ALL, maxBytes: 3_000 })).looked).toBe(1);
      expect((await load(rows, { ...ALL, maxBytes: 7_500 })).looked).toBe(2);
      expect((await load(rows)).looked).toBe(4);
    });

    it('brings the first of what waits, up to the limit or the bytes, and tells whether there is more', async () => {
      const waiting = Array.from({ length: 5 }, () => queued(row, { body: { type: 'EntityOperation', operation: 'add', input: sized(1_000) } }));
      const other = newEntity(idIn(1, '@counter@b'));
      await process.commit(entityStep(row, { queued: [...waiting].reverse() }), entityStep(other, { queued: [queued(other)] }));
      const [loaded, rest] = (await load([row, other], { ...ALL, queueLimit: 3 })).entities;
      expect(loaded).toEqual(entry(row, { queue: waiting.slice(0, 3), more: true }));
      expect(rest).toMatchObject({ queue: [{ instanceId: other.instanceId }], more: false });
      expect((await load([row], { ...ALL, queueLimit: 5 })).entities).toEqual([entry(row, { queue: waiting })]);
      expect((await load([row], { ...ALL, maxBytes: 2_500 })).entities).toEqual([entry(row, { queue: waiting.slice(0, 2), more: true })]);
      expect((await load([row], { ...ALL, maxBytes: 10 })).entities).toEqual([entry(row, { queue: waiting.slice(0, 1), more: true })]);
    });

    it('a state and messages of 4 MiB pass', async () => {
      const state = JSON.stringify('"'.repeat(2 * MIB - 1));
      const large = queued(row, { body: { type: 'EntityOperation', operation: 'add', input: sized(4 * MIB) } });
      await process.commit(created({ ...row, state }, { queued: [large] }));
      const { row: found, queue } = (await load([row], { maxBytes: 1, queueLimit: 10 })).entities[0]!;
      expect(found!.state === state).toBe(true);
      expect(JSON.stringify(queue) === JSON.stringify([large])).toBe(true);
    });

    it('many at once', async () => {
      const rows = Array.from({ length: 600 }, (_, index) => newEntity(`@counter@many${index}`, { state: String(index) }));
      const queues = rows.map((each) => [queued(each), queued(each)]);
      await process.commit(...rows.map((each, index) => created(each, { queued: queues[index]! })));
      expect(await load(rows)).toEqual({ entities: rows.map((each, index) => entry(each, { row: each, queue: queues[index]! })), looked: 600 });
    });
  });

  it('[N4] what waits is in the order of its keys, of one key in that of the senders, however it came', async () => {
    const place = (key: number, sender: number) => queued(row, { key: 9_000_000_000_000_000 + key, sender });
    const [d, b, a, c] = [place(3, 0), place(2, 1), place(2, 0), place(2, 1_007)];
    await process.commit(entityStep(row, { queued: [d, b] }));
    await process.commit(entityStep(row, { queued: [a, c] }));
    expect(await queueOf(row)).toEqual([a, b, c, d]);
  });

  it('[N7] signals that wait for their time are not among those that wait for their turn', async () => {
    const [late, early, waiting] = [queued(row, { dueAt: 9_000 }), queued(row, { dueAt: 5_000 }), queued(row)];
    await process.commit(entityStep(row, { queued: [late, early, waiting] }));
    expect(await queueOf(row)).toEqual([waiting]);
    expect(await process.store.readQueued([late, early])).toEqual([early, late]);
    await process.commit(entityStep(row, { dequeued: [early] }));
    expect(await process.store.readQueued([late, early])).toEqual([late]);
    expect(await queueOf(row)).toEqual([waiting]);
  });

  it('what is read by key is what lies there: with another entity, partition or time nothing does', async () => {
    const scheduled = queued(row, { dueAt: 9_000 });
    await process.commit(entityStep(row, { queued: [scheduled] }));
    const wrong: Partial<QueueKey>[] = [{ instanceId: '@counter@b' }, { partition: 1 }, { dueAt: 8_999 }, { dueAt: undefined }, { sender: 7 }, { key: 7 }];
    expect(await process.store.readQueued(wrong.map((each) => ({ ...scheduled, ...each })))).toEqual([]);
    expect(await process.store.readQueued([])).toEqual([]);
  });

  it.each<[string, Partial<QueuedMessage>]>([['its turn', {}], ['its time', { dueAt: 5_000 }]])('[I4] what waits for %s is taken up once', async (_what, changes) => {
    const [taken, kept] = [queued(row, changes), queued(row, changes)];
    await process.commit(entityStep(row, { queued: [taken, kept] }));
    await process.commit(entityStep(row, { dequeued: [taken] }));
    await expect(process.commit(entityStep(row, { dequeued: [kept, taken] }))).rejects.toBeInstanceOf(StaleMemberError);
    expect(await process.store.readQueued([taken, kept])).toEqual([kept]);
  });

  it('[L1] a request that is taken back goes, wherever it stands; others stay', async () => {
    const requests = ['e1', 'e2', 'e3'].map((executionId) => request(row, caller(executionId, 1)));
    const other = newEntity(idIn(0, '@counter@b'));
    const elsewhere = request(newEntity(idIn(1, '@counter@c')), caller('e2', 1));
    const same = request(other, caller('e2', 2));
    const operation = queued(row, { body: { type: 'EntityOperation', operation: 'add', caller: caller('e2', 1) } });
    const queues = [entityStep(row, { queued: [...requests, operation] }), entityStep(other, { queued: [same] }), entityStep(elsewhere, { queued: [elsewhere] })];
    await process.commit(...queues);
    await process.commit(entityStep(row, { withdrawn: [caller('e2', 1), caller('e9', 1)] }));
    expect(await queueOf(row)).toEqual([requests[0], requests[2], operation]);
    expect(await process.store.readQueued([same, elsewhere])).toHaveLength(2);
    await process.commit(entityStep(row, { withdrawn: [caller('e2', 1)] }));
    await process.commit(entityStep(row, { withdrawn: ['e3', 'e1'].map((executionId) => caller(executionId, 1)) }));
    expect(await queueOf(row)).toEqual([operation]);
  });

  it('[L1] a request that is queued and taken back, or taken up, in one batch is not there afterwards', async () => {
    const [back, up] = [request(row, caller('e1')), request(row, caller('e2'))];
    await process.commit(entityStep(row, { queued: [back, up] }), entityStep(row, { dequeued: [up], withdrawn: [caller('e1')] }));
    expect(await queueOf(row)).toEqual([]);
  });
}
