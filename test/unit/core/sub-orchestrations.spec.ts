import {
  partitionOf, subOrchestrationId, TaskFailedError, validateInstanceId, type DurableTask, type OrchestrationContext,
} from '../../../lib/core/index.js';
import type { OutputEvent } from '../../../lib/core/history.js';
import { run, Scenario, subCompleted, subFailed } from '../support/episodes.js';

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

  describe('default ids among 16 partitions', () => {
    const options = { partitionCount: 16 };
    const partitionsOf = (outputs: readonly OutputEvent[]) =>
      outputs.flatMap((output) => (output.type === 'SubOrchestrationInstanceCreated' ? [partitionOf(output.instanceId, 16)] : []));
    const own = partitionOf('instance', 16);

    it('[S1] lie in the partition of the parent while it has at most 100 open sub-orchestrations, then anywhere', () => {
      const scenario = run(function* (ctx) {
        yield ctx.all(Array.from({ length: 164 }, () => ctx.callSubOrchestrator('ship')));
      }, undefined, options);
      const partitions = partitionsOf(scenario.outputs);
      expect(new Set(partitions.slice(0, 100))).toEqual(new Set([own]));
      expect(new Set(partitions.slice(100)).size).toBeGreaterThan(10);
    });

    it('[S1] lie there again when open ones have answered, warm and cold', () => {
      const scenario = run(function* (ctx) {
        const first = Array.from({ length: 102 }, () => ctx.callSubOrchestrator('ship'));
        yield ctx.any(first);
        yield ctx.all(first.slice(0, 5));
        yield ctx.all(Array.from({ length: 3 }, () => ctx.callSubOrchestrator('ship')));
      }, undefined, options);
      scenario.deliver(...[0, 1, 2, 3].map((taskId) => subCompleted(taskId, null)), subFailed(101));
      const partitions = partitionsOf(scenario.deliver(subCompleted(4, null)).outputs);
      expect(partitions).toEqual([own, own, own]);
    });

    it('[S1] are the same when a history is replayed that was recorded with other ids', () => {
      const orchestrator = function* (ctx: OrchestrationContext): Generator<DurableTask<unknown>, unknown, unknown> {
        return [yield ctx.callSubOrchestrator('ship'), yield ctx.callSubOrchestrator('ship')];
      };
      const before = run(orchestrator, undefined, { partitionCount: 1 });
      const after = new Scenario(orchestrator, options);
      [after.history, after.time] = [before.history, before.time];
      const { status, outputs } = after.replayWith(orchestrator, subCompleted(0, 'done'));
      expect({ status, partitions: partitionsOf(outputs) }).toEqual({ status: 'Running', partitions: [own] });
    });
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
