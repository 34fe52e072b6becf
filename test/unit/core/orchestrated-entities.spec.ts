/** Entities as orchestrators call and signal them [N8]. */
import { EntityId, TaskEntity, type OrchestrationContext } from '../../../lib/core/index.js';
import {
  completed, failed, operationCompleted, operationFailed, raised, resumed, run, START, suspended, terminated, type TestOrchestrator,
} from '../support/episodes.js';

const counter = new EntityId('Counter', 'a');

class Counter extends TaskEntity<number> {
  add(amount: number): number {
    return (this.state += amount);
  }
  get(): number {
    return this.state;
  }
}

const entity = { name: 'counter', operations: new Set(['add', 'get']) };

/** What a call throws, with its name in front. */
function refused(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'it was accepted';
}

describe('callEntity', () => {
  it('[N8] is a task that gives the result of the operation', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      return yield ctx.callEntity(counter, 'add', 5);
    });
    expect(scenario.outputs).toEqual([{ type: 'EntityOperationCalled', taskId: 0, entityId: '@counter@a', operation: 'add', input: '5' }]);
    expect(scenario.deliver(operationCompleted(0, 12)).result).toBe(12);
  });

  it.each([0, '', false, null, undefined])('[O4] input and result may be %p', (value) => {
    const scenario = run(function* (ctx) {
      const result: unknown = yield ctx.callEntity(counter, 'echo', value);
      return [result === undefined ? 'nothing' : result];
    });
    expect(scenario.outputs[0]).toEqual({ type: 'EntityOperationCalled', taskId: 0, entityId: '@counter@a', operation: 'echo', ...(value !== undefined && { input: JSON.stringify(value) }) });
    expect(scenario.deliver(operationCompleted(0, value)).result).toEqual([value === undefined ? 'nothing' : value]);
  });

  it('[N8] a failed operation throws TaskFailedError with entity and operation', () => {
    const scenario = run(function* (ctx) {
      try {
        return yield* ctx.callEntity(counter, 'add', 5);
      } catch (error) {
        const { name, taskName, taskId, failureDetails, message } = error as Record<string, unknown>;
        return { name, taskName, taskId, failureDetails, message };
      }
    });
    expect(scenario.deliver(operationFailed(0, 'overflow')).result).toEqual({
      name: 'TaskFailedError', taskName: '@counter@a.add', taskId: 0, failureDetails: { errorType: 'Error', errorMessage: 'overflow', isNonRetriable: false },
      message: "'@counter@a.add' (task 0) failed: Error: overflow",
    });
  });

  it('[O5] [O6] works in all, any and allSettled beside other tasks', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const settled = yield ctx.allSettled([ctx.callEntity(counter, 'get'), ctx.callEntity(counter, 'add', 1), ctx.callActivity('a')]);
      return settled.map(({ status }: { status: string }) => status);
    });
    expect(scenario.deliver(operationFailed(0), operationCompleted(1, 1), completed(2)).result).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });

  it('[Y3] answers for other tasks, of another kind or a second time, are ignored', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const first = yield ctx.callEntity(counter, 'get');
      return [first, yield ctx.callActivity('a')];
    });
    scenario.deliver(completed(0, 'no activity'), operationCompleted(7, 'unknown'));
    scenario.deliver(operationCompleted(0, 1), operationCompleted(0, 2), operationCompleted(1, 'no entity'), operationFailed(1));
    expect(scenario.deliver(completed(1, 'a')).result).toEqual([1, 'a']);
  });

  it('[K7] answers wait while the instance is suspended', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      return yield ctx.callEntity(counter, 'get');
    });
    expect(scenario.deliver(suspended, operationCompleted(0, 1)).last.status).toBe('Suspended');
    expect(scenario.deliver(resumed).result).toBe(1);
  });

  it('[O10] [C2] is carried out when the instance completes at once, and dropped by continueAsNew', () => {
    const forget = (again: boolean) => function* (ctx: OrchestrationContext, input: unknown) {
      ctx.callEntity(counter, 'add', 1);
      if (again && input === undefined) ctx.continueAsNew(1);
    };
    expect(run(forget(false)).outputs).toHaveLength(1);
    expect(run(forget(true)).outputs).toEqual([]);
  });
});

describe('signalEntity', () => {
  it('[N8] is no task; [N7] a scheduled time goes along', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const returned = [ctx.signalEntity(counter, 'add', 5), ctx.signalEntity(counter, 'reset', undefined, { scheduledTime: new Date(START) })];
      yield ctx.callActivity('a');
      return returned.length;
    });
    expect(scenario.outputs).toEqual([
      { type: 'EntityOperationSignaled', taskId: 0, entityId: '@counter@a', operation: 'add', input: '5' },
      { type: 'EntityOperationSignaled', taskId: 1, entityId: '@counter@a', operation: 'reset', scheduledTime: START },
      { type: 'TaskScheduled', taskId: 2, name: 'a', callId: 2, attempt: 1 },
    ]);
    expect(scenario.deliver(completed(2)).result).toBe(2);
  });

  it('[C2] those made before continueAsNew or terminate are sent, those after it are not', () => {
    const scenario = run(function* (ctx, input: unknown) {
      if (input !== undefined) return;
      yield ctx.waitForExternalEvent('go');
      ctx.signalEntity(counter, 'before');
      ctx.continueAsNew(1);
      ctx.signalEntity(counter, 'after');
      yield ctx.callEntity(counter, 'after');
    });
    expect(scenario.deliver(raised('go')).outputs).toMatchObject([{ type: 'EntityOperationSignaled', operation: 'before' }]);
    const waiting = run(function* (ctx) {
      yield ctx.waitForExternalEvent('go');
      ctx.signalEntity(counter, 'before');
      yield ctx.callEntity(counter, 'get');
    });
    expect(waiting.deliver(raised('go'), terminated()).outputs).toMatchObject([{ type: 'EntityOperationSignaled', operation: 'before' }]);
  });
});

