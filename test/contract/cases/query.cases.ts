import type { InstanceQuery, InstanceRow } from '../../../lib/storage/store.js';
import { inserted, newRow } from '../support/rows.js';
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
