import { completed, fired, raised, run, START } from '../support/episodes.js';

describe('timers', () => {
  it('[T1] a number is ms from orchestration time, a Date is itself', () => {
    const scenario = run(function* (ctx) {
      yield ctx.all([ctx.createTimer(1_500), ctx.createTimer(new Date(START + 9)), ctx.createTimer(0.2)]);
    });
    expect(scenario.outputs).toEqual([
      { type: 'TimerCreated', taskId: 0, fireAt: START + 1_000 + 1_500 },
      { type: 'TimerCreated', taskId: 1, fireAt: START + 9 },
      { type: 'TimerCreated', taskId: 2, fireAt: START + 1_000 + 1 },
    ]);
  });

  it('[T1] no maximum length', () => {
    const century = 100 * 365 * 86_400_000;
    expect(run(function* (ctx) { yield ctx.createTimer(century); }).outputs).toMatchObject([{ fireAt: START + 1_000 + century }]);
  });

  it.each([
    [NaN, 'RangeError'], [Infinity, 'RangeError'], [1e300, 'RangeError'], [new Date('no date'), 'RangeError'], ['1000', 'TypeError'], [undefined, 'TypeError'],
  ])('[T1] %p is refused at the call', (fireAt, errorType) => {
    const { failure } = run(function* (ctx) { yield ctx.createTimer(fireAt as number); });
    expect(failure).toMatchObject({ errorType, errorMessage: expect.stringMatching(/ctx\.createTimer.*instance 'instance'/) });
  });

  it('[T2] cancel takes the timer back; isCanceled afterwards', () => {
    const scenario = run(function* (ctx) {
      const timer = ctx.createTimer(60_000);
      yield ctx.callActivity('a');
      timer.cancel();
      timer.cancel();
      yield ctx.callActivity('b');
      return [timer.isCanceled, timer.isCompleted, timer.isFaulted];
    });
    expect(scenario.deliver(completed(1)).last.cancelledTimers).toEqual([{ taskId: 0, fireAt: START + 61_000 }]);
    expect(scenario.deliver(completed(2)).result).toEqual([true, true, false]);
    expect(scenario.last.cancelledTimers).toEqual([]);
  });

  it('[T2] is a no-op when it has fired already', () => {
    const scenario = run(function* (ctx) {
      const timer = ctx.createTimer(1_000);
      yield timer;
      timer.cancel();
      return timer.isCanceled;
    });
    expect(scenario.deliver(fired(0)).result).toBe(false);
  });

  it('[T2] a timer that its own episode cancels never comes to be', () => {
    const scenario = run(function* (ctx) {
      ctx.createTimer(60_000).cancel();
      yield ctx.callActivity('a');
    });
    expect(scenario.outputs).toMatchObject([{ type: 'TaskScheduled', taskId: 1 }]);
    expect(scenario.last.cancelledTimers).toEqual([]);
    expect(scenario.history).toContainEqual(expect.objectContaining({ type: 'TimerCreated', taskId: 0 }));
  });

  it('[T2] yielding a cancelled timer throws instead of waiting for ever', () => {
    const { failure } = run(function* (ctx) {
      const timer = ctx.createTimer(1);
      timer.cancel();
      yield timer;
    });
    expect(failure.errorType).toBe('TaskCanceledError');
  });
});

