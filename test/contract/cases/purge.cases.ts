import type { RuntimeStatus } from '../../../lib/core/history.js';
import { StaleMemberError } from '../../../lib/storage/errors.js';
import type { AgeScan, InstanceRow, PurgeQuery } from '../../../lib/storage/store.js';
import { activity, event, idIn, inserted, message, newRow, timer, updated } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

const LIVE: RuntimeStatus[] = ['Pending', 'Running', 'Suspended'];
const FINISHED: RuntimeStatus[] = ['Completed', 'Failed', 'Terminated'];

export function purgeCases(fixture: StoreFixture): void {
  let owner: TestProcess;
  let purger: TestProcess;

  beforeEach(async () => {
    owner = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
    purger = await fixture.startProcess();
  });

  /** Instances with a history of one event each. */
  async function create(...rows: InstanceRow[]): Promise<InstanceRow[]> {
    await owner.commit(...rows.map((row) => inserted(row, { history: [{ executionId: row.executionId, sequence: 0, events: [event(0)] }] })));
    return rows;
  }

  const finished = (instanceId: string, changes: Partial<InstanceRow> = {}) => newRow(instanceId, { status: 'Completed', ...changes });
  const countsOf = (outcomes: readonly { readonly deleted: boolean }[]) => outcomes.filter(({ deleted }) => deleted).length;
  const query = (changes: Partial<PurgeQuery> = {}): PurgeQuery => ({ statuses: FINISHED, createdTo: 10_000, ...changes });
  const scanned = async (changes: Partial<PurgeQuery>, limit = 100) =>
    (await purger.store.scanForPurge(query(changes), limit)).targets.map(({ instanceId }) => instanceId);

  it.each(FINISHED)('[K4] an instance that is %s is deleted, and its history collected', async (status) => {
    const [row, other] = await create(finished(idIn(0), { status }), finished(idIn(1), { status }));
    expect(await purger.store.purgeInstances([row!])).toEqual([{ deleted: true, status }]);
    expect(await owner.row(row!)).toBeUndefined();
    expect(await owner.store.readHistory(row!)).toHaveLength(1);
    expect(await owner.store.collectGarbage([0, 1, 2, 3], 100)).toBeGreaterThan(0);
    expect(await owner.store.readHistory(row!)).toEqual([]);
    expect(await owner.row(other!)).toEqual(other);
    expect(await owner.store.readHistory(other!)).toHaveLength(1);
  });

  it.each(LIVE)('[K4] an instance that is %s is left as it is, and its status told', async (status) => {
    const [row] = await create(newRow(idIn(0), { status }));
    expect(await purger.store.purgeInstances([row!])).toEqual([{ deleted: false, status }]);
    expect(await owner.row(row!)).toEqual(row);
    await owner.store.collectGarbage([0, 1, 2, 3], 100);
    expect(await owner.store.readHistory(row!)).toHaveLength(1);
  });

  it('[K4] nothing is deleted but what is asked for: this execution, in these statuses', async () => {
    const [row] = await create(finished(idIn(0)));
    const { store } = purger;
    expect(await store.purgeInstances([{ ...row!, executionId: 'another' }])).toEqual([{ deleted: false }]);
    expect(await store.purgeInstances([row!], ['Failed', 'Terminated'])).toEqual([{ deleted: false, status: 'Completed' }]);
    expect(await store.purgeInstances([])).toEqual([]);
    expect(await store.purgeInstances([newRow(idIn(0, 'missing'))])).toEqual([{ deleted: false }]);
    expect(await owner.row(row!)).toEqual(row);
  });

  it('[K4] an instance that has changed since it was looked at is left, when that was asked for', async () => {
    const [row] = await create(finished(idIn(0), { status: 'Failed' }));
    await owner.commit(updated(row!, { status: 'Failed', updatedAt: 2_000 }));
    const { store } = purger;
    expect(await store.purgeInstances([row!])).toEqual([{ deleted: false, status: 'Failed' }]);
    expect(await store.purgeInstances([{ ...row!, rowVersion: row!.rowVersion + 1 }])).toEqual([{ deleted: true, status: 'Failed' }]);
  });

  it('[K4] nothing else of the instance is touched: whoever waits for it takes it up as that of a missing one', async () => {
    const row = finished(idIn(0));
    await owner.commit(inserted(row, { messages: [message(row)], timers: [timer(row)], runningActivities: [activity(row)], readyActivities: [activity(row, { taskId: 1 })] }));
    await purger.store.purgeInstances([row]);
    expect(await owner.inbox(0)).toHaveLength(1);
    expect(await owner.store.readTimers(0, { limit: 10 })).toHaveLength(1);
    expect(await owner.store.readRunningActivities([0])).toHaveLength(1);
    expect(await owner.store.claimActivities(owner.worker, ['charge'], 10)).toHaveLength(1);
  });

  it('[K4] many at once, of which some are purged by others at the same time: each counts once', async () => {
    const rows = await create(...Array.from({ length: 60 }, (_, index) => finished(idIn(index % 4, `i${index}`))));
    const others = await Promise.all([1, 2, 3].map(() => fixture.startProcess()));
    const shuffled = [rows, rows.toReversed(), rows.slice(20), rows.slice(0, 40).toReversed()];
    const outcomes = await Promise.all([purger, ...others].map(({ store }, index) => store.purgeInstances(shuffled[index]!)));
    expect(outcomes.map(countsOf).reduce((sum, count) => sum + count)).toBe(60);
    expect(outcomes.map(({ length }) => length)).toEqual(shuffled.map(({ length }) => length));
    expect(await owner.store.queryInstances({ limit: 10 })).toEqual([]);
  });

  it('[I8] an owner that was about to go on with a purged instance finds its checkpoint stale', async () => {
    const [row] = await create(finished(idIn(0), { status: 'Failed' }));
    await purger.store.purgeInstances([row!]);
    await expect(owner.commit(updated(row!, { status: 'Running' }))).rejects.toBeInstanceOf(StaleMemberError);
    expect(await owner.row(row!)).toBeUndefined();
  });

  it('[K4] a purged id is free again', async () => {
    const [row] = await create(finished(idIn(0)));
    await purger.store.purgeInstances([row!]);
    const again = newRow(row!.instanceId);
    await create(again);
    await owner.store.collectGarbage([0, 1, 2, 3], 100);
    expect(await owner.row(again)).toEqual(again);
    expect(await owner.store.readHistory(again)).toHaveLength(1);
  });

  describe('the scan', () => {
    it.each<[string, Partial<PurgeQuery>, string[]]>([
      ['all that is finished, in the order of creation', {}, ['completed', 'failed', 'terminated']],
      ['certain statuses', { statuses: ['Failed', 'Terminated'] }, ['failed', 'terminated']],
      ['no status at all', { statuses: [] }, []],
      ['a time of creation, both ends included', { createdFrom: 2_000, createdTo: 3_000 }, ['failed']],
      ['a name, exactly', { name: 'ship' }, ['failed']],
      ['a name that differs in case', { name: 'Ship' }, []],
    ])('[K4] finds %s', async (_what, changes, ids) => {
      await create(
        finished('completed'),
        newRow('running', { createdAt: 2_000, status: 'Running' }),
        finished('failed', { createdAt: 3_000, status: 'Failed', name: 'ship' }),
        finished('terminated', { createdAt: 4_000, status: 'Terminated' }),
      );
      expect(await scanned(changes)).toEqual(ids);
    });

    it('[K4] goes on page by page, also among instances of the same moment, whether they match or not', async () => {
      const rows = Array.from({ length: 25 }, (_, index) => newRow(`i${String(index).padStart(2, '0')}`, { createdAt: 1_000 + Math.floor(index / 10), status: index % 2 ? 'Running' : 'Failed' }));
      await create(...rows);
      const found: string[] = [];
      const pages: number[] = [];
      for (let after: PurgeQuery['after'], more = true; more; ) {
        const { targets, last } = await purger.store.scanForPurge(query({ after }), 4);
        found.push(...targets.map(({ instanceId }) => instanceId));
        pages.push(targets.length);
        after = last;
        more = last !== undefined;
      }
      expect(found).toEqual(rows.flatMap(({ instanceId, status }) => (status === 'Failed' ? [instanceId] : [])));
      expect(pages).toEqual([2, 2, 2, 2, 2, 2, 1]);
    });

    it('[K4] names the executions that it saw', async () => {
      const [row] = await create(finished('a'));
      const { partition, instanceId, executionId } = row!;
      expect(await purger.store.scanForPurge(query(), 100)).toEqual({ targets: [{ partition, instanceId, executionId }], last: undefined });
    });

    it('[K4] ends with the newest instance, which the store tells', async () => {
      expect(await purger.store.newestCreation()).toBeUndefined();
      await create(finished('a', { createdAt: 3_000 }), newRow('b', { createdAt: 5_000 }), finished('c'));
      expect(await purger.store.newestCreation()).toBe(5_000);
    });
  });

  describe('the scan of ages', () => {
    it('[K4] tells of all instances how old they are, in the order of creation, whatever their status', async () => {
      const rows = await create(finished('a', { createdAt: 3_000, updatedAt: 4_000 }), newRow('b', { createdAt: 1_000, status: 'Running' }), finished('c', { createdAt: 9_000 }));
      const ageOf = ({ partition, instanceId, executionId, rowVersion, status, createdAt, updatedAt }: InstanceRow) => ({
        partition, instanceId, executionId, rowVersion, status, createdAt, updatedAt,
      });
      expect(await purger.store.scanAges({ createdFrom: 0, createdTo: 3_000 }, 100)).toEqual({ instances: [ageOf(rows[1]!), ageOf(rows[0]!)], last: undefined });
      expect(await purger.store.scanAges({ createdFrom: 1_001, createdTo: 8_999 }, 100)).toEqual({ instances: [ageOf(rows[0]!)], last: undefined });
    });

    it('[K4] goes on page by page, also among instances of the same moment', async () => {
      const rows = await create(...Array.from({ length: 10 }, (_, index) => newRow(`i${index}`, { createdAt: 1_000 + Math.floor(index / 4) })));
      const found: string[] = [];
      for (let after: AgeScan['last'], more = true; more; more = after !== undefined) {
        const { instances, last } = await purger.store.scanAges({ createdFrom: 0, createdTo: 10_000, after }, 3);
        found.push(...instances.map(({ instanceId }) => instanceId));
        after = last;
      }
      expect(found).toEqual(rows.map(({ instanceId }) => instanceId));
    });
  });

  it('[K4] heads tell of instances without their payloads, and leave out what is missing', async () => {
    const parent = { name: 'p', instanceId: 'parent', executionId: 'e', taskId: 3 };
    const [row] = await create(finished(idIn(0), { parent, input: '"x"', output: '"y"' }));
    const { partition, instanceId, executionId, status } = row!;
    expect(await purger.store.getInstanceHeads([newRow(idIn(1)), row!])).toEqual([{ partition, instanceId, executionId, status, parent }]);
    expect(await purger.store.getInstanceHeads([])).toEqual([]);
  });
}
