import { idempotencyKey, isCausedBy, NonRetriableError, TaskFailedError, type RetryOptions } from '../../../lib/core/index.js';
import { completed, failed, fired, raised, run, START, subCompleted, subFailed } from '../support/episodes.js';

const retry: RetryOptions = { firstRetryInterval: 1_000, maxNumberOfAttempts: 3 };

function charge(options: RetryOptions = retry) {
  return run(function* (ctx) {
    return yield* ctx.callActivity('charge', 'order', { retry: options });
  });
}

describe('failures of activities [A2]', () => {
  it('[A2] throw TaskFailedError with name, task id and details at the yield', () => {
    const caught: TaskFailedError[] = [];
    const scenario = run(function* (ctx) {
      ctx.callActivity('other');
      try {
        yield* ctx.callActivity('charge');
      } catch (error) {
        caught.push(error as TaskFailedError);
      }
    });
    scenario.deliver(failed(1, 'no funds', { errorType: 'Declined', innerFailure: { errorType: 'BankError', errorMessage: 'x', isNonRetriable: false } }));
    const [error] = caught;
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ name: 'TaskFailedError', taskName: 'charge', taskId: 1, failureDetails: { errorType: 'Declined', errorMessage: 'no funds' } });
    expect(error?.message).toBe("'charge' (task 1) failed: Declined: no funds");
  });

  it('[A2] isCausedBy searches the chain by class or name', () => {
    class Declined extends Error {}
    const inner = { errorType: 'Declined', errorMessage: '', isNonRetriable: false };
    const error = new TaskFailedError('charge', 0, { errorType: 'Outer', errorMessage: '', isNonRetriable: false, innerFailure: inner });
    expect([error.isCausedBy(Declined), error.isCausedBy('Declined'), error.isCausedBy('Outer'), error.isCausedBy(Error)]).toEqual([true, true, true, true]);
    expect([error.isCausedBy(RangeError), error.isCausedBy('declined')]).toEqual([false, false]);
    expect(isCausedBy({ ...inner, errorType: 'NonRetriableError' }, NonRetriableError)).toBe(true);
  });

  it('[A1] the idempotency key is that of the call, over all attempts', () => {
    const scenario = charge();
    expect(scenario.outputs).toMatchObject([{ taskId: 0, callId: 0, attempt: 1, input: '"order"' }]);
    expect(scenario.deliver(failed(0)).deliver(fired(1)).outputs).toMatchObject([{ taskId: 2, callId: 0, attempt: 2, input: '"order"' }]);
    expect(idempotencyKey('execution', 0)).toBe(idempotencyKey('execution', 0));
    expect(new Set([idempotencyKey('e', 0), idempotencyKey('e', 1), idempotencyKey('f', 0)]).size).toBe(3);
  });

  it('[O1] a name that is no string, or empty, is refused at the call', () => {
    for (const name of [undefined, '', 5]) {
      const { failure } = run(function* (ctx) { yield ctx.callActivity(name as string); });
      expect(failure).toMatchObject({ errorType: 'TypeError', errorMessage: expect.stringContaining('ctx.callActivity') });
    }
  });
});

