/** How much waits in a hub, for `maxBacklog`. */
import { activity, idIn, inserted, message, newRow } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

export function backlogCases(fixture: StoreFixture): void {
  let process: TestProcess;

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
  });

  it('counts the messages and the waiting activities of all partitions, and nothing else', async () => {
    expect(await process.store.countBacklog(100)).toBe(0);
    const rows = [0, 1, 2, 3].map((partition) => newRow(idIn(partition)));
    await process.commit(...rows.map((row) => inserted(row, {
      messages: [message(row), message(row)], readyActivities: [activity(row)], runningActivities: [activity(row, { taskId: 1 })],
    })));
    expect(await process.store.countBacklog(100)).toBe(4 * 3);
  });

  it('stops counting each kind at the limit', async () => {
    const row = newRow(idIn(0));
    const many = Array.from({ length: 30 }, (_, taskId) => taskId);
    await process.commit(inserted(row, { messages: many.map(() => message(row)), readyActivities: many.slice(5).map((taskId) => activity(row, { taskId })) }));
    expect(await process.store.countBacklog(20)).toBe(40);
    expect(await process.store.countBacklog(28)).toBe(28 + 25);
    expect(await process.store.countBacklog(100)).toBe(55);
  });

  it('does not count what waits in another hub', async () => {
    const other = await fixture.startProcess({ hub: 'Another', partitions: [0] });
    const row = newRow(idIn(0));
    await other.commit(inserted(row, { messages: [message(row)] }));
    expect(await process.store.countBacklog(100)).toBe(0);
  });
}
