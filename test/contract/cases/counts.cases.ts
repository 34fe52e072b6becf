/** How often workers died of an instance or an activity [Y8]. */
import { WriteList } from '../../../lib/storage/write-list.js';
import type { InstanceRow, RunningActivity } from '../../../lib/storage/store.js';
import { activity, idIn, inserted, message, newRow, updated } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

export function countCases(fixture: StoreFixture): void {
  let process: TestProcess;
  let row: InstanceRow;

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1] });
    row = newRow(idIn(0));
  });
  afterEach(() => jest.restoreAllMocks());

  const attemptsOf = async (of: InstanceRow) => (await process.row(of))?.attempts;

  it('[Y8] attempts are inserted, counted and cleared with a row, beside rows that have none', async () => {
    const other = newRow(idIn(1));
    await process.commit(inserted({ ...row, attempts: 1 }), inserted(other));
    expect([await attemptsOf(row), await attemptsOf(other)]).toEqual([1, undefined]);
    const first = { ...row, attempts: 1 };
    await process.commit(updated(first, { attempts: 2 }), updated(other, { attempts: 1 }));
    expect([await attemptsOf(row), await attemptsOf(other)]).toEqual([2, 1]);
    const second = { ...row, attempts: 2, rowVersion: 2 };
    await process.commit(updated(second, { attempts: undefined }), updated({ ...other, attempts: 1, rowVersion: 2 }, { status: 'Running' }));
    expect([await attemptsOf(row), await attemptsOf(other)]).toEqual([undefined, 1]);
  });

  it('[Y8] continueAsNew clears them as well', async () => {
    const counted = { ...row, attempts: 3 };
    await process.commit(inserted(counted));
    await process.commit(updated(counted, { executionId: 'next', attempts: undefined }));
    expect(await process.row(row)).toMatchObject({ executionId: 'next', attempts: undefined });
  });

  it('[Y8] whoever takes the place of a finished instance begins without them', async () => {
    const failed: InstanceRow = { ...row, status: 'Failed', attempts: 3 };
    await process.commit(inserted(failed));
    const next = newRow(row.instanceId, { rowVersion: failed.rowVersion + 1 });
    await process.apply({ kind: 'start', row: next, onConflict: 'replaceFinished', message: message(next, { sender: 1_001 }) });
    expect(await process.row(row)).toEqual(next);
  });

  it('[Y8] what counts nothing is written without them: a commit has no statement and no column more', async () => {
    const insert = jest.spyOn(WriteList.prototype, 'insert');
    const update = jest.spyOn(WriteList.prototype, 'updateMany');
    await process.commit(inserted(row, { readyActivities: [activity(row)], runningActivities: [activity(row, { taskId: 1 })] }));
    await process.commit(updated(row, { status: 'Running' }));
    const written = [
      ...insert.mock.calls.filter(([, , rows]) => rows.length > 0).map(([table, columns]) => ({ table, columns })),
      ...update.mock.calls.filter(([, rows]) => rows.length > 0).map(([{ table, columns }]) => ({ table, columns })),
    ];
    const tables = ['durable_instances', 'durable_activities_ready', 'durable_activities_running'];
    expect(tables.map((table) => written.filter((each) => each.table === table).length)).toEqual([2, 1, 1]);
    expect(written.flatMap(({ columns }) => columns).filter((column) => column === 'attempts' || column === 'dispatch_count')).toEqual([]);
  });

  describe('of activities', () => {
    const waiting = (counts: readonly number[]) => counts.map((dispatchCount, taskId) => activity(row, { taskId, dispatchCount: dispatchCount || undefined }));
    const claim = (limit: number, suspects?: { from: number; take: boolean }) => process.store.claimActivities(process.worker, ['charge'], limit, suspects);
    const tasksOf = (claims: readonly RunningActivity[]) => claims.map(({ taskId }) => taskId).sort((a, b) => a - b);

    it('[Y8] the count goes along from ready to running and back', async () => {
      await process.commit(inserted(row, { readyActivities: waiting([2, 0]) }));
      const claims = await claim(10);
      expect(claims.map(({ dispatchCount }) => dispatchCount)).toEqual([2, undefined]);
      expect(await process.store.readRunningActivities([0])).toEqual(claims);
      await process.store.returnActivities(claims.map((each) => ({ ...each, dispatchCount: (each.dispatchCount ?? 0) + 1 })));
      expect((await claim(10)).map(({ dispatchCount }) => dispatchCount)).toEqual([3, 1]);
    });

    it('[Y8] of those whose count is high at most one is claimed at a time, and they hide no others', async () => {
      await process.commit(inserted(row, { readyActivities: waiting([5, 5, 6, 4, 0]) }));
      expect(tasksOf(await claim(2, { from: 5, take: false }))).toEqual([3, 4]);
      expect(await claim(10, { from: 5, take: false })).toEqual([]);
      expect(tasksOf(await claim(10, { from: 5, take: true }))).toEqual([0]);
      expect(tasksOf(await claim(1, { from: 5, take: true }))).toEqual([1]);
    });
  });
}