describe('retries [R1–R4, A6]', () => {
  it.each([
    ['firstRetryInterval', 0], ['firstRetryInterval', -1], ['firstRetryInterval', NaN], ['firstRetryInterval', Infinity],
    ['firstRetryInterval', '5'], ['maxNumberOfAttempts', 0], ['maxNumberOfAttempts', 1.5], ['maxNumberOfAttempts', Infinity],
    ['backoffCoefficient', 0], ['backoffCoefficient', NaN], ['maxRetryInterval', -1], ['retryTimeout', Infinity], ['retryTimeout', 0],
  ])('[R1] %s: %p is refused at the call', (option, value) => {
    const { failure } = charge({ ...retry, [option]: value });
    expect(failure).toMatchObject({ errorType: 'RangeError', errorMessage: expect.stringContaining(`retry.${option}`) });
    expect(failure.errorMessage).toContain("orchestrator 'subject', instance 'instance'");
  });

  it('[R1] a handle that is no function is refused', () => {
    expect(charge({ ...retry, handle: true as never }).failure.errorType).toBe('TypeError');
  });

  it('[R1] attempts count the first call; [R2] no timer after the last one; the last error is final', () => {
    const scenario = charge({ ...retry, maxNumberOfAttempts: 2 });
    scenario.deliver(failed(0, 'first')).deliver(fired(1)).deliver(failed(2, 'last'));
    expect(scenario.failure).toMatchObject({ errorMessage: "'charge' (task 2) failed: Error: last", innerFailure: { errorMessage: 'last' } });
    expect(scenario.history.map((event) => event.type).filter((type) => /^(Task|Timer)/.test(type))).toEqual([
      'TaskScheduled', 'TaskFailed', 'TimerCreated', 'TimerFired', 'TaskScheduled', 'TaskFailed',
    ]);
    expect(charge({ ...retry, maxNumberOfAttempts: 1 }).deliver(failed(0)).last.status).toBe('Failed');
  });

  it('[R2] the delay is min(first × backoff^n, max) from orchestration time', () => {
    const scenario = charge({ firstRetryInterval: 1_000, backoffCoefficient: 3, maxRetryInterval: 5_000, maxNumberOfAttempts: 9 });
    const delays: number[] = [];
    for (let id = 0; id < 6; id += 2) {
      scenario.deliver(failed(id));
      const [timer] = scenario.outputs;
      if (timer?.type === 'TimerCreated') delays.push(timer.fireAt - scenario.time);
      scenario.deliver(fired(id + 1));
    }
    expect(delays).toEqual([1_000, 3_000, 5_000]);
    expect(scenario.deliver(completed(6, 'paid')).result).toBe('paid');
  });

  it('[R2] an enormous delay stays within the range of dates', () => {
    const scenario = charge({ firstRetryInterval: 1e300, backoffCoefficient: 1e300, maxNumberOfAttempts: 3 });
    expect(scenario.deliver(failed(0)).outputs).toMatchObject([{ fireAt: 8.64e15 }]);
  });

  it('[R1] retryTimeout: no attempt begins later than that after the first call', () => {
    const scenario = charge({ ...retry, retryTimeout: 2_500 });
    expect(scenario.deliver(failed(0)).outputs).toMatchObject([{ type: 'TimerCreated' }]);
    expect(scenario.deliver(fired(1)).deliver(failed(2)).last.status).toBe('Failed');
  });

  it('[A6] a non-retriable failure ends the retries at once', () => {
    expect(charge().deliver(failed(0, 'card expired', { isNonRetriable: true })).last).toMatchObject({ status: 'Failed', outputs: [] });
  });

  it('[R3] handle decides: true takes the delay of the policy, a positive number is ms to wait', () => {
    const seen: unknown[] = [];
    const scenario = charge({
      ...retry,
      handle: (failure, ctx, attempt) => {
        seen.push([failure.errorMessage, ctx.instanceId, attempt]);
        return attempt === 1 ? true : 7_000;
      },
    });
    expect(scenario.deliver(failed(0, 'one')).outputs).toMatchObject([{ fireAt: START + 2_000 + 1_000 }]);
    expect(scenario.deliver(fired(1)).deliver(failed(2, 'two')).outputs).toMatchObject([{ fireAt: START + 4_000 + 7_000 }]);
    expect(seen).toContainEqual(['two', 'instance', 2]);
    expect(scenario.deliver(fired(3)).deliver(completed(4, 'paid')).result).toBe('paid');
  });

  it.each([[undefined], [null], [false], [NaN], [Infinity], [0], [-1], ['yes']])('[R3] handle that answers %p stops', (answer) => {
    const scenario = charge({ ...retry, handle: () => answer as never });
    expect(scenario.deliver(failed(0, 'final')).failure.innerFailure).toMatchObject({ errorMessage: 'final' });
  });

  it('[R3] an error thrown in handle fails the task with that error', () => {
    const scenario = charge({ ...retry, handle: () => { throw new SyntaxError('in handle'); } });
    expect(scenario.deliver(failed(0)).failure).toMatchObject({ errorType: 'SyntaxError', errorMessage: 'in handle' });
  });

  it('[R4] a call with retries counts as one child of all and any', () => {
    const scenario = run(function* (ctx) {
      return yield* ctx.all([ctx.callActivity('a', 1, { retry }), ctx.callActivity('b', 2, { retry })]);
    });
    scenario.deliver(failed(0), completed(1, 'b')).deliver(fired(2));
    expect(scenario.outputs).toMatchObject([{ taskId: 3, name: 'a', callId: 0, attempt: 2 }]);
    expect(scenario.deliver(completed(3, 'a')).result).toEqual(['a', 'b']);
  });

  it('[R4] likewise for sub-orchestrations, each attempt an instance of its own', () => {
    const scenario = run(function* (ctx) { return yield* ctx.callSubOrchestrator('ship', 1, { retry }); });
    const [first] = scenario.outputs;
    const [second] = scenario.deliver(subFailed(0)).deliver(fired(1)).outputs;
    expect([first, second]).toMatchObject([{ taskId: 0, input: '1' }, { taskId: 2, input: '1' }]);
    expect(first).not.toMatchObject({ instanceId: (second as { instanceId: string }).instanceId });
    expect(scenario.deliver(subCompleted(2, 'there')).result).toBe('there');
  });
});

describe('late and unknown answers [Y3]', () => {
  it('[A4] [Y3] answers for unknown, finished and cancelled tasks, and of the wrong kind, are ignored', () => {
    const scenario = run(function* (ctx) {
      const timer = ctx.createTimer(1_000);
      const a = ctx.callActivity<number>('a');
      yield a;
      timer.cancel();
      yield ctx.waitForExternalEvent('e');
      return a.result;
    });
    scenario.deliver(completed(99), fired(1), subCompleted(1, 'not mine'));
    scenario.deliver(completed(1, 'first'), completed(1, 'second'), failed(1));
    scenario.deliver(fired(0), raised('e'));
    expect(scenario.result).toBe('first');
    expect(scenario.log).toContainEqual(expect.stringMatching(/^debug: .*instance 'instance': TaskCompleted for task 99 is ignored/));
  });
});
