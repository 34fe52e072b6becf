import type { OrchestrationContext } from '../../../lib/core/index.js';
import { completed, failed, fired, raised, resumed, run, Scenario, START, suspended, terminated } from '../support/episodes.js';

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

describe('time, chance and log [O11, O12]', () => {
  it('[O11] currentUtcDateTime is the time of the episode: constant in it, monotone, a new Date each', () => {
    const scenario = run(function* (ctx) {
      const first = ctx.currentUtcDateTime;
      first.setTime(0);
      const times = [ctx.currentUtcDateTime.getTime(), ctx.currentUtcDateTime.getTime()];
      yield ctx.callActivity('a');
      times.push(ctx.currentUtcDateTime.getTime());
      yield ctx.callActivity('b');
      times.push(ctx.currentUtcDateTime.getTime());
      return times;
    });
    scenario.deliver(completed(0));
    scenario.wait(-60_000).deliver(completed(1));
    expect(scenario.result).toEqual([START + 1_000, START + 1_000, START + 2_000, START + 2_000]);
    expect(scenario.history.filter((event) => event.type === 'OrchestratorStarted').map((event) => event.timestamp)).toEqual([
      START + 1_000,
      START + 2_000,
      START + 2_000,
    ]);
  });

  it('[O11] the time of an episode is not before the timers that it delivers', () => {
    const scenario = run(function* (ctx) {
      yield ctx.createTimer(5_000);
      return ctx.currentUtcDateTime.getTime();
    });
    expect(scenario.deliver(fired(0, START + 6_000)).result).toBe(START + 6_000);
  });

  it('[O11] newGuid: a UUIDv5, equal on replay, distinct per call and per generation', () => {
    const scenario = run(function* (ctx) {
      const guids = [ctx.newGuid(), ctx.newGuid()];
      yield ctx.callActivity('use', guids);
      return [...guids, ctx.newGuid()];
    });
    const guids = scenario.deliver(completed(0)).result as string[];
    expect(new Set(guids).size).toBe(3);
    // What replay must give again: a stored format.
    expect(guids[0]).toBe('e2731406-5825-5edd-9075-62991c4589a0');
    for (const guid of guids) expect(guid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

    const generations = run(function* (ctx, before: string[] = []) {
      const all = [...before, ctx.newGuid()];
      if (all.length < 3) ctx.continueAsNew(all);
      return all;
    });
    generations.wait(-1_000).deliver().wait(-1_000).deliver();
    expect(new Set(generations.result as string[]).size).toBe(3);
  });

  it('[O12] isReplaying is right before the first yield, after all, and in the last episode', () => {
    const seen: string[] = [];
    const scenario = new Scenario(function* (ctx) {
      seen.push(`first ${ctx.isReplaying}`);
      yield ctx.all([ctx.callActivity('a'), ctx.callActivity('b')]);
      seen.push(`after all ${ctx.isReplaying}`);
      yield ctx.callActivity('c');
      seen.push(`last ${ctx.isReplaying}`);
    });
    const seenIn = (step: () => void) => (seen.splice(0), step(), [...seen]);
    expect(seenIn(() => scenario.start())).toEqual(['first false', 'first false']);
    expect(seenIn(() => scenario.deliver(completed(0)))).toEqual(['first true']);
    expect(seenIn(() => scenario.deliver(completed(1)))).toEqual(['after all false', 'first true', 'after all false']);
    expect(seenIn(() => scenario.deliver(completed(2)))).toEqual(['last false', 'first true', 'after all true', 'last false']);
  });

  it('[O12] ctx.log writes each line once, with instance id and orchestrator name', () => {
    const scenario = run(function* (ctx) {
      ctx.log.log('before');
      yield ctx.callActivity('a');
      ctx.log.warn('after');
      ctx.log.verbose('a level that this logger does not have');
    });
    scenario.deliver(completed(0));
    expect(scenario.log).toEqual(['log: [subject instance] before', 'warn: [subject instance] after']);
  });
});

describe('custom status [O13]', () => {
  it('[O13] is in the result of the episode; null clears it', () => {
    const scenario = run(function* (ctx) {
      ctx.setCustomStatus({ step: 1 });
      yield ctx.callActivity('a');
      ctx.setCustomStatus(0);
      yield ctx.callActivity('b');
      ctx.setCustomStatus(null);
    });
    expect(scenario.last.customStatus).toBe('{"step":1}');
    expect(scenario.deliver(completed(0)).last.customStatus).toBe('0');
    expect(scenario.deliver(completed(1)).last.customStatus).toBeUndefined();
  });

  it('[O13] more than 16 KB of UTF-8, or what JSON cannot hold, is refused at the call and changes nothing', () => {
    const scenario = run(function* (ctx) {
      ctx.setCustomStatus('é'.repeat(8_191));
      const errors: string[] = [];
      for (const status of ['é'.repeat(8_192), 1n]) {
        try {
          ctx.setCustomStatus(status);
        } catch (error) {
          errors.push((error as Error).name);
        }
      }
      return errors;
    });
    expect(scenario.result).toEqual(['PayloadTooLargeError', 'SerializationError']);
    expect(scenario.last.customStatus).toHaveLength(8_193);
  });

  it('[O13] is carried over by continueAsNew', () => {
    const scenario = run(function* (ctx, round: number) {
      if (round > 0) return yield* ctx.waitForExternalEvent('e');
      ctx.setCustomStatus('old');
      return ctx.continueAsNew(1);
    }, 0);
    expect(scenario.last.customStatus).toBe('"old"');
    expect(scenario.deliver().last).toMatchObject({ status: 'Running', customStatus: '"old"' });
  });
});

describe('limits and misuse [O14]', () => {
  it('[O14] more than maxOrchestrationActions in one episode fail the instance, even when the code catches it', () => {
    const scenario = run(
      function* (ctx) {
        try {
          for (;;) ctx.callActivity('again');
        } catch {
          return 'caught';
        }
      },
      undefined,
      { maxOrchestrationActions: 10 },
    );
    expect(scenario.failure.errorMessage).toMatch(/instance 'instance' did more than 10 actions .* maxOrchestrationActions/);
    expect(scenario.outputs).toEqual([]);
  });

  it('[O14] whatever the code throws or yields after it has caught that', () => {
    for (const end of ['throw', 'yield']) {
      const scenario = run(
        function* (ctx) {
          try {
            for (;;) ctx.createTimer(1);
          } catch {
            if (end === 'throw') throw new Error('something else');
            yield 'no task';
          }
        },
        undefined,
        { maxOrchestrationActions: 10 },
      );
      expect(scenario.failure.errorMessage).toContain('did more than 10 actions');
      expect(scenario.last.cancelledTimers).toEqual([]);
    }
  });

  it('[O14] counts per episode', () => {
    const scenario = run(
      function* (ctx) {
        for (let i = 0; i < 5; i++) yield ctx.all([ctx.callActivity('a'), ctx.callActivity('b')]);
        return 'done';
      },
      undefined,
      { maxOrchestrationActions: 2 },
    );
    for (let i = 0; i < 5; i++) scenario.deliver(completed(2 * i), completed(2 * i + 1));
    expect(scenario.result).toBe('done');
  });

  it('[O1] a context used outside of its episode throws', () => {
    let leaked: OrchestrationContext | undefined;
    const tasks: { cancel(): void }[] = [];
    const scenario = run(function* (ctx) {
      leaked = ctx;
      tasks.push(ctx.createTimer(1), ctx.waitForExternalEvent('e'));
      yield ctx.callActivity('a');
    });
    const calls: ((ctx: OrchestrationContext) => unknown)[] = [
      (ctx) => ctx.callActivity('b'),
      (ctx) => ctx.callSubOrchestrator('b'),
      (ctx) => ctx.createTimer(1),
      (ctx) => ctx.waitForExternalEvent('b'),
      (ctx) => ctx.sendEvent('other', 'b'),
      (ctx) => ctx.newGuid(),
      (ctx) => ctx.setCustomStatus(1),
      (ctx) => ctx.continueAsNew(),
      (ctx) => ctx.all([]),
      ...tasks.map((task) => () => task.cancel()),
    ];
    const assertAllThrow = () => {
      for (const call of calls) expect(() => call(leaked!)).toThrow(/was called outside of its episode.*Subject\.subject.*instance 'instance'/);
    };
    assertAllThrow();
    scenario.deliver(completed(1));
    assertAllThrow();
    expect(scenario.last.status).toBe('Completed');
  });
});

describe('what the context tells [O15]', () => {
  const whoAmI = (ctx: OrchestrationContext) => ({
    instanceId: ctx.instanceId,
    parentInstanceId: ctx.parentInstanceId ?? 'none',
    name: ctx.name,
    version: ctx.version ?? 'none',
    input: ctx.getInput(),
  });

  it('[O15] instanceId, name, version, input and, for sub-orchestrations, parentInstanceId', () => {
    expect(run(whoAmI, 5, { instanceId: 'order-1' }).result).toEqual({
      instanceId: 'order-1',
      parentInstanceId: 'none',
      name: 'subject',
      version: 'none',
      input: 5,
    });
    const parent = { name: 'p', instanceId: 'parent-1', executionId: 'x', taskId: 0 };
    expect(run(whoAmI, 5, { started: { parent, version: '2' } }).result).toMatchObject({ parentInstanceId: 'parent-1', version: '2' });
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
