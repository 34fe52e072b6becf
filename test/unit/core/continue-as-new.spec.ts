import type { OrchestrationContext } from '../../../lib/core/index.js';
import { completed, failed, fired, raised, resumed, run, Scenario, START, suspended, terminated } from '../support/episodes.js';

/** Takes one event `e`, then goes on as new; the second generation gives what it waits for. */
function* twoGenerations(ctx: OrchestrationContext, input: { round: number; preserve?: boolean }): Generator<any, any, any> {
  if (input.round > 1) return [yield ctx.waitForExternalEvent('e'), yield ctx.waitForExternalEvent('f')];
  yield ctx.waitForExternalEvent('e');
  ctx.continueAsNew({ round: input.round + 1 }, input.preserve === undefined ? undefined : { preserveUnprocessedEvents: input.preserve });
}

describe('continueAsNew', () => {
  it('[C1] ends the generation with its new input; the instance stays Running [C3]', () => {
    const scenario = run(twoGenerations, { round: 1 }).deliver(raised('e'));
    expect(scenario.last).toMatchObject({ status: 'Running', continueAsNew: { input: '{"round":2}', carryOver: [] } });
    expect(scenario.last.events.slice(-2)).toEqual([{ type: 'ContinueAsNew', input: '{"round":2}' }, { type: 'OrchestratorCompleted' }]);
    expect(scenario.last).not.toHaveProperty('result');
  });

  it('[C1] unprocessed events are kept in order, those of the same batch too', () => {
    const scenario = run(twoGenerations, { round: 1 });
    scenario.deliver(raised('f', 'f1'), raised('x', 'x1')).deliver(raised('f', 'f2'), raised('e', 'e1'), raised('x', 'x2'), completed(7), raised('e', 'e2'));
    expect(scenario.last.continueAsNew?.carryOver).toEqual([
      raised('f', 'f1'), raised('x', 'x1'), raised('f', 'f2'), raised('x', 'x2'), raised('e', 'e2'),
    ]);
    expect(scenario.deliver().result).toEqual(['e2', 'f1']);
  });

  it('[C1] unless preserveUnprocessedEvents is false', () => {
    const scenario = run(twoGenerations, { round: 1, preserve: false });
    scenario.deliver(raised('f', 'f1'), raised('e'), raised('e', 'e2'), suspended);
    expect(scenario.last.continueAsNew?.carryOver).toEqual([suspended]);
  });

  it('[C1] events that came while it was suspended go over too', () => {
    const scenario = run(twoGenerations, { round: 1 });
    scenario.deliver(suspended, raised('e', 1)).deliver(raised('e', 2), raised('f', 3));
    expect(scenario.deliver(resumed).deliver().result).toEqual([2, 3]);
  });

  it('[K6] a terminate that came too late for this generation ends the next, without running it', () => {
    const scenario = run(twoGenerations, { round: 1 }).deliver(raised('e'), terminated('stop'));
    expect(scenario.last.continueAsNew?.carryOver).toEqual([terminated('stop')]);
    expect(scenario.deliver().last).toMatchObject({ status: 'Terminated', result: '"stop"' });
  });

  it('[C2] open timers and activities are dropped, those of the same episode never start; sent events are kept', () => {
    const scenario = run(function* (ctx) {
      ctx.createTimer(60_000);
      ctx.callActivity('slow');
      yield ctx.waitForExternalEvent('e');
      ctx.callActivity('dropped');
      ctx.callSubOrchestrator('dropped');
      ctx.createTimer(1_000);
      ctx.sendEvent('other', 'kept');
      ctx.continueAsNew();
      yield ctx.callActivity('ignored');
    });
    scenario.deliver(raised('e'));
    expect(scenario.outputs).toEqual([{ type: 'EventSent', taskId: 5, instanceId: 'other', name: 'kept' }]);
    expect(scenario.last.cancelledTimers).toEqual([{ taskId: 0, fireAt: START + 61_000 }]);
    expect(scenario.last.events).not.toContainEqual(expect.objectContaining({ name: 'ignored' }));
  });

  it('[C2] what is called after it is ignored', () => {
    const scenario = run(function* (ctx, round: number) {
      if (round > 0) return 'second generation';
      ctx.continueAsNew(1);
      ctx.continueAsNew(2);
      ctx.setCustomStatus('ignored');
      ctx.sendEvent('other', 'ignored');
      const timer = ctx.createTimer(1);
      timer.cancel();
      const event = ctx.waitForExternalEvent('e', { timeout: 1 });
      yield ctx.any([ctx.callActivity('a'), ctx.callSubOrchestrator('b'), timer, event]);
      return 'not reached';
    }, 0);
    expect(scenario.last).toMatchObject({ outputs: [], customStatus: undefined, continueAsNew: { input: '1' } });
    expect(scenario.deliver().result).toBe('second generation');
  });

  it('[C2] called in the handle of a retry policy it ends the generation before the next attempt', () => {
    const scenario = run(function* (ctx, round: number) {
      const retry = { firstRetryInterval: 1, maxNumberOfAttempts: 5, handle: () => (ctx.continueAsNew(round + 1), true) };
      if (round === 0) yield ctx.callActivity('a', 0, { retry });
      return round;
    }, 0);
    scenario.deliver(failed(0));
    expect(scenario.last).toMatchObject({ status: 'Running', outputs: [], continueAsNew: { input: '1' } });
    expect(scenario.last.events).not.toContainEqual(expect.objectContaining({ type: 'TimerCreated' }));
    expect(scenario.deliver().result).toBe(1);
  });

  it('[C2] late results of the old generation are ignored', () => {
    const scenario = run(twoGenerations, { round: 1 }).deliver(raised('e'));
    expect(scenario.deliver(completed(0), fired(1)).last.status).toBe('Running');
  });

  it('an error thrown after it fails the instance', () => {
    const scenario = run(function* (ctx) {
      ctx.continueAsNew(1);
      throw new Error('after all');
    });
    expect(scenario.last).toMatchObject({ status: 'Failed', failureDetails: { errorMessage: 'after all' } });
    expect(scenario.last).not.toHaveProperty('continueAsNew');
  });

  it('an input that JSON cannot hold is refused at the call', () => {
    expect(run(function* (ctx) { ctx.continueAsNew(1n); }).failure.errorType).toBe('SerializationError');
  });

  it('[S4] the next generation keeps parent and version', () => {
    const parent = { name: 'p', instanceId: 'parent', executionId: 'x', taskId: 3 };
    const scenario = new Scenario(
      function* (ctx, round: number) {
        if (round === 0) return ctx.continueAsNew(1);
        return [ctx.parentInstanceId, ctx.version];
      },
      { started: { parent, version: '2' } },
    ).start(0);
    expect(scenario.deliver().result).toEqual(['parent', '2']);
  });

  it('inputs that come while the first episode is open join it, and time goes on', () => {
    const scenario = run(twoGenerations, { round: 1 }).deliver(raised('e'));
    scenario.wait(60_000).deliver(raised('e', 1));
    expect(scenario.history.map((event) => event.type)).toEqual([
      'OrchestratorStarted', 'ExecutionStarted', 'OrchestratorStarted', 'EventRaised', 'OrchestratorCompleted',
    ]);
    expect(scenario.deliver(raised('f', 2)).result).toEqual([1, 2]);
  });
});
