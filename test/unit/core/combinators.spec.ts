import { completed, failed, fired, raised, run, START } from '../support/episodes.js';

describe('ctx.all [O5]', () => {
  it('[O5] gives the results in argument order, whatever the order of completion', () => {
    const scenario = run(function* (ctx) {
      return yield* ctx.all([ctx.callActivity('a'), ctx.callActivity('b'), ctx.callActivity('c')]);
    });
    scenario.deliver(completed(2, 'c'), completed(0, 0));
    expect(scenario.deliver(completed(1)).result).toEqual([0, null, 'c']);
  });

  it('[O5] an empty list completes at once with []', () => {
    expect(run(function* (ctx) { return [yield* ctx.all([]), yield* ctx.allSettled([])]; }).result).toEqual([[], []]);
  });

  it('[O5] fails fast with the first error; late children neither crash nor complete it twice', () => {
    const scenario = run(function* (ctx) {
      const all = ctx.all([ctx.callActivity('a'), ctx.callActivity('b'), ctx.callActivity('c')]);
      let message = '';
      try {
        yield all;
      } catch (error) {
        message = (error as Error).message;
      }
      yield ctx.waitForExternalEvent('e');
      return [message, all.isFaulted];
    });
    scenario.deliver(failed(1, 'first'));
    scenario.deliver(failed(0, 'second'), completed(2), raised('e'));
    expect(scenario.result).toEqual([expect.stringContaining('first'), true]);
  });

  it('[O5] takes tasks that are complete already, and one task twice', () => {
    const scenario = run(function* (ctx) {
      const a = ctx.callActivity('a');
      yield a;
      const b = ctx.callActivity('b');
      return yield* ctx.all([a, b, b]);
    });
    expect(scenario.deliver(completed(0, 1)).deliver(completed(1, 2)).result).toEqual([1, 2, 2]);
  });

  it('[O5] allSettled waits for all and tells how each ended', () => {
    const scenario = run(function* (ctx) {
      const settled = yield* ctx.allSettled([ctx.callActivity('a'), ctx.callActivity('b')]);
      return settled.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).name));
    });
    expect(scenario.deliver(failed(0)).last.status).toBe('Running');
    expect(scenario.deliver(completed(1, 'fine')).result).toEqual(['TaskFailedError', 'fine']);
  });

  it.each([
    ['no array', 5, /takes an array of tasks, not the number 5/],
    ['a value among the tasks', [5], /element 0 is the number 5, not a task/],
    ['undefined', Array.from({ length: 1 }), /element 0 is undefined/],
  ])('[O5] %s is refused at the call', (_what, tasks, message) => {
    for (const kind of ['all', 'any', 'allSettled'] as const) {
      const { failure } = run(function* (ctx) { yield ctx[kind](tasks as never); });
      expect(failure).toMatchObject({ errorType: 'TypeError', errorMessage: expect.stringMatching(message) });
    }
  });
});

describe('children [O5]', () => {
  it('[O5] a task of another orchestrator is refused at the call: it would never complete', () => {
    let foreign: unknown;
    run(function* (ctx) { yield (foreign = ctx.callActivity('a')); });
    expect(run(function* (ctx) { yield ctx.all([foreign as never]); }).failure.errorMessage).toMatch(/element 0 is a CallTask, not a task of this orchestrator/);
  });
});

describe('ctx.any [O6]', () => {
  it('[O6] the result is the winning task object', () => {
    const scenario = run(function* (ctx) {
      const [slow, quick] = [ctx.callActivity('slow'), ctx.callActivity('quick')];
      const winner = yield* ctx.any([slow, quick]);
      return [winner === quick, winner === slow, winner.result];
    });
    expect(scenario.deliver(completed(1, 'quick')).result).toEqual([true, false, 'quick']);
  });

  it('[O6] a task that is complete already wins at once', () => {
    const scenario = run(function* (ctx) {
      const done = ctx.callActivity('a');
      yield done;
      return (yield* ctx.any([ctx.callActivity('b'), done])) === done;
    });
    expect(scenario.deliver(completed(0)).result).toBe(true);
  });

  it('[O6] a failed task wins too, and throws only when its result is asked for', () => {
    const scenario = run(function* (ctx) {
      const winner = yield* ctx.any([ctx.callActivity('a'), ctx.callActivity('b')]);
      return winner.isFaulted;
    });
    expect(scenario.deliver(failed(0)).result).toBe(true);
  });

  it('[O6] an empty list is refused: it would wait for ever', () => {
    expect(run(function* (ctx) { yield ctx.any([]); }).failure.errorType).toBe('RangeError');
  });
});

describe('nesting [O7]', () => {
  it('[O7] all, any and allSettled nest', () => {
    const scenario = run(function* (ctx) {
      const timer = ctx.createTimer(1_000);
      const inner = ctx.all([ctx.callActivity('a'), ctx.allSettled([ctx.callActivity('b')])]);
      const winner = yield* ctx.any([timer, inner]);
      return winner === inner && inner.result;
    });
    scenario.deliver(completed(2, 'b'));
    expect(scenario.deliver(completed(1, 'a')).result).toEqual(['a', [{ status: 'fulfilled', value: 'b' }]]);
  });

  it('[O7] a failure propagates out of nested ones', () => {
    const scenario = run(function* (ctx) {
      yield ctx.all([ctx.all([ctx.all([ctx.callActivity('deep')])]), ctx.callActivity('other')]);
    });
    expect(scenario.deliver(failed(0, 'deep down')).failure).toMatchObject({
      errorType: 'TaskFailedError',
      innerFailure: { errorMessage: 'deep down' },
    });
  });

  it('[O7] a hundred thousand levels and a hundred thousand children need no stack', () => {
    const scenario = run(function* (ctx) {
      let nested: any = ctx.waitForExternalEvent('e');
      for (let i = 0; i < 100_000; i++) nested = ctx.allSettled([nested]);
      const event = ctx.waitForExternalEvent('f');
      yield ctx.all(Array.from({ length: 100_000 }, () => event));
      yield nested;
      return 'done';
    });
    expect(scenario.deliver(raised('f'), raised('e')).result).toBe('done');
  });

  it('[O7] a loop of waits that are complete at once needs no stack', () => {
    const scenario = run(function* (ctx) {
      for (let i = 0; i < 100_000; i++) yield ctx.all([]);
      return 'done';
    });
    expect(scenario.result).toBe('done');
  });
});

describe('races [T3]', () => {
  it.each([
    ['timer', [fired(0), raised('e')]],
    ['event', [raised('e'), fired(0)]],
  ])('[T3] the order in the history decides: the %s', (winner, inputs) => {
    const scenario = run(function* (ctx) {
      const timer = ctx.createTimer(1_000);
      const event = ctx.waitForExternalEvent('e');
      return (yield* ctx.any([timer, event])) === timer ? 'timer' : 'event';
    });
    expect(scenario.deliver(...inputs).result).toBe(winner);
  });

  it('[T3] the code goes on after each input, before the next is taken up', () => {
    const scenario = run(function* (ctx) {
      yield ctx.waitForExternalEvent('e');
      const timer = ctx.createTimer(new Date(START));
      const second = ctx.waitForExternalEvent('e');
      return (yield* ctx.any([timer, second])) === second;
    });
    expect(scenario.deliver(raised('e'), raised('e')).result).toBe(true);
  });
});
