import { TimerQueue } from '../../../lib/engine/timer-queue.js';
import { ENTITY_SIGNAL_TIMER, PARK_TIMER, type TimerKey, type TimerRow } from '../../../lib/storage/store.js';
import { signal } from './support/test-engine.js';

const timer = (fireAt: number, taskId = fireAt): TimerRow => ({ partition: 0, instanceId: 'a', executionId: 'e', taskId, fireAt });
const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => timer(from + index));
const taskIds = (timers: readonly TimerRow[]) => timers.map(({ taskId }) => taskId);

/** The timers of a partition in the database. */
class Table {
  reads = 0;
  constructor(public rows: TimerRow[]) {}

  readonly read = ({ limit, after }: { limit: number; after?: TimerKey }): Promise<TimerRow[]> => {
    this.reads += 1;
    const behind = this.rows.filter((row) => !after || row.fireAt > after.fireAt || (row.fireAt === after.fireAt && row.executionId > after.executionId) ||
      (row.fireAt === after.fireAt && row.executionId === after.executionId && row.taskId > after.taskId));
    return Promise.resolve(behind.sort((a, b) => a.fireAt - b.fireAt || (a.executionId === b.executionId ? a.taskId - b.taskId : a.executionId < b.executionId ? -1 : 1)).slice(0, limit));
  };
}

