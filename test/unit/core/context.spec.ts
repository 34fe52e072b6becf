import type { OrchestrationContext } from '../../../lib/core/index.js';
import { completed, fired, run, Scenario, START } from '../support/episodes.js';

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
