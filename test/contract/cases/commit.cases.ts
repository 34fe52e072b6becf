import { StaleMemberError } from '../../../lib/storage/errors.js';
import type { Checkpoint, InstanceRow } from '../../../lib/storage/store.js';
import { activity, checkpoint, event, idIn, inserted, message, newRow, timer, updated } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

export function commitCases(fixture: StoreFixture): void {
  let process: TestProcess;
  let row: InstanceRow;

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1] });
    row = newRow(idIn(0));
  });

  /** Everything that the database holds of the row's partition, besides finished business. */
  async function stateOf({ partition, instanceId, executionId }: InstanceRow) {
    const { store } = process;
    const [instances, history, inbox, timers, running] = await Promise.all([
      store.getInstances([{ partition, instanceId }]),
      store.readHistory({ partition, instanceId, executionId }),
      process.inbox(partition),
      store.readTimers(partition, { limit: 100 }),
      store.readRunningActivities([partition]),
    ]);
    return { instances, history, inbox, timers, running };
  }

  /** A checkpoint with a row in every table. */
  const full = (of: InstanceRow): Checkpoint =>
    inserted(of, {
      history: [{ executionId: of.executionId, sequence: 0, events: [event(0), event(1)] }],
      messages: [message(of)],
      timers: [timer(of)],
      readyActivities: [activity(of, { taskId: 1 })],
      runningActivities: [activity(of, { taskId: 2 })],
      garbage: [`old-${of.executionId}`],
    });

  it('[I1] a checkpoint writes the row, its history, messages, timers and activities', async () => {
    const step = full(row);
    await process.commit(step);
    expect(await stateOf(row)).toEqual({
      instances: [row],
      history: step.history[0]!.events,
      inbox: step.messages,
      timers: step.timers,
      running: step.runningActivities,
    });
    expect(await process.store.claimActivities(process.worker, ['charge'], 10)).toEqual([
      { ...step.readyActivities[0], claimToken: expect.any(String), claimedBy: process.worker.incarnation },
    ]);
  });

  const missing = (of: InstanceRow): [string, Partial<Checkpoint>][] => [
    ['a message that is gone', { consumedMessages: [message(of)] }],
    ['the claim of an activity that is gone', { consumedActivities: [activity(of)] }],
    ['a fired timer that is gone', { deletedTimers: [timer(of)] }],
    ['a row that is not there', updated(of, {})],
  ];

  it.each(missing(newRow('shape')).map(([what], index) => [what, index] as const))(
    '[I1, I4] a member that consumes %s keeps the whole batch from being written',
    async (_what, index) => {
      const broken = newRow(idIn(1));
      const before = await stateOf(row);
      const batch = [full(row), checkpoint(broken, missing(broken)[index]![1])];
      await expect(process.commit(...batch)).rejects.toBeInstanceOf(StaleMemberError);
      expect(await stateOf(row)).toEqual(before);
      expect(await process.store.claimActivities(process.worker, ['charge'], 10)).toEqual([]);
      await process.commit(batch[0]!);
      expect((await stateOf(row)).instances).toEqual([row]);
    },
  );

  it('[I4] a message is consumed once', async () => {
    const sent = message(row);
    await process.commit(inserted(row, { messages: [sent] }));
    await process.commit(checkpoint(row, { consumedMessages: [sent] }));
    expect(await process.inbox(0)).toEqual([]);
    await expect(process.commit(checkpoint(row, { consumedMessages: [sent] }))).rejects.toBeInstanceOf(StaleMemberError);
  });

  it('[I4] a result counts only with the token of the claim', async () => {
    const claim = activity(row);
    await process.commit(inserted(row, { runningActivities: [claim] }));
    const stale = checkpoint(row, { consumedActivities: [{ ...claim, claimToken: 'another' }] });
    await expect(process.commit(stale)).rejects.toBeInstanceOf(StaleMemberError);
    await process.commit(checkpoint(row, { consumedActivities: [claim] }));
    expect(await process.store.readRunningActivities([0])).toEqual([]);
  });

  it('a timer that is cancelled may be gone already', async () => {
    await process.commit(inserted(row, { timers: [timer(row, { taskId: 1 })] }));
    await process.commit(checkpoint(row, { cancelledTimers: [timer(row, { taskId: 1 }), timer(row, { taskId: 2 })] }));
    expect(await process.store.readTimers(0, { limit: 10 })).toEqual([]);
  });

  it('an execution that was ended by force leaves no activities behind, others keep theirs', async () => {
    const other = activity(newRow(row.instanceId), { taskId: 5 });
    await process.commit(inserted(row, { readyActivities: [activity(row, { taskId: 1 })], runningActivities: [activity(row, { taskId: 2 }), other] }));
    await process.commit(checkpoint(row, { abandonedActivities: [row.executionId] }));
    expect(await process.store.readRunningActivities([0])).toEqual([other]);
    expect(await process.store.claimActivities(process.worker, ['charge'], 10)).toEqual([]);
  });

  it.each<[string, Partial<InstanceRow>]>([
    ['version', { rowVersion: 99 }],
    ['execution id', { executionId: 'another' }],
  ])('[I8] a checkpoint whose expected %s is not the row\'s writes nothing', async (_what, difference) => {
    await process.commit(inserted(row));
    const late = checkpoint(row, { write: { kind: 'update', row: { ...row, status: 'Completed' }, expected: { ...row, ...difference } } });
    await expect(process.commit(late)).rejects.toBeInstanceOf(StaleMemberError);
    expect(await process.row(row)).toEqual(row);
  });

  it('[I8] an instance that exists already is not inserted again', async () => {
    await process.commit(inserted(row));
    await expect(process.commit(inserted({ ...row, executionId: 'another' }))).rejects.toBeInstanceOf(StaleMemberError);
    expect(await process.row(row)).toEqual(row);
  });

  it('[C1] a step into another execution changes the whole row', async () => {
    await process.commit(inserted(row));
    const next: InstanceRow = {
      ...row, executionId: 'next', input: '"new"', name: 'other', version: '2', tags: { a: 'b' }, createdAt: 2_000, startAt: 3_000, rowVersion: 2,
      parent: { name: 'p', instanceId: 'parent', executionId: 'e', taskId: 0 },
    };
    await process.commit(checkpoint(row, { write: { kind: 'replace', row: next, expected: row } }));
    expect(await process.row(row)).toEqual(next);
  });

  it('of several updates each writes its own status, be it a new one or the same', async () => {
    const other = newRow(idIn(0, 'other'));
    await process.commit(inserted(row), inserted(other));
    await process.commit(updated(row, { status: 'Running' }), updated(other, { output: '1' }));
    expect(await process.row(row)).toMatchObject({ status: 'Running', rowVersion: row.rowVersion + 1 });
    expect(await process.row(other)).toMatchObject({ status: other.status, output: '1' });
    await process.commit(updated({ ...row, status: 'Running', rowVersion: row.rowVersion + 1 }, { output: '2' }));
    expect(await process.row(row)).toMatchObject({ status: 'Running', output: '2' });
  });

  it('an update that changes nothing but the version counts as found', async () => {
    await process.commit(inserted(row));
    await process.commit(updated(row, {}));
    expect(await process.row(row)).toEqual({ ...row, rowVersion: 2 });
  });

  it('a batch larger than one statement may be is written whole', async () => {
    const count = 1_100;
    const rows = Array.from({ length: count }, (_, index) => newRow(idIn(index % 2, `batch${index}`), { input: String(index) }));
    await process.commit(...rows.map((each) => inserted(each, { messages: [message(each)], timers: [timer(each)] })));
    const sent = await process.inbox(0, 1);
    expect(sent).toHaveLength(count);
    const bySent = new Map(sent.map((each) => [each.instanceId, each]));
    await process.commit(
      ...rows.map((each, index) =>
        updated(each, { status: 'Completed', output: String(index * 2) }, { consumedMessages: [bySent.get(each.instanceId)!], deletedTimers: [timer(each)] }),
      ),
    );
    expect(await process.store.getInstances(rows)).toEqual(rows.map((each, index) => ({ ...each, status: 'Completed', output: String(index * 2), rowVersion: 2 })));
    expect(await process.inbox(0, 1)).toEqual([]);
  });
}
