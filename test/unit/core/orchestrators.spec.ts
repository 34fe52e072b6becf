import type { OrchestrationContext } from '../../../lib/core/index.js';
import { completed, failed, raised, run } from '../support/episodes.js';

describe('what is yielded [O1]', () => {
  const foreign = { task: undefined as unknown };

  it.each([
    ['undefined', () => undefined, 'undefined'],
    ['a number', () => 42, 'the number 42'],
    ['an array of tasks', (ctx: OrchestrationContext) => [ctx.callActivity('a')], 'an Array'],
    ['a promise', () => Promise.reject(new Error('nobody waits for this')), 'a Promise'],
    ['a plain object', () => ({ next: 1 }), 'a plain object'],
  ])('[O1] %s at the first yield fails the instance', (_what, make, words) => {
    const { failure } = run(function* (ctx) {
      yield make(ctx);
    });
    expect(failure.errorType).toBe('OrchestratorError');
    expect(failure.errorMessage).toContain("Orchestrator 'subject' (Subject.subject) of instance 'instance'");
    expect(failure.errorMessage).toContain(`yielded ${words}`);
  });

  it('[O1] also in a catch, later, and without the code having a say', () => {
    const scenario = run(function* (ctx) {
      try {
        yield ctx.callActivity('a');
      } catch {
        try {
          yield 'no task';
        } catch {
          return 'caught';
        }
      }
      return 'not failed';
    });
    expect(scenario.deliver(failed(0)).failure.errorMessage).toContain('yielded the string no task');
  });

  it('[O1] a task of another orchestrator is refused: it would never complete', () => {
    run(function* (ctx) {
      yield (foreign.task = ctx.callActivity('a'));
    });
    const { failure } = run(function* () {
      yield foreign.task;
    });
    expect(failure.errorMessage).toContain('yielded a task of another orchestrator');
  });
});

describe('tasks [O2]', () => {
  it('[O2] is scheduled when called, not when yielded', () => {
    const scenario = run(function* (ctx) {
      ctx.callActivity('first');
      const second = ctx.callActivity('second');
      return yield* second;
    });
    expect(scenario.outputs).toMatchObject([
      { type: 'TaskScheduled', taskId: 0, name: 'first' },
      { type: 'TaskScheduled', taskId: 1, name: 'second' },
    ]);
    expect(scenario.deliver(completed(1, 'two')).result).toBe('two');
  });

  it('[O2] isCompleted, isFaulted, isCanceled and result tell the state', () => {
    const scenario = run(function* (ctx) {
      const good = ctx.callActivity<number>('good');
      const bad = ctx.callActivity('bad');
      const timer = ctx.createTimer(1_000);
      const states = () => [good, bad, timer].map((task) => [task.isCompleted, task.isFaulted, task.isCanceled]);
      const before = states();
      let open = '';
      try {
        void good.result;
      } catch (error) {
        open = (error as Error).name;
      }
      yield ctx.allSettled([good, bad]);
      timer.cancel();
      let thrown = '';
      try {
        void bad.result;
      } catch (error) {
        thrown = (error as Error).name;
      }
      return { before, after: states(), result: good.result, open, thrown };
    });
    scenario.deliver(completed(0, 7), failed(1));
    expect(scenario.result).toEqual({
      before: [[false, false, false], [false, false, false], [false, false, false]],
      after: [[true, false, false], [true, true, false], [true, false, true]],
      result: 7,
      open: 'OrchestratorError',
      thrown: 'TaskFailedError',
    });
  });

  it.each([
    ['a BigInt', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
  ])('[O2] %s as input is refused at the call', (_what, input) => {
    const scenario = run(function* (ctx) {
      try {
        ctx.callActivity('charge', input);
      } catch (error) {
        return [(error as Error).name, (error as Error).message];
      }
      return 'not refused';
    });
    expect(scenario.result).toEqual(['SerializationError', expect.stringMatching(/input of activity 'charge'.*orchestrator 'subject', instance 'instance'/)]);
    expect(scenario.outputs).toEqual([]);
  });

  it('[O2] a task in place of its result is refused as input', () => {
    const { failure } = run(function* (ctx) {
      yield ctx.callActivity('b', ctx.callActivity('a'));
    });
    expect(failure).toMatchObject({ errorType: 'SerializationError', errorMessage: expect.stringContaining('yield it') });
  });

  it('[O2] an input over maxPayloadBytes is refused at the call', () => {
    const { failure } = run(
      function* (ctx) {
        yield ctx.callActivity('a', 'x'.repeat(100));
      },
      undefined,
      { maxPayloadBytes: 100 },
    );
    expect(failure).toMatchObject({ errorType: 'PayloadTooLargeError', properties: { bytes: 102, maxBytes: 100 } });
  });

  it('[O2] an output that JSON cannot hold fails the instance', () => {
    const { failure } = run(() => ({ amount: 1n }));
    expect(failure.errorType).toBe('SerializationError');
    expect(failure.errorMessage).toContain("The output of Orchestrator 'subject'");
  });
});

describe('handlers [O3]', () => {
  it('[O3] a plain synchronous method is an orchestrator that calls nothing', () => {
    expect(run((_ctx, input: number) => input + 1, 1).result).toBe(2);
  });

  it.each([
    ['async', async () => 1],
    ['an async generator', async function* () {}],
    ['async and rejects', async () => Promise.reject(new Error('nobody waits for this'))],
  ])('[O3] one that is %s fails with a message that names class and method', (_what, handler) => {
    const { failure } = run(handler);
    expect(failure.errorType).toBe('OrchestratorError');
    expect(failure.errorMessage).toContain('Subject.subject is asynchronous');
  });
});

describe('values [O4]', () => {
  it.each([0, '', false, null])('[O4] %p survives as input, result, event and output', (value) => {
    const scenario = run(function* (ctx, input) {
      const result: unknown = yield ctx.callActivity('echo', input);
      const event: unknown = yield ctx.waitForExternalEvent('e');
      return [input, ctx.getInput(), result, event];
    }, value);
    expect(scenario.outputs).toMatchObject([{ taskId: 0, input: JSON.stringify(value) }]);
    expect(scenario.deliver(completed(0, value), raised('e', value)).result).toEqual([value, value, value, value]);
    expect(run(() => value).last.result).toBe(JSON.stringify(value));
  });

  it('[O4] undefined is "no value"', () => {
    const scenario = run(function* (ctx, input) {
      const result: unknown = yield ctx.callActivity('nothing');
      return input === undefined && result === undefined ? undefined : 'a value';
    });
    expect(scenario.outputs[0]).not.toHaveProperty('input');
    expect(scenario.deliver(completed(0)).last).toMatchObject({ status: 'Completed' });
    expect(scenario.last).not.toHaveProperty('result');
  });

  it('[O4] a Date crosses as a string, warm and cold', () => {
    const scenario = run(function* (ctx) {
      const at = yield* ctx.callActivity<Date>('now', new Date(0));
      return typeof at;
    });
    expect(scenario.outputs).toMatchObject([{ input: '"1970-01-01T00:00:00.000Z"' }]);
    expect(scenario.deliver(completed(0, new Date(0))).result).toBe('string');
  });
});
