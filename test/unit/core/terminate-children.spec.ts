/** Which sub-orchestrations end with an instance that is terminated recursively [K4]. */
import type { InputEvent } from '../../../lib/core/index.js';
import { raised, run, subCompleted, subFailed, suspended, terminated } from '../support/episodes.js';

const recursively = (reason?: string): InputEvent => ({ type: 'ExecutionTerminated', ...(reason !== undefined && { reason }), recursive: true });

const threeChildren = (last?: string) =>
  run(function* (ctx) {
    const calls = ['a', 'b', 'c'].map((instanceId) => ctx.callSubOrchestrator('child', undefined, { instanceId }));
    yield ctx.waitForExternalEvent('go');
    if (last !== undefined) calls.push(ctx.callSubOrchestrator('child', undefined, { instanceId: last }));
    yield ctx.all(calls);
  });

describe('terminate with open sub-orchestrations', () => {
  it('[K4] names those that have not ended, with the reason', () => {
    const scenario = threeChildren().deliver(subCompleted(1));
    expect(scenario.deliver(recursively('enough')).last).toMatchObject({
      status: 'Terminated', result: '"enough"', outputs: [], terminatedChildren: { instanceIds: ['a', 'c'], reason: 'enough' },
    });
  });

  it('[K4] names none when it is not recursive', () => {
    expect(threeChildren().deliver(terminated('enough')).last.terminatedChildren).toBeUndefined();
  });

  it('[K4] names none that has failed, or whose end is held back because the instance is suspended', () => {
    const scenario = threeChildren().deliver(suspended, subCompleted(0), subFailed(2));
    expect(scenario.deliver(recursively()).last.terminatedChildren).toEqual({ instanceIds: ['b'] });
  });

  it('[K4] names none that is called in the same episode: it is never created', () => {
    const scenario = threeChildren('d');
    expect(scenario.deliver(raised('go'), recursively()).last).toMatchObject({ outputs: [], terminatedChildren: { instanceIds: ['a', 'b', 'c'] } });
  });

  it('[K4] names the child of the attempt that is open, and none between two attempts', () => {
    const retrying = () =>
      run(function* (ctx) {
        yield ctx.callSubOrchestrator('child', undefined, { instanceId: 'a', retry: { firstRetryInterval: 1_000, maxNumberOfAttempts: 3 } });
      });
    expect(retrying().deliver(recursively()).last.terminatedChildren).toEqual({ instanceIds: ['a'] });
    expect(retrying().deliver(subFailed(0)).deliver(recursively()).last.terminatedChildren).toEqual({ instanceIds: [] });
  });

  it('[K4] names them as history has them when the code has changed', () => {
    const scenario = threeChildren().deliver(subCompleted(0));
    const last = scenario.replayWith(function* (ctx) {
      yield ctx.callActivity('something else');
    }, recursively());
    expect(last).toMatchObject({ status: 'Terminated', terminatedChildren: { instanceIds: ['b', 'c'] } });
  });

  it('[K4] names a child whose failure a rewind took back: it runs again', () => {
    const scenario = run(function* (ctx) {
      yield ctx.callSubOrchestrator('child', undefined, { instanceId: 'a' });
    });
    scenario.deliver(subFailed(0)).rewind();
    expect(scenario.deliver(recursively()).last.terminatedChildren).toEqual({ instanceIds: ['a'] });
  });

  it('[C2] names none of the generation before', () => {
    const scenario = run(function* (ctx, round: number) {
      if (round === 0) {
        ctx.callSubOrchestrator('child', undefined, { instanceId: 'a' });
        yield ctx.waitForExternalEvent('go');
        ctx.continueAsNew(1);
      }
      yield ctx.waitForExternalEvent('never');
    }, 0);
    scenario.deliver(raised('go'));
    expect(scenario.deliver().deliver(recursively()).last.terminatedChildren).toEqual({ instanceIds: [] });
  });
});
