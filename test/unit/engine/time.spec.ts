import { EngineTime } from '../../../lib/engine/clock.js';
import { MessageKeys } from '../../../lib/engine/message-keys.js';
import { TimerAlarm } from '../../../lib/engine/timer-alarm.js';
import type { TimerRow } from '../../../lib/storage/store.js';
import { ManualClock, turn } from './support/manual-clock.js';
import { testPartition } from './support/test-partition.js';

describe('EngineTime', () => {
  it('[T1] is never ahead of the database, however long its answer took', async () => {
    const clock = new ManualClock();
    const time = new EngineTime(clock);
    await clock.advance(10_000);
    time.sync(5_000);
    expect(time.now()).toBe(5_000);
    await clock.advance(250);
    expect(time.now()).toBe(5_250);
  });

  it('never goes back', async () => {
    const clock = new ManualClock();
    const time = new EngineTime(clock);
    time.sync(5_000);
    expect(time.now()).toBe(5_000);
    time.sync(4_000);
    expect(time.now()).toBe(5_000);
    await clock.advance(1_500);
    expect(time.now()).toBe(5_500);
  });
});

describe('MessageKeys', () => {
  it('ascend by the clock, and on when it stands still or has been set back', () => {
    let now = 10;
    const keys = new MessageKeys(0, () => now);
    const made = [keys.next(), keys.next()];
    now = 5;
    made.push(keys.next());
    expect(made).toEqual([10_241, 10_242, 10_243]);
    expect(keys.last).toBe(10_243);
  });

  it('go on after the last key of the owner before', () => {
    expect(new MessageKeys(99_999, () => 1).next()).toBe(100_000);
  });
});

describe('TimerAlarm', () => {
  const timer = (fireAt: number): TimerRow => ({ partition: 0, instanceId: 'a', executionId: 'e', taskId: fireAt, fireAt });

  async function alarmOf(timers: TimerRow[]) {
    const clock = new ManualClock();
    const time = new EngineTime(clock);
    time.sync(1_000);
    const partition = testPartition();
    const due: number[] = [];
    const alarm = new TimerAlarm({
      clock, time, partitions: () => [partition], read: () => Promise.resolve(timers), due: (_, { fireAt }) => due.push(fireAt),
    });
    await alarm.refill(partition);
    return { clock, time, partition, due, alarm };
  }

  it('[T1] rings when a timer is due, not before, and for each in its turn', async () => {
    const { clock, due } = await alarmOf([timer(1_500), timer(3_000)]);
    await clock.advance(499);
    expect(due).toEqual([]);
    await clock.advance(1);
    expect(due).toEqual([1_500]);
    await clock.advance(1_500);
    expect(due).toEqual([1_500, 3_000]);
  });

  it('rings earlier for a timer that is due earlier', async () => {
    const { clock, due, alarm, partition } = await alarmOf([timer(9_000)]);
    partition.timers.add(timer(2_000));
    alarm.arm(partition);
    await clock.advance(1_000);
    expect(due).toEqual([2_000]);
  });

  it('follows engine time when that moves otherwise than the clock: a machine slept, the database was set', async () => {
    const { clock, due, alarm, time } = await alarmOf([timer(3_600_000)]);
    await clock.advance(5_000);
    time.sync(3_600_000);
    alarm.adjust();
    await clock.advance(0);
    await turn();
    expect(due).toEqual([3_600_000]);
  });

  it('leaves nothing scheduled when it stops', async () => {
    const { clock, alarm } = await alarmOf([timer(3_000)]);
    alarm.stop();
    expect(clock.waiting).toBe(0);
  });
});
