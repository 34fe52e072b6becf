import { subOrchestrationId, TaskFailedError, validateInstanceId } from '../../../lib/core/index.js';
import { run, subCompleted, subFailed } from '../support/episodes.js';

const parent = { name: 'p', instanceId: 'parent', executionId: 'x', taskId: 0 };

describe('sub-orchestrations', () => {
  it('[S1] the default id is derived from the execution id and the task id', () => {
    const scenario = run(function* (ctx) {
      yield ctx.all([ctx.callSubOrchestrator('ship'), ctx.callSubOrchestrator('ship')]);
    });
    expect(scenario.outputs).toEqual([
      { type: 'SubOrchestrationInstanceCreated', taskId: 0, name: 'ship', instanceId: subOrchestrationId('execution-1', 0), defaultId: true },
      { type: 'SubOrchestrationInstanceCreated', taskId: 1, name: 'ship', instanceId: subOrchestrationId('execution-1', 1), defaultId: true },
    ]);
  });

  it('[S1] no collision across continueAsNew', () => {
    const scenario = run(function* (ctx, round: number) {
      if (round === 0) ctx.continueAsNew(1);
      yield ctx.callSubOrchestrator('ship');
    }, 0);
    expect(scenario.deliver().outputs).toMatchObject([{ taskId: 0, instanceId: subOrchestrationId('execution-2', 0) }]);
  });

  it('[S1] default ids are of bounded length however deep, and valid', () => {
    const id = subOrchestrationId('0f8fad5b-d9cb-469f-a165-70867728950e', 99_999);
    expect(id.length).toBeLessThan(50);
    expect(() => validateInstanceId(id)).not.toThrow();
  });

  it('an explicit id and a version are recorded', () => {
    const scenario = run(function* (ctx) {
      yield ctx.callSubOrchestrator('ship', { weight: 0 }, { instanceId: 'parcel-1', version: '2' });
    });
    expect(scenario.outputs).toMatchObject([{ instanceId: 'parcel-1', version: '2', input: '{"weight":0}', defaultId: false }]);
  });

  it.each([
    ['its own id', 'instance', /the calling instance itself/],
    ["its parent's id", 'parent', /the calling instance's parent/],
    ['an id that breaks the rules', '@entity@1', /belong to entities/],
  ])('[S1] %s is refused at the call', (_what, instanceId, message) => {
    const scenario = run(function* (ctx) {
      try {
        yield ctx.callSubOrchestrator('ship', 1, { instanceId });
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
      return 'not refused';
    }, undefined, { started: { parent } });
    expect(scenario.result).toMatch(/^InvalidInstanceIdError/);
    expect(scenario.result).toMatch(message);
    expect(scenario.outputs).toEqual([]);
  });

  it('[S2] a failure is thrown in the parent with the inner details', () => {
    const scenario = run(function* (ctx) {
      try {
        yield* ctx.callSubOrchestrator('ship');
      } catch (error) {
        return error instanceof TaskFailedError && [error.taskName, error.failureDetails.innerFailure?.errorType];
      }
      return 'not thrown';
    });
    const innerFailure = { errorType: 'NoTruck', errorMessage: 'none left', isNonRetriable: false };
    expect(scenario.deliver(subFailed(0, { errorType: 'TaskFailedError', innerFailure })).result).toEqual(['ship', 'NoTruck']);
  });

  it('[O4] the result of a child, falsy ones too', () => {
    const scenario = run(function* (ctx) { return yield* ctx.callSubOrchestrator<number>('count'); });
    expect(scenario.deliver(subCompleted(0, 0)).result).toBe(0);
  });
});