describe('TimerQueue', () => {
  it('[T1] takes due timers in order, and none early', async () => {
    const queue = new TimerQueue();
    await queue.refill(new Table([timer(30), timer(10), timer(20)]).read);
    expect(taskIds(queue.takeDue(20))).toEqual([10, 20]);
    expect(queue.nextDue).toBe(30);
  });

  it('fires every timer once when there are more than memory holds (I6)', async () => {
    const table = new Table(range(1, 6_000));
    const queue = new TimerQueue();
    const fired: number[] = [];
    for (let now = 0; now <= 6_000; now += 100) {
      await queue.refill(table.read);
      for (const due of queue.takeDue(now)) {
        fired.push(due.taskId);
        queue.remove(due);
      }
    }
    expect(fired).toEqual(taskIds(range(1, 6_000)));
    expect(table.reads).toBeLessThan(6);
  });

  it('[I7] fires no more timers than are taken up, and goes on when half of them are', async () => {
    const queue = new TimerQueue();
    const { read } = new Table(range(1, 5_000));
    await queue.refill(read);
    const first = queue.takeDue(10_000);
    expect(first).toHaveLength(2_000);
    await queue.refill(read);
    expect(queue.nextDue).toBeUndefined();
    for (const timer of first.slice(0, 999)) queue.remove(timer);
    expect(queue.takeDue(10_000)).toEqual([]);
    queue.remove(first[999]!);
    expect(queue.nextDue).toBe(2_001);
    expect(taskIds(queue.takeDue(10_000))).toEqual(taskIds(range(2_001, 1_000)));
  });

  it('[I7] does not wait for what nobody has to take up: marks of parked instances, and signals of entities', async () => {
    const queue = new TimerQueue();
    const marks = Array.from({ length: 3_000 }, (_, index): TimerRow => ({ ...timer(0, PARK_TIMER), executionId: `parked${index}` }));
    const signals = Array.from({ length: 3_000 }, (_, index): TimerRow => ({ ...timer(1, ENTITY_SIGNAL_TIMER), executionId: `signal${index}` }));
    const { read } = new Table([...marks, ...signals, timer(2)]);
    let taken = 0;
    for (let turn = 0; turn < 4; turn++) {
      await queue.refill(read);
      taken += queue.takeDue(10).length;
    }
    expect(taken).toBe(6_001);
  });

  it('takes up what was created, and leaves out what was consumed, while it was reading', async () => {
    const answer = signal<TimerRow[]>();
    const queue = new TimerQueue();
    const refilled = queue.refill(() => answer.promise);
    queue.add(timer(5));
    queue.remove(timer(20));
    answer.resolve([timer(10), timer(20)]);
    await refilled;
    expect(taskIds(queue.takeDue(100))).toEqual([5, 10]);
  });

  it('begins a read anew while which a timer was forgotten that lies before it (I6)', async () => {
    const queue = new TimerQueue();
    const table = new Table([...range(1, 2_000), ...range(20_001, 5)]);
    await queue.refill(table.read);
    const [lost, ...others] = queue.takeDue(20_000);
    for (const each of others) queue.remove(each);
    table.rows = [lost!, ...table.rows.slice(2_000)];
    const begun = signal();
    const go = signal();
    const refilled = queue.refill(async (options) => {
      const rows = await table.read(options);
      begun.resolve();
      await go.promise;
      return rows;
    });
    await begun.promise;
    queue.reread(lost!);
    go.resolve();
    await refilled;
    expect(taskIds(queue.takeDue(30_000))).toEqual([1, ...taskIds(range(20_001, 5))]);
  });

  it('[I6] does not wait for timers whose instance cannot go on', async () => {
    const queue = new TimerQueue();
    const { read } = new Table(range(1, 3_000));
    await queue.refill(read);
    for (const each of queue.takeDue(10_000)) queue.setAside(each);
    await queue.refill(read);
    expect(taskIds(queue.takeDue(10_000))).toEqual(taskIds(range(2_001, 1_000)));
  });

  it('reads again what was created while a read failed', async () => {
    const queue = new TimerQueue();
    const table = new Table([]);
    const refilled = queue.refill(() => {
      queue.add(timer(5));
      table.rows.push(timer(5));
      return Promise.reject(new Error('the database is away'));
    });
    await expect(refilled).rejects.toThrow('away');
    await queue.refill(table.read);
    expect(taskIds(queue.takeDue(10))).toEqual([5]);
  });

  it('keeps a timer known until it is consumed', async () => {
    const queue = new TimerQueue();
    await queue.refill(new Table([timer(1)]).read);
    const [due] = queue.takeDue(1);
    expect(queue.has(due!)).toBe(true);
    queue.remove(due!);
    expect(queue.has(due!)).toBe(false);
  });

  it('lets a window that has grown too large go, and reads it back later', async () => {
    const queue = new TimerQueue();
    const table = new Table([]);
    await queue.refill(table.read);
    for (const each of range(1, 30_000)) {
      table.rows.push(each);
      queue.add(each);
    }
    expect(queue.size).toBeLessThanOrEqual(4_001);
    const fired: number[] = [];
    for (let now = 0; now <= 30_000; now += 1_000) {
      for (const due of queue.takeDue(now)) {
        fired.push(due.taskId);
        queue.remove(due);
      }
      await queue.refill(table.read);
    }
    expect(fired).toEqual(taskIds(range(1, 30_000)));
  });

  it('[I7] does so too with timers of the same millisecond, and fires each once', async () => {
    const queue = new TimerQueue();
    const table = new Table([]);
    await queue.refill(table.read);
    const all = Array.from({ length: 9_000 }, (_, index) => timer(5, (index * 7) % 9_000));
    for (const each of all) {
      table.rows.push(each);
      queue.add(each);
    }
    expect(queue.size).toBeLessThanOrEqual(4_001);
    const fired: number[] = [];
    for (let due = queue.takeDue(5); due.length > 0; due = queue.takeDue(5)) {
      for (const each of due) {
        fired.push(each.taskId);
        queue.remove(each);
      }
      table.rows = table.rows.filter(({ taskId }) => !fired.includes(taskId));
      await queue.refill(table.read);
    }
    expect(fired).toEqual(Array.from({ length: 9_000 }, (_, index) => index));
  });

  it('[Y6] keeps the marks of parked instances, in whatever order the database has them', async () => {
    const queue = new TimerQueue();
    const mark = (executionId: string): TimerRow => ({ ...timer(0, PARK_TIMER), executionId });
    await queue.refill(new Table([mark('m'), ...range(1, 2_000)]).read);
    queue.add(mark('z'));
    for (const { taskId } of range(3_000, 3_000)) queue.add(timer(1, taskId));
    queue.add(mark('a'));
    expect(queue.takeDue(0).map(({ executionId }) => executionId)).toEqual(['a', 'm', 'z']);
  });

  it('[Y6] reads all marks, however many come while it has read a part of them', async () => {
    const queue = new TimerQueue();
    const marks = (from: number, count: number) => Array.from({ length: count }, (_, index): TimerRow => ({ ...timer(0, PARK_TIMER), executionId: `parked${from + index}` }));
    const table = new Table(marks(10_000, 3_000));
    await queue.refill(table.read);
    for (const mark of marks(90_000, 2_500)) {
      table.rows.push(mark);
      queue.add(mark);
    }
    const taken = new Set<string>();
    for (let due = queue.takeDue(0); due.length > 0; due = queue.takeDue(0)) {
      for (const { executionId } of due) taken.add(executionId);
      await queue.refill(table.read);
    }
    expect(taken.size).toBe(5_500);
  });

  it('stays within bounds too while part of the timers are in the database only (I7)', async () => {
    const queue = new TimerQueue();
    await queue.refill(new Table(range(100_000, 15_000)).read);
    for (const each of range(1, 50_000)) queue.add(each);
    expect(queue.size).toBeLessThanOrEqual(4_001);
    expect(queue.nextDue).toBe(1);
  });

  it('does not pile up time-outs that are cancelled long before they are due (I7)', async () => {
    const queue = new TimerQueue();
    await queue.refill(new Table([]).read);
    for (const each of range(1, 100_000)) {
      queue.add(each);
      queue.remove(each);
    }
    expect(queue.size).toBeLessThanOrEqual(2_001);
    queue.add(timer(200_000));
    expect(queue.nextDue).toBe(200_000);
  });
});