describe('external events', () => {
  it('[E1] names are compared case-insensitively, locale-free', () => {
    const scenario = run(function* (ctx) { return yield* ctx.waitForExternalEvent('ORDER-ID'); });
    expect(scenario.deliver(raised('order-id', 1)).result).toBe(1);
  });

  it('[E1] events that nobody waits for are kept per name, first in first out', () => {
    const scenario = run(function* (ctx) {
      yield ctx.callActivity('a');
      const got: unknown[] = [];
      for (const name of ['x', 'y', 'x', 'x']) got.push(yield ctx.waitForExternalEvent(name));
      return got;
    });
    scenario.deliver(raised('x', 1), raised('X', 2), raised('y', 'y')).deliver(raised('x', 3));
    expect(scenario.deliver(completed(0)).result).toEqual([1, 'y', 2, 3]);
  });

  it('[E2] of several open waiters the newest gets the event', () => {
    const scenario = run(function* (ctx) {
      const [old, young] = [ctx.waitForExternalEvent('e'), ctx.waitForExternalEvent('e')];
      yield young;
      const before = old.isCompleted;
      yield old;
      return [before, young.result, old.result];
    });
    scenario.deliver(raised('e', 1));
    expect(scenario.deliver(raised('e', 2)).result).toEqual([false, 1, 2]);
  });

  it('[E2] a waiter that is cancelled leaves the event to others', () => {
    const scenario = run(function* (ctx) {
      const [old, young] = [ctx.waitForExternalEvent('e'), ctx.waitForExternalEvent('e')];
      young.cancel();
      return [yield* old, young.isCanceled];
    });
    expect(scenario.deliver(raised('e', 1)).result).toEqual([1, true]);
  });

  it('[E3] a timeout throws TaskTimeoutError', () => {
    const scenario = run(function* (ctx) { yield ctx.waitForExternalEvent('approved', { timeout: 5_000 }); });
    expect(scenario.outputs).toEqual([{ type: 'TimerCreated', taskId: 0, fireAt: START + 6_000 }]);
    const { failure } = scenario.deliver(fired(0));
    expect(failure).toMatchObject({ errorType: 'TaskTimeoutError', errorMessage: "Event 'approved' did not reach instance 'instance' within 5000 ms." });
  });

  it.each([[false], [0], [''], [null], ['late']])('[E3] or returns the default %p', (value) => {
    const scenario = run(function* (ctx) { return yield* ctx.waitForExternalEvent<unknown>('approved', { timeout: 5_000, default: value }); });
    expect(scenario.deliver(fired(0)).result).toBe(value);
  });

  it('[E3] a timed-out wait leaves the next event for the next wait', () => {
    const scenario = run(function* (ctx) {
      const first = yield* ctx.waitForExternalEvent<string>('e', { timeout: 1_000, default: 'none' });
      return [first, yield* ctx.waitForExternalEvent('e')];
    });
    expect(scenario.deliver(fired(0)).deliver(raised('e', 'late')).result).toEqual(['none', 'late']);
  });

  it('[E3] the timer is cancelled when the event wins', () => {
    const scenario = run(function* (ctx) {
      yield ctx.waitForExternalEvent('e', { timeout: 5_000 });
      yield ctx.callActivity('a');
    });
    expect(scenario.deliver(raised('e')).last.cancelledTimers).toEqual([{ taskId: 0, fireAt: START + 6_000 }]);
    expect(scenario.deliver(fired(0)).last.status).toBe('Running');
  });

  it('[E3] an event that is there already needs no timer', () => {
    const scenario = run(function* (ctx) {
      yield ctx.callActivity('a');
      return yield* ctx.waitForExternalEvent('e', { timeout: 0 });
    });
    scenario.deliver(raised('e', 'early')).deliver(completed(0));
    expect([scenario.result, scenario.outputs]).toEqual(['early', []]);
  });

  it.each([[NaN], [Infinity], ['5']])('[E3] timeout %p is refused at the call', (timeout) => {
    const { failure } = run(function* (ctx) { yield ctx.waitForExternalEvent('e', { timeout: timeout as number }); });
    expect(failure.errorMessage).toContain('timeout');
  });

  it('[E5] sendEvent is an action without a task', () => {
    const scenario = run(function* (ctx) { return ctx.sendEvent('other', 'ready', 0) ?? 'nothing'; });
    expect(scenario.outputs).toEqual([{ type: 'EventSent', taskId: 0, instanceId: 'other', name: 'ready', input: '0' }]);
    expect(scenario.result).toBe('nothing');
    expect(run(function* (ctx) { ctx.sendEvent('@e@1', 'ready'); }).failure.errorType).toBe('InvalidInstanceIdError');
  });
});
