import type { Deliver, InstanceRow, RunningActivity } from '../../../lib/storage/store.js';
import { activity, idIn, inserted, message, newRow } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

export function activityCases(fixture: StoreFixture): void {
  let owner: TestProcess;
  let other: TestProcess;
  let row: InstanceRow;

  beforeEach(async () => {
    owner = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
    other = await fixture.startProcess();
    row = newRow(idIn(0));
  });

  const ready = (count: number, of = row) => Array.from({ length: count }, (_, taskId) => activity(of, { taskId }));
  const resultOf = (claim: RunningActivity) => {
    const body: Deliver = { type: 'Deliver', executionId: claim.executionId, event: { type: 'TaskCompleted', taskId: claim.taskId, result: '0' } };
    return { activity: claim, message: message(claim, { sender: 1_001, body }) };
  };

  it('a claim takes up to `limit` activities of the names that the worker has', async () => {
    const foreign = activity(row, { taskId: 9, name: 'ship' });
    await owner.commit(inserted(row, { readyActivities: [...ready(3), foreign] }));
    expect(await other.store.claimActivities(other.worker, ['charge', 'unknown'], 2)).toMatchObject([{ taskId: 0 }, { taskId: 1 }]);
    expect(await other.store.claimActivities(other.worker, ['charge'], 2)).toMatchObject([{ taskId: 2 }]);
    expect(await other.store.claimActivities(other.worker, ['charge'], 2)).toEqual([]);
    expect(await other.store.claimActivities(other.worker, [], 2)).toEqual([]);
    expect(await other.store.claimActivities(other.worker, ['ship'], 2)).toMatchObject([{ ...foreign, claimToken: expect.any(String), claimedBy: other.worker.incarnation }]);
  });

  it('names are compared exactly', async () => {
    await owner.commit(inserted(row, { readyActivities: ready(1) }));
    expect(await other.store.claimActivities(other.worker, ['Charge', 'charge '], 2)).toEqual([]);
  });

  it('[I6] a poll tells whether activities wait in the hub, whoever has handlers for them', async () => {
    const poll = () => other.store.readInbox(other.worker, [{ partition: 2, limit: 10 }], () => false);
    expect(await poll()).toMatchObject({ messages: [], activitiesWait: false });
    await owner.commit(inserted(row, { readyActivities: ready(1) }));
    expect(await poll()).toMatchObject({ activitiesWait: true });
    await owner.store.claimActivities(owner.worker, ['charge'], 1);
    expect(await poll()).toMatchObject({ activitiesWait: false });
  });

  it('[A4] no two of several claimers get the same activity', async () => {
    await owner.commit(inserted(row, { readyActivities: ready(100) }));
    const claims = (await Promise.all([owner, other, owner, other].map((each) => each.store.claimActivities(each.worker, ['charge'], 30)))).flat();
    claims.push(...(await other.store.claimActivities(other.worker, ['charge'], 100)));
    expect(claims.map(({ taskId }) => taskId).sort((a, b) => a - b)).toEqual(ready(100).map(({ taskId }) => taskId));
  });

  it('under load each partition has its turn', async () => {
    const rows = [0, 1, 2].map((partition) => newRow(idIn(partition)));
    await owner.commit(...rows.map((each) => inserted(each, { readyActivities: ready(4, each) })));
    const turns = [];
    for (let turn = 0; turn < 4; turn += 1) turns.push(await other.store.claimActivities(other.worker, ['charge'], 3));
    expect(turns.map((claims) => claims.map(({ partition }) => partition))).toEqual([[0, 0, 0], [1, 1, 1], [2, 2, 2], [0, 1, 2]]);
  });

  it('under load each execution has its turn, also within a partition', async () => {
    const [wide = row, ...small] = [0, 1, 2].map((place) => newRow(idIn(0, `row${place}`), { executionId: `execution-${place}` }));
    await owner.commit(inserted(wide, { readyActivities: ready(7, wide) }), ...small.map((each) => inserted(each, { readyActivities: ready(2, each) })));
    const turns = [];
    for (let turn = 0; turn < 4; turn += 1) turns.push(await other.store.claimActivities(other.worker, ['charge'], 3));
    const executions = turns.map((claims) => claims.map(({ executionId }) => Number(executionId.at(-1))));
    expect(executions).toEqual([[0, 0, 0], [1, 1, 2], [0, 0, 0], [2, 0]]);
  });

  it('[I4] a result from another process becomes a message, once', async () => {
    await owner.commit(inserted(row, { readyActivities: ready(2) }));
    const claims = await other.store.claimActivities(other.worker, ['charge'], 2);
    const results = claims.map(resultOf);
    expect(await other.store.completeForeignActivities(other.worker, [results[0]!, resultOf(claims[0]!), results[1]!])).toEqual([true, false, true]);
    expect(await other.store.completeForeignActivities(other.worker, [resultOf(claims[1]!)])).toEqual([false]);
    expect(await owner.inbox(0)).toEqual([results[0]!.message, results[1]!.message]);
    expect(await owner.store.readRunningActivities([0])).toEqual([]);
  });

  it('an activity that is given back waits again, under another claim', async () => {
    await owner.commit(inserted(row, { readyActivities: ready(1) }));
    const [claim] = await owner.store.claimActivities(owner.worker, ['charge'], 1);
    expect(await owner.store.returnActivities([claim!, { ...claim!, claimToken: 'another' }])).toEqual([true, false]);
    const [again] = await other.store.claimActivities(other.worker, ['charge'], 10);
    expect(again).toEqual({ ...claim, claimToken: expect.any(String), claimedBy: other.worker.incarnation });
    expect(again!.claimToken).not.toBe(claim!.claimToken);
    expect(await owner.store.completeForeignActivities(owner.worker, [resultOf(claim!)])).toEqual([false]);
  });

  it('claims that no longer stand are told of', async () => {
    await owner.commit(inserted(row, { readyActivities: ready(2) }));
    const [kept, lost] = await other.store.claimActivities(other.worker, ['charge'], 2);
    await owner.store.returnActivities([lost!]);
    expect(await other.store.findLostClaims([kept!, lost!])).toMatchObject([{ taskId: lost!.taskId }]);
    expect(await other.store.findLostClaims([])).toEqual([]);
  });

  it('the claims of a partition are read with all that a run needs', async () => {
    const claims = [activity(row, { input: undefined, callId: 3, attempt: 2, taskId: 4 }), activity(newRow(idIn(1)))];
    await owner.commit(inserted(row, { runningActivities: claims }));
    expect(await owner.store.readRunningActivities([0])).toEqual([claims[0]]);
    expect(await owner.store.readRunningActivities([0, 1, 2])).toEqual(claims);
    expect(await owner.store.readRunningActivities([])).toEqual([]);
  });
}
