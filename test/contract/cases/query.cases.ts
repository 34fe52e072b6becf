import type { InstanceQuery, InstanceRow } from '../../../lib/storage/store.js';
import { idIn, inserted, newRow, updated } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

export function queryCases(fixture: StoreFixture): void {
  let process: TestProcess;

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
  });

  const create = (...rows: InstanceRow[]) => process.commit(...rows.map((row) => inserted(row)));
  const idsOf = async (query: Partial<InstanceQuery>) => (await process.store.queryInstances({ limit: 100, ...query })).map(({ instanceId }) => instanceId);

  it('[K3] pages follow the creation of instances and stay stable while some come and go', async () => {
    const rows = ['c', 'a', 'e', 'b', 'd', 'f'].map((id, index) => newRow(id, { createdAt: index < 4 ? 1_000 : 2_000 }));
    await create(...rows);
    const first = await process.store.queryInstances({ limit: 3 });
    expect(first.map(({ instanceId }) => instanceId)).toEqual(['a', 'b', 'c']);
    await create(newRow('aa', { createdAt: 1_000 }), newRow('z', { createdAt: 1_500 }));
    await fixture.sql("DELETE FROM durable_instances WHERE instance_id IN ('c', 'd')");
    const second = await process.store.queryInstances({ limit: 3, after: first[2]! });
    expect(second.map(({ instanceId }) => instanceId)).toEqual(['e', 'z', 'f']);
    expect(await idsOf({ after: second[2]! })).toEqual([]);
  });

  it.each<[string, Partial<InstanceQuery>, string[]]>([
    ['statuses', { statuses: ['Failed', 'Running'] }, ['running', 'failed']],
    ['the time of creation, both ends included', { createdFrom: 2_000, createdTo: 3_000 }, ['running', 'failed']],
    ['a status given twice', { statuses: ['Failed', 'Failed'] }, ['failed']],
    ['no status at all', { statuses: [] }, []],
    ['the name', { name: 'ship' }, ['failed']],
    ['the name, exactly', { name: 'Ship' }, []],
    ['a tag', { tags: { region: 'eu' } }, ['pending', 'running']],
    ['several tags', { tags: { region: 'eu', 'odd."key\\': 'ä b ' } }, ['running']],
    ['no tags', { tags: {} }, ['pending', 'running', 'failed', 'late']],
    ['a tag that no instance has', { tags: { region: 'EU' } }, []],
    ['several of them', { statuses: ['Pending', 'Running'], tags: { region: 'eu' }, createdFrom: 1_500 }, ['running']],
  ])('[K3] filters by %s', async (_what, query, ids) => {
    await create(
      newRow('pending', { tags: { region: 'eu' } }),
      newRow('running', { createdAt: 2_000, status: 'Running', tags: { region: 'eu', 'odd."key\\': 'ä b ' } }),
      newRow('failed', { createdAt: 3_000, status: 'Failed', name: 'ship', tags: { other: 'eu' } }),
      newRow('late', { createdAt: 4_000, status: 'Completed' }),
    );
    expect(await idsOf(query)).toEqual(ids);
  });

  it('[K3] finds the rare among many, however many filters there are, in the order of creation', async () => {
    const many = Array.from({ length: 1_300 }, (_, index) =>
      newRow(`many-${index}`, { createdAt: 10_000 - index, status: index % 400 === 0 ? 'Failed' : 'Running', tags: { lot: 'all', half: String(index % 2), one: String(index) } }));
    await create(...many);
    await create(newRow('rare', { createdAt: 5, tags: { lot: 'all', half: '0' } }));
    const failed = ['many-1200', 'many-800', 'many-400', 'many-0'];
    expect(await idsOf({ tags: { lot: 'all' }, statuses: ['Failed'] })).toEqual(failed);
    expect(await idsOf({ tags: { lot: 'all', half: '0' }, statuses: ['Failed', 'Completed'] })).toEqual(failed);
    expect(await idsOf({ tags: { lot: 'all', half: '1' }, statuses: ['Failed'] })).toEqual([]);
    expect(await idsOf({ tags: { lot: 'all', one: '700' } })).toEqual(['many-700']);
    expect(await idsOf({ instanceIdPrefix: 'many', statuses: ['Failed'] })).toEqual(failed);
    expect(await idsOf({ instanceIdPrefix: 'ra' })).toEqual(['rare']);
    expect(await idsOf({ instanceIdPrefix: 'many-12', limit: 3 })).toEqual(['many-1299', 'many-1298', 'many-1297']);
    expect((await idsOf({ limit: 2_000, tags: { half: '0' } })).slice(0, 2)).toEqual(['rare', 'many-1298']);
    expect(await idsOf({ limit: 2_000, tags: { half: '0' } })).toHaveLength(651);
  });

  it.each<[string, Partial<InstanceQuery>]>([
    ['statuses', { statuses: ['Running', 'Failed'] }],
    ['tags', { tags: { lot: 'all' } }],
    ['a prefix', { instanceIdPrefix: 'i' }],
  ])('[K3] pages by %s hold each instance once, also where many were created at once', async (_what, query) => {
    const rows = Array.from({ length: 40 }, (_, index) =>
      newRow(`i${index}`, { createdAt: Math.floor(index / 15), status: index % 3 === 0 ? 'Failed' : 'Running', tags: { lot: 'all' } }));
    await create(...rows);
    const ids: string[] = [];
    for (let after: InstanceRow | undefined; ; ) {
      const page = await process.store.queryInstances({ ...query, limit: 7, after });
      ids.push(...page.map(({ instanceId }) => instanceId));
      after = page.at(-1);
      if (page.length < 7) break;
    }
    expect(ids).toEqual((await process.store.queryInstances({ limit: 100 })).map(({ instanceId }) => instanceId));
    expect(ids).toHaveLength(40);
  });

  it('[K3] tags are those of the execution that an instance is at', async () => {
    const row = newRow(idIn(0), { tags: { lot: 'first', both: 'x' } });
    await create(row);
    const next = { ...row, executionId: 'generation', tags: { lot: 'second', both: 'x' }, rowVersion: row.rowVersion + 1 };
    await process.commit({ ...updated(row, next), garbage: [row.executionId] });
    const found = async () => Promise.all(['first', 'second'].map((lot) => idsOf({ tags: { lot } })));
    expect(await found()).toEqual([[], [row.instanceId]]);
    expect(await idsOf({ tags: { both: 'x' } })).toEqual([row.instanceId]);
    while ((await process.store.collectGarbage([0], 100)) > 0);
    expect(await found()).toEqual([[], [row.instanceId]]);
    expect(await fixture.sql('SELECT tag FROM durable_tags WHERE execution_id = ?', [row.executionId])).toEqual([]);
  });

  it.each([
    ['order_1', ['order_1', 'order_1-a']],
    ['order%', ['order%1']],
    ['ORDER', ['ORDER_1']],
    ['ü🙂', ['ü🙂', 'ü🙂🙂']],
    ['nothing', []],
  ])('[K3] the prefix %j is taken literally', async (instanceIdPrefix, ids) => {
    const rows = ['order_1', 'order_1-a', 'orderx1', 'order%1', 'ORDER_1', 'ü🙂', 'ü🙂🙂', 'ü🙃'].map((id, index) => newRow(id, { createdAt: index }));
    await create(...rows);
    expect(await idsOf({ instanceIdPrefix })).toEqual(ids);
  });
}
