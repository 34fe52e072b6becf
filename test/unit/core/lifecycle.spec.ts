import type { OrchestrationContext } from '../../../lib/core/index.js';
import { completed, failed, fired, raised, resumed, run, Scenario, START, suspended, terminated } from '../support/episodes.js';

describe('how an orchestration ends [O9, O10]', () => {
  it('[O9] an uncaught error fails the instance; its failure details are the output', () => {
    const scenario = run(function* () {
      throw new RangeError('too much', { cause: new TypeError('why') });
    });
    expect(scenario.last).toMatchObject({
      status: 'Failed',
      failureDetails: { errorType: 'RangeError', errorMessage: 'too much', innerFailure: { errorType: 'TypeError', errorMessage: 'why' } },
    });
    expect(scenario.last).not.toHaveProperty('result');
    expect(scenario.history.at(-2)).toMatchObject({ type: 'ExecutionCompleted', status: 'Failed' });
  });

  it('[O8] a task that failed before anyone waited for it throws at the yield that joins it', () => {
    const scenario = run(function* (ctx) {
      const early = ctx.callActivity('early');
      yield ctx.callActivity('late');
      try {
        yield early;
      } catch (error) {
        return (error as Error).message;
      }
      return 'not thrown';
    });
    scenario.deliver(failed(0, 'long ago'));
    expect(scenario.deliver(completed(1)).result).toContain('long ago');
  });

  it('[O10] completes at once with tasks open: activities still run, timers are deleted', () => {
    const scenario = run(function* (ctx) {
      ctx.createTimer(60_000);
      ctx.callActivity('background');
      yield ctx.waitForExternalEvent('end');
      ctx.createTimer(1_000);
      ctx.callActivity('last');
      return 'done';
    });
    const fireAt = START + 1_000 + 60_000;
    expect(scenario.outputs).toMatchObject([{ type: 'TimerCreated', fireAt }, { type: 'TaskScheduled' }]);
    scenario.deliver(raised('end'));
    expect(scenario.result).toBe('done');
    expect(scenario.outputs).toMatchObject([{ type: 'TaskScheduled', taskId: 3, name: 'last' }]);
    expect(scenario.last.cancelledTimers).toEqual([{ taskId: 0, fireAt }]);
  });

  it('[O10] a timer that fires with the end has no row to delete any more', () => {
    const scenario = run(function* (ctx) {
      ctx.createTimer(60_000);
      yield ctx.waitForExternalEvent('end');
    });
    expect(scenario.deliver(raised('end'), fired(0)).last.cancelledTimers).toEqual([]);
  });

  it('[Y7] code that is dropped is never returned: finally blocks do not run', () => {
    const ran: string[] = [];
    const scenario = run(function* (ctx) {
      try {
        yield ctx.waitForExternalEvent('never');
      } finally {
        ran.push('finally');
      }
    });
    expect(scenario.deliver(terminated('enough')).last).toMatchObject({ status: 'Terminated', result: '"enough"' });
    const refused = run(function* () {
      try {
        yield 'no task';
      } finally {
        ran.push('finally');
      }
    });
    expect(refused.last.status).toBe('Failed');
    expect(ran).toEqual([]);
  });
});

describe('pending and suspended instances [E4, K7]', () => {
  it('[E4] the code begins at the end of the inputs, and then gets what came before, in order', () => {
    const scenario = new Scenario(function* (ctx) {
      const first: unknown = yield ctx.waitForExternalEvent('e');
      const second: unknown = yield ctx.waitForExternalEvent('e');
      return [first, second];
    });
    expect(scenario.deliver(raised('e', 1)).last.status).toBe('Pending');
    expect(scenario.start(undefined, raised('e', 2)).result).toEqual([1, 2]);
  });

  it('[K1] nothing runs before startAt; an episode without inputs at that time begins', () => {
    const scenario = run(() => 'begun', undefined, { started: { startAt: START + 60_000 } });
    expect(scenario.last.status).toBe('Pending');
    expect(scenario.deliver(raised('e')).last.status).toBe('Pending');
    expect(scenario.wait(60_000).deliver().result).toBe('begun');
  });

  it('[K7] while suspended everything is kept, and released in order on resume', () => {
    const scenario = run(function* (ctx) {
      const order: unknown[] = [];
      ctx.createTimer(1_000);
      const timer = ctx.createTimer(2_000);
      const [event, activity] = [ctx.waitForExternalEvent('e'), ctx.callActivity('a')];
      const tasks = new Map<unknown, string>([[timer, 'timer'], [event, 'event'], [activity, 'activity']]);
      while (tasks.size > 0) {
        const winner: unknown = yield ctx.any([...tasks.keys()] as never);
        order.push(tasks.get(winner));
        tasks.delete(winner);
      }
      return order;
    });
    expect(scenario.deliver(suspended).last.status).toBe('Suspended');
    expect(scenario.deliver(raised('e'), fired(1)).last.status).toBe('Suspended');
    expect(scenario.deliver(completed(2)).last.status).toBe('Suspended');
    expect(scenario.deliver(resumed).result).toEqual(['event', 'timer', 'activity']);
  });

  it('[I4] a second ExecutionStarted changes nothing', () => {
    const scenario = run(function* (ctx) {
      yield ctx.waitForExternalEvent('e');
      return [ctx.name, ctx.version ?? 'none'];
    });
    scenario.deliver({ type: 'ExecutionStarted', name: 'another', version: '2', customStatus: '1' }, raised('e'));
    expect([scenario.result, scenario.last.customStatus]).toEqual([['subject', 'none'], undefined]);
  });

  it('[K6] what the code did in the episode that ends by terminate is not performed, but for sent events', () => {
    const scenario = run(function* (ctx) {
      yield ctx.waitForExternalEvent('e');
      ctx.createTimer(1);
      ctx.sendEvent('other', 'kept');
      yield ctx.all([ctx.callActivity('a'), ctx.callSubOrchestrator('b')]);
    });
    scenario.deliver(raised('e'), terminated());
    expect(scenario.outputs).toMatchObject([{ type: 'EventSent', name: 'kept' }]);
    expect(scenario.last.cancelledTimers).toEqual([]);
  });

  it('[K6] a pending instance can be suspended, and begins when resumed', () => {
    const scenario = run(() => 'begun', undefined, { started: { startAt: START + 5_000 } });
    expect(scenario.deliver(suspended).last.status).toBe('Suspended');
    expect(scenario.wait(60_000).deliver().last.status).toBe('Suspended');
    expect(scenario.deliver(resumed).result).toBe('begun');
  });

  it('[K6] terminate ends pending, suspended and running instances without running code', () => {
    let runs = 0;
    const orchestrator = function* (ctx: OrchestrationContext) {
      runs += 1;
      ctx.createTimer(10_000);
      yield ctx.callActivity('a');
      runs += 1;
    };
    const pending = run(orchestrator, undefined, { started: { startAt: START + 60_000 } });
    expect(pending.deliver(terminated()).last).toMatchObject({ status: 'Terminated', outputs: [] });
    expect(new Scenario(orchestrator).start(undefined, terminated()).last.status).toBe('Terminated');
    expect(runs).toBe(0);
    const running = run(orchestrator).deliver(suspended, completed(0));
    expect(running.deliver(terminated('r')).last).toMatchObject({
      status: 'Terminated',
      result: '"r"',
      cancelledTimers: [{ taskId: 0 }],
    });
  });
});
