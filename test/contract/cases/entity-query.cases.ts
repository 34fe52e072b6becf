import type { EntityQuery, EntityRow } from '../../../lib/storage/store.js';
import { caller, changed, created, newEntity, removed } from '../support/entities.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

export function entityQueryCases(fixture: StoreFixture): void {
  let process: TestProcess;

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
  });

  const create = (...rows: EntityRow[]) => process.commit(...rows.map((row) => created(row)));
  const list = (query: Partial<EntityQuery> = {}) => process.store.queryEntities({ which: 'existing', fetchState: false, limit: 100, ...query });
  const idsOf = async (query: Partial<EntityQuery>) => (await list(query)).map(({ instanceId }) => instanceId);

  it('[N8] pages follow the ids and stay stable while entities come and go', async () => {
    const rows = ['c', 'a', 'e', 'b', 'd', 'f'].map((key) => newEntity(`@counter@${key}`));
    await create(...rows);
    const first = await idsOf({ limit: 3 });
    expect(first).toEqual(['@counter@a', '@counter@b', '@counter@c']);
    await create(newEntity('@counter@aa'), newEntity('@counter@dd'));
    await process.commit(removed(rows[0]!), removed(rows[4]!));
    const second = await idsOf({ limit: 3, after: first[2]! });
    expect(second).toEqual(['@counter@dd', '@counter@e', '@counter@f']);
    expect(await idsOf({ after: second[2]! })).toEqual([]);
  });

  it.each([
    ['counter', ['@counter@', '@counter@%', '@counter@A', '@counter@_', '@counter@a', '@counter@a@b', '@counter@🙂']],
    ['counter2', ['@counter2@a']],
    ['count', ['@count@er@a']],
    ['%', []],
    ['c_unter', []],
    ['ü', ['@ü@ü']],
  ])('[N8] the name %j is taken literally, and keys may hold anything', async (name, ids) => {
    const ofCounter = ['a', 'A', '%', '_', 'a@b', '🙂', ''].map((key) => `@counter@${key}`);
    const others = ['@counter2@a', '@count@er@a', '@countera@b', '@ü@ü', '@z@counter@a'];
    await create(...[...ofCounter, ...others].map((id) => newEntity(id)));
    expect(await idsOf({ name })).toEqual(ids);
  });

  it('[N8] pages of one name end with it', async () => {
    await create(...['@a@1', '@b@1', '@b@2', '@b@3', '@c@1'].map((id) => newEntity(id)));
    expect(await idsOf({ name: 'b', limit: 2 })).toEqual(['@b@1', '@b@2']);
    expect(await idsOf({ name: 'b', limit: 2, after: '@b@2' })).toEqual(['@b@3']);
    expect(await idsOf({ name: 'c', after: '@b@2' })).toEqual(['@c@1']);
  });

  it.each<[string, Partial<EntityQuery>, string[]]>([
    ['from a time', { lastOperationFrom: 2_000 }, ['b', 'c']],
    ['to a time', { lastOperationTo: 2_000 }, ['a', 'b']],
    ['within a time', { lastOperationFrom: 1_001, lastOperationTo: 2_999 }, ['b']],
    ['within a time, of a name', { lastOperationFrom: 1_001, name: 'other' }, []],
  ])('[N8] filters by the last operation %s, both ends included', async (_what, query, keys) => {
    await create(...['a', 'b', 'c'].map((key, index) => newEntity(`@counter@${key}`, { updatedAt: (index + 1) * 1_000 })));
    expect(await idsOf(query)).toEqual(keys.map((key) => `@counter@${key}`));
  });

  it('[N6, N8] what exists has a state, whatever it is; residual is what has none, or a lock', async () => {
    const [plain, falsy, locked] = [newEntity('@e@plain'), newEntity('@e@falsy', { state: 'null' }), newEntity('@e@locked', { lock: caller('e1') })];
    const [bare, counted] = [newEntity('@e@bare', { state: undefined, lock: caller('e2') }), newEntity('@e@counted', { state: undefined, attempts: 1 })];
    await create(plain, falsy, locked, bare, counted);
    expect(await list({ fetchState: true })).toEqual([falsy, locked, plain]);
    expect(await list({ which: 'residual', fetchState: true })).toEqual([bare, counted, locked]);
    expect(await list({ which: 'residual', fetchState: true, after: bare.instanceId, limit: 1 })).toEqual([counted]);
    await process.commit(changed(plain, { state: undefined }), changed(bare, { state: '0', lock: undefined }));
    expect(await idsOf({})).toEqual(['@e@bare', '@e@falsy', '@e@locked']);
    expect(await idsOf({ which: 'residual' })).toEqual(['@e@counted', '@e@locked', '@e@plain']);
  });

  it('[N8] states are read when they are asked for', async () => {
    const row = newEntity('@counter@a', { state: '"large"', lock: caller('e1') });
    await create(row);
    expect(await list({ fetchState: true })).toEqual([row]);
    expect(await list()).toEqual([{ ...row, state: undefined }]);
  });
}