describe('calls and signals', () => {
  it('[N1] [O2] are refused at the call for what is no id, operation, input or time', () => {
    const { result } = run(function (ctx) {
      return [
        () => ctx.callEntity('@counter@a' as never, 'get'),
        () => ctx.signalEntity({ name: 'counter', key: 'a' } as never, 'get'),
        () => ctx.callEntity(counter, ''),
        () => ctx.signalEntity(counter, 5 as never),
        () => ctx.callEntity(counter, 'add', 1n),
        () => ctx.signalEntity(counter, 'add', 'x'.repeat(2_000)),
        () => ctx.signalEntity(counter, 'add', 1, { scheduledTime: new Date(NaN) }),
        () => ctx.signalEntity(counter, 'add', 1, { scheduledTime: 5 as never }),
      ].map(refused);
    }, undefined, { maxPayloadBytes: 1_500 });
    const where = (call: string) => `${call} (orchestrator 'subject', instance 'instance')`;
    expect(result).toEqual([
      `TypeError: ${where('ctx.callEntity')} takes an EntityId, new EntityId(name, key), not the string @counter@a.`,
      `TypeError: ${where('ctx.signalEntity')} takes an EntityId, new EntityId(name, key), not a plain object.`,
      `TypeError: ${where('ctx.callEntity')}: the operation must be a string that is not empty, not the string .`,
      `TypeError: ${where('ctx.signalEntity')}: the operation must be a string that is not empty, not the number 5.`,
      expect.stringMatching(/^SerializationError: The input of operation 'add' of entity '@counter@a' in ctx.callEntity/),
      expect.stringMatching(/^PayloadTooLargeError: The input of operation 'add'/),
      `RangeError: ${where('ctx.signalEntity')}: scheduledTime must be a valid Date.`,
      `TypeError: ${where('ctx.signalEntity')}: scheduledTime must be a Date, not the number 5.`,
    ]);
  });

  it.each<[string, TestOrchestrator]>([
    ['calls', function* (ctx) { for (;;) ctx.callEntity(counter, 'add'); }],
    ['signals', function* (ctx) { for (;;) ctx.signalEntity(counter, 'add'); }],
  ])('[O14] %s count as actions', (_what, code) => {
    const scenario = run(code, undefined, { maxOrchestrationActions: 10 });
    expect(scenario.failure.errorMessage).toContain('more than 10 actions');
    expect(scenario.outputs).toEqual([]);
  });

  it('are refused outside of the episode', () => {
    let leaked!: OrchestrationContext;
    run(function* (ctx) {
      leaked = ctx;
      yield ctx.callEntity(counter, 'get');
    });
    const calls = [() => leaked.callEntity(counter, 'get'), () => leaked.signalEntity(counter, 'get'), () => leaked.lock(counter), () => leaked.isLocked()];
    expect(calls.map((call) => refused(call).split(' ')[0])).toEqual(Array(4).fill('OrchestratorError:'));
  });
});

describe('ctx.entity', () => {
  const withStub = (code: TestOrchestrator) => run(code, undefined, { entity });

  it('[N8] its methods call, those of its `signal` signal', () => {
    const scenario = withStub(function* (ctx) {
      const stub = ctx.entity(Counter, 'A');
      stub.signal.add(1);
      stub.signal.add(2, { scheduledTime: new Date(START) });
      stub.signal.get();
      return yield* stub.add(3);
    });
    const common = { entityId: '@counter@A' };
    expect(scenario.outputs).toEqual([
      { type: 'EntityOperationSignaled', taskId: 0, ...common, operation: 'add', input: '1' },
      { type: 'EntityOperationSignaled', taskId: 1, ...common, operation: 'add', input: '2', scheduledTime: START },
      { type: 'EntityOperationSignaled', taskId: 2, ...common, operation: 'get' },
      { type: 'EntityOperationCalled', taskId: 3, ...common, operation: 'add', input: '3' },
    ]);
    expect(scenario.deliver(operationCompleted(3, 9)).result).toBe(9);
  });

  it('[N3] can be destructured, and `delete` is implied', () => {
    const scenario = withStub(function* (ctx) {
      const { get, delete: remove, signal: { add } } = ctx.entity(Counter, 'a');
      add(1);
      yield* remove();
      return yield* get();
    });
    scenario.deliver(operationCompleted(1));
    expect(scenario.history.flatMap((event) => ('operation' in event ? [event.operation] : []))).toEqual(['add', 'delete', 'get']);
  });

  it('throws for what is no operation, no entity class or no key; promises do not take it for one of theirs', () => {
    const { result } = withStub(function (ctx) {
      const stub = ctx.entity(Counter, 'a') as any;
      return [() => stub.initializeState(), () => stub.signal.missing(1), () => ctx.entity(Counter, 'a/b'), () => ctx.entity(Counter, ''), () => stub.then?.(), () => stub.signal.then?.()].map(refused);
    });
    expect(result).toEqual([
      expect.stringMatching(/^TypeError: Counter.initializeState is no operation/), expect.stringMatching(/^TypeError: Counter.missing is no operation/),
      expect.stringMatching(/^InvalidInstanceIdError/), expect.stringMatching(/^InvalidInstanceIdError/), 'it was accepted', 'it was accepted',
    ]);
    expect(run(function (ctx) { return refused(() => ctx.entity(Counter, 'a')); }).result).toMatch(/^TypeError: Counter has no @Entity/);
  });
});

