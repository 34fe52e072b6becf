import { Injectable } from '@nestjs/common';
import { DurableClient, Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { Echo } from '../support/echo.js';
import { useScenarios } from '../support/harness.js';

const minute = 60_000;
const day = 86_400_000;
/** Longer than any timer of Node. */
const years = 400 * day;

@Injectable()
class Subject {
  @Orchestrator()
  *sleeps(ctx: OrchestrationContext, delay: number): Orchestration<string> {
    const from = ctx.currentUtcDateTime.getTime();
    yield* ctx.createTimer(delay);
    const slept = ctx.currentUtcDateTime.getTime() - from;
    return slept < delay ? 'too short' : slept > Math.max(delay, 0) + 2 * day ? 'too long' : 'slept';
  }

  @Orchestrator()
  *sleepsUntil(ctx: OrchestrationContext, date: string): Orchestration<boolean> {
    yield* ctx.createTimer(new Date(date));
    return ctx.currentUtcDateTime >= new Date(date);
  }

  @Orchestrator()
  *sleepsAfterWork(ctx: OrchestrationContext): Orchestration<Date> {
    yield* ctx.waitForExternalEvent('go');
    const from = ctx.currentUtcDateTime;
    yield* ctx.createTimer(minute);
    return from;
  }

  @Orchestrator()
  *triesInvalid(ctx: OrchestrationContext): Orchestration<string[]> {
    const errors: string[] = [];
    for (const invalid of [NaN, Infinity, -Infinity, new Date(NaN), 9e15, 'tomorrow', undefined, null]) {
      try {
        ctx.createTimer(invalid as number);
      } catch (error) {
        errors.push(`${(error as Error).name}: ${(error as Error).message}`);
      }
    }
    yield* ctx.callActivity('echo', 'the first action');
    return errors;
  }

  @Orchestrator()
  *cancels(ctx: OrchestrationContext): Orchestration<unknown[]> {
    const early = ctx.createTimer(0);
    yield* early;
    const open = ctx.createTimer(years);
    const before = [open.isCompleted, open.isCanceled];
    open.cancel();
    const after = [open.isCompleted, open.isCanceled];
    early.cancel();
    open.cancel();
    const fired = [early.isCompleted, early.isCanceled, early.isFaulted];
    yield* ctx.waitForExternalEvent('go');
    return [before, after, fired];
  }

  @Orchestrator()
  *yieldsCanceled(ctx: OrchestrationContext): Orchestration<string> {
    const timer = ctx.createTimer(minute);
    timer.cancel();
    try {
      yield* timer;
    } catch (error) {
      return (error as Error).name;
    }
    return 'it fired';
  }

  /** A timer of a minute against an event; 'again' asks for the winner once more, 'end' ends it. */
  @Orchestrator()
  *races(ctx: OrchestrationContext): Orchestration<string> {
    const timer = ctx.createTimer(minute);
    const event = ctx.waitForExternalEvent('go');
    const winner = (yield* ctx.any([timer, event])) === timer ? 'timer' : 'event';
    yield* ctx.callActivity('echo', winner);
    yield* ctx.waitForExternalEvent('again');
    ctx.setCustomStatus(winner);
    yield* ctx.waitForExternalEvent('end');
    return winner;
  }

  @Orchestrator()
  *fansOut(ctx: OrchestrationContext, count: number): Orchestration<number> {
    const timers = Array.from({ length: count }, (_, index) => ctx.createTimer(minute - index));
    return (yield* ctx.all(timers)).length;
  }
}

const scenario = useScenarios({ providers: [Subject, Echo] });

describe('createTimer', () => {
  scenario('[T1] with milliseconds, counts from orchestration time', async ({ client, clock, id, start, until, output, history }) => {
    await start('sleepsAfterWork', undefined, { instanceId: id('a') });
    await until(id('a'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    clock.advance(day);
    await client.raiseEvent(id('a'), 'go');
    await until(id('a'), recorded('TimerCreated'));
    clock.advance(minute);
    const from = new Date((await output(id('a'))) as string);
    const created = (await history(id('a'))).find(({ eventType }) => eventType === 'TimerCreated')!;
    expect(created.fireAt!.getTime()).toBe(from.getTime() + minute);
    expect(created.timestamp).toEqual(from);
  });

  scenario('[T1] with a Date, fires at that time', async ({ clock, id, start, until, output }) => {
    const date = new Date(Date.now() + clock.skew + day);
    await start('sleepsUntil', date, { instanceId: id('a') });
    const { history } = await until(id('a'), recorded('TimerCreated'));
    expect(history!.find(({ eventType }) => eventType === 'TimerCreated')!.fireAt).toEqual(date);
    clock.advance(day);
    expect(await output(id('a'))).toBe(true);
  });

  scenario('[T1] a past date fires at once, and so do 0 and negative milliseconds', async ({ start, output }) => {
    expect(await output(await start('sleepsUntil', new Date(0)))).toBe(true);
    expect(await output(await start('sleeps', 0))).toBe('slept');
    expect(await output(await start('sleeps', -day))).toBe('slept');
  });

  scenario('[T1] refuses invalid times at the call', async ({ start, output, history }) => {
    const instance = await start('triesInvalid');
    const errors = (await output(instance)) as string[];
    const where = `ctx.createTimer (orchestrator 'triesInvalid', instance '${instance}')`;
    const range = (what: string) => `RangeError: ${where} takes a valid Date or a finite number of milliseconds, not ${what}.`;
    const type = (what: string) => `TypeError: ${where} takes a Date or a number of milliseconds, not ${what}.`;
    expect(errors).toEqual([
      range('NaN'), range('Infinity'), range('-Infinity'), range('Invalid Date'), range('9000000000000000'), type('string'), type('undefined'), type('object'),
    ]);
    expect((await history(instance)).filter(({ taskId }) => taskId === 0).map(({ eventType }) => eventType)).toEqual(['TaskScheduled', 'TaskCompleted']);
  });

  scenario('[T1] is never early, and has no maximum length', async ({ clock, id, start, until, output }) => {
    await start('sleeps', years, { instanceId: id('a') });
    await until(id('a'), recorded('TimerCreated'));
    for (const part of [day, years - 2 * day]) {
      clock.advance(part);
      await output(await start('sleeps', 0));
      expect(await until(id('a'), () => true)).toMatchObject({ runtimeStatus: 'Running' });
    }
    clock.advance(day);
    expect(await output(id('a'))).toBe('slept');
  });

  scenario('[T1] in real time: fires after its milliseconds, not before', async ({ run }) => {
    const begun = performance.now();
    expect((await run('sleeps', 60)).output).toBe('slept');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(60);
  });

  scenario('[T1] overdue timers fire on restart; others keep waiting', async ({ clock, id, start, until, stop, startAgain, output }) => {
    for (const [label, delay] of [['due', day], ['later', 3 * day]] as const) {
      await start('sleeps', delay, { instanceId: id(label) });
      await until(id(label), recorded('TimerCreated'));
    }
    await stop();
    clock.advance(2 * day);
    await startAgain();
    expect(await output(id('due'))).toBe('slept');
    expect(await until(id('later'), () => true)).toMatchObject({ runtimeStatus: 'Running' });
    clock.advance(day);
    expect(await output(id('later'))).toBe('slept');
  });

  scenario('[T1] many at once all fire, in one episode or several', async ({ clock, id, start, until, output }) => {
    await start('fansOut', 500, { instanceId: id('a') });
    await until(id('a'), recorded('TimerCreated', 500));
    clock.advance(minute);
    expect(await output(id('a'))).toBe(500);
  });
});

describe('timer.cancel()', () => {
  scenario('[T2] cancels an open timer, for good; it is a no-op when the timer has fired', async ({ client, clock, id, start, until, output, waitingWork, history }) => {
    await start('cancels', undefined, { instanceId: id('a') });
    await until(id('a'), recorded('TimerCreated', 2));
    expect(await waitingWork(id('a'))).toMatchObject({ timers: 0 });
    clock.advance(2 * years);
    await output(await start('sleeps', 0));
    await client.raiseEvent(id('a'), 'go');
    expect(await output(id('a'))).toEqual([[false, false], [true, true], [true, false, false]]);
    expect((await history(id('a'))).filter(({ eventType }) => eventType === 'TimerFired')).toHaveLength(1);
  });

  scenario('[T2] yielding a cancelled timer throws', async ({ start, output }) => {
    expect(await output(await start('yieldsCanceled'))).toBe('TaskCanceledError');
  });
});

describe('a timer and an event in the same batch', () => {
  for (const first of ['timer', 'event'] as const) {
    scenario(`[T3] the order in history decides: ${first} first`, async (run) => {
      const { client, clock, id, start, until, output } = run;
      await start('races', undefined, { instanceId: id('a') });
      await until(id('a'), recorded('TimerCreated'));
      await client.suspend(id('a'));
      await until(id('a'), ({ runtimeStatus }) => runtimeStatus === 'Suspended');
      const happen = {
        timer: async () => {
          clock.advance(minute);
          await until(id('a'), recorded('TimerFired'));
        },
        event: async () => {
          await client.raiseEvent(id('a'), 'go');
          await until(id('a'), recorded('EventRaised'));
        },
      };
      await happen[first]();
      await happen[first === 'timer' ? 'event' : 'timer']();
      await client.resume(id('a'));
      await until(id('a'), recorded('TaskCompleted'));

      await run.stop();
      await run.startAgain();
      await run.client.raiseEvent(id('a'), 'again');
      await run.client.raiseEvent(id('a'), 'end');
      expect(await output(id('a'))).toBe(first);
    });
  }

  scenario('[T3] when both wait for the worker to start, what history says holds on every replay', async (run) => {
    const { clock, id, start, until, stop, startAgain, startBeside } = run;
    const ids = Array.from({ length: 10 }, (_, index) => id(String(index)));
    for (const instanceId of ids) {
      await start('races', undefined, { instanceId });
      await until(instanceId, recorded('TimerCreated'));
    }
    const outside = (await startBeside({ settings: { worker: false } })).get(DurableClient, { strict: false });
    await stop();
    clock.advance(minute);
    for (const instanceId of ids) await outside.raiseEvent(instanceId, 'go');
    await startAgain();
    for (const instanceId of ids) await until(instanceId, recorded('TaskCompleted'));
    await stop();
    await startAgain();
    for (const instanceId of ids) {
      await run.client.raiseEvent(instanceId, 'again');
      const { customStatus, history } = await until(instanceId, (status) => status.customStatus !== undefined);
      const decided = history!.find(({ eventType }) => eventType === 'TimerFired' || eventType === 'EventRaised')!;
      expect(customStatus).toBe(decided.eventType === 'TimerFired' ? 'timer' : 'event');
      // Which of the two it is is chance: it stays unfinished, so that warm and cold are not compared.
    }
  });
});