describe('histories with entities', () => {
  function* recorded(ctx: OrchestrationContext): Generator<unknown, unknown, any> {
    yield ctx.callEntity(counter, 'add', 1);
    ctx.signalEntity(counter, 'note', 1);
    const lock = yield ctx.lock(counter);
    lock.release();
    return yield ctx.waitForExternalEvent('end');
  }
  const history = () => run(recorded).deliver(operationCompleted(0)).deliver({ type: 'EntityLockGranted', taskId: 2 });

  it('[Y1] [Y4] each action takes the next number, and has the name of Azure', () => {
    expect(history().history.slice(2)).toEqual([
      { type: 'EntityOperationCalled', taskId: 0, entityId: '@counter@a', operation: 'add', input: '1' },
      { type: 'OrchestratorCompleted' },
      { type: 'OrchestratorStarted', timestamp: START + 2_000 },
      { type: 'EntityOperationCompleted', taskId: 0 },
      { type: 'EntityOperationSignaled', taskId: 1, entityId: '@counter@a', operation: 'note', input: '1' },
      { type: 'EntityLockRequested', taskId: 2, entityId: '@counter@a' },
      { type: 'OrchestratorCompleted' },
      { type: 'OrchestratorStarted', timestamp: START + 3_000 },
      { type: 'EntityLockGranted', taskId: 2 },
      { type: 'EntityUnlockSent', taskId: 3, entityId: '@counter@a', lockTaskId: 2 },
      { type: 'OrchestratorCompleted' },
    ]);
  });

  it('[Y1] keys, inputs, times and the case of operations are not compared', () => {
    const other = new EntityId('counter', 'B');
    const result = history().replayWith(function* (ctx): Generator<unknown, unknown, any> {
      yield ctx.callEntity(other, 'ADD', 2);
      ctx.signalEntity(other, 'Note', 2, { scheduledTime: new Date(5) });
      (yield ctx.lock(other)).release();
      return yield ctx.waitForExternalEvent('end');
    }, raised('end'));
    expect(result.status).toBe('Completed');
  });

  const list = new EntityId('list', 'a');
  it.each<[string, number, RegExp, RegExp, TestOrchestrator]>([
    ['another operation', 0, /call of operation 'add' of an entity 'counter'/, /call of operation 'get' of an entity 'counter'/, function* (ctx) { yield ctx.callEntity(counter, 'get'); }],
    ['a call of another entity', 0, /an entity 'counter'/, /call of operation 'add' of an entity 'list'/, function* (ctx) { yield ctx.callEntity(list, 'add'); }],
    ['a signal in place of a call', 0, /the call of operation 'add'/, /the signal 'add' to an entity 'counter'/, function* (ctx) { ctx.signalEntity(counter, 'add'); yield ctx.callActivity('a'); }],
    ['a signal to another entity', 1, /the signal 'note' to an entity 'counter'/, /the signal 'note' to an entity 'list'/, function* (ctx) { yield ctx.callEntity(counter, 'add'); ctx.signalEntity(list, 'note'); yield ctx.lock(counter); }],
    ['another lock', 2, /request for the lock of an entity 'counter'/, /request for the lock of an entity 'list'/, function* (ctx) { yield ctx.callEntity(counter, 'add'); ctx.signalEntity(counter, 'note'); yield ctx.lock(list); }],
    ['no release', 3, /release of the lock of an entity 'counter'/, /no such action/, function* (ctx) { yield ctx.callEntity(counter, 'add'); ctx.signalEntity(counter, 'note'); yield ctx.lock(counter); yield ctx.waitForExternalEvent('end'); }],
  ])('[Y2] %s is a disagreement', (_what, taskId, expected, actual, code) => {
    const { failureDetails } = history().replayWith(code, failed(9));
    expect(failureDetails).toMatchObject({ errorType: 'NonDeterminismError', properties: { taskId, recorded: expect.stringMatching(expected), actual: expect.stringMatching(actual) } });
  });
});
