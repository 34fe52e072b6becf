import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { useScenarios } from '../support/harness.js';

const MAX_ACTIONS = 20;
const UUID_V5 = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

class Subject {
  /** What orchestrators saw, first runs and replays alike: `instance point isReplaying`. */
  readonly seen: string[] = [];
  readonly ran: string[] = [];

  @Activity()
  echo(value: unknown): unknown {
    return value;
  }

  @Activity()
  note(text: string): void {
    this.ran.push(text);
  }

  /** Answers what it reads, and what it read when it first came by: activity inputs are recorded then. */
  @Orchestrator()
  *readsTime(ctx: OrchestrationContext): Orchestration<unknown[]> {
    const times: string[][] = [];
    for (let round = 0; round < 3; round += 1) {
      const now = ctx.currentUtcDateTime.toJSON();
      const { echo } = ctx.activities(Subject);
      const atFirst = yield* ctx.all([echo(ctx.currentUtcDateTime.toJSON()), echo(now)]);
      times.push([now, ...(atFirst as string[])]);
      yield* ctx.createTimer(60_000);
    }
    return times;
  }

  @Orchestrator()
  *makesGuids(ctx: OrchestrationContext, kept: string[]): Orchestration<unknown> {
    const made = [ctx.newGuid(), ctx.newGuid()];
    const atFirst = yield* ctx.callActivity<string[]>('echo', made);
    made.push(ctx.newGuid());
    if (atFirst.join() !== made.slice(0, 2).join()) throw new Error('Replay made other ids.');
    const all = [...kept, ...made];
    if (all.length < 15) return ctx.continueAsNew(all);
    return all;
  }

  @Orchestrator()
  *tightGuids(ctx: OrchestrationContext, kept: string[]): Orchestration<unknown> {
    const all = [...kept, ctx.newGuid(), ctx.newGuid()];
    return all.length < 60 ? ctx.continueAsNew(all) : all;
  }

  @Orchestrator()
  *watchesReplay(ctx: OrchestrationContext): Orchestration<void> {
    const see = (point: string): void => {
      this.seen.push(`${ctx.instanceId} ${point} ${ctx.isReplaying}`);
      ctx.log.log(`${point} of ${ctx.instanceId}`);
    };
    const { echo } = ctx.activities(Subject);
    see('begin');
    yield* echo(1);
    see('second');
    yield* ctx.all([echo(2), echo(3)]);
    see('after all');
    yield* ctx.waitForExternalEvent('go');
    see('end');
    ctx.log.warn('a warning');
  }

  @Orchestrator()
  *setsStatus(ctx: OrchestrationContext): Orchestration<string[]> {
    const errors: string[] = [];
    ctx.setCustomStatus({ step: 1 });
    yield* ctx.waitForExternalEvent('next');
    for (const bad of ['x'.repeat(16_383), 'ä'.repeat(8_192), 1n]) {
      try {
        ctx.setCustomStatus(bad);
      } catch (error) {
        errors.push((error as Error).name);
      }
    }
    yield* ctx.waitForExternalEvent('next');
    ctx.setCustomStatus('x'.repeat(16_382));
    yield* ctx.waitForExternalEvent('next');
    ctx.setCustomStatus(null);
    yield* ctx.waitForExternalEvent('next');
    ctx.setCustomStatus(0);
    return errors;
  }

  @Orchestrator()
  *carriesStatus(ctx: OrchestrationContext, generation: number): Orchestration<number | void> {
    if (generation === 0) {
      ctx.setCustomStatus('from the first');
      return ctx.continueAsNew(1);
    }
    yield* ctx.waitForExternalEvent('end');
    return generation;
  }

  @Orchestrator()
  *runsAway(ctx: OrchestrationContext): Orchestration<string> {
    try {
      for (;;) ctx.callActivity('note', ctx.instanceId);
    } catch {
      yield* ctx.callActivity('echo', 1);
    }
    return 'got away with it';
  }

  @Orchestrator()
  *worksInEpisodes(ctx: OrchestrationContext): Orchestration<number> {
    const { echo } = ctx.activities(Subject);
    let sum = 0;
    for (let episode = 0; episode < 3; episode += 1) {
      const values = yield* ctx.all(Array.from({ length: MAX_ACTIONS }, () => echo(1)));
      sum += values.length;
    }
    return sum;
  }

  @Orchestrator({ name: 'whoAmI', version: '2' })
  *whoAmI(ctx: OrchestrationContext, input: unknown): Orchestration<unknown> {
    const me = [ctx.instanceId, ctx.parentInstanceId ?? null, ctx.name, ctx.version ?? null, ctx.getInput(), input];
    yield* ctx.callActivity('echo', 1);
    return me;
  }

  @Orchestrator()
  *asksChild(ctx: OrchestrationContext): Orchestration<unknown> {
    const child = yield* ctx.callSubOrchestrator('whoAmI', { a: 1 }, { instanceId: `${ctx.instanceId}-child`, version: '2' });
    return { parent: ctx.parentInstanceId ?? null, version: ctx.version ?? null, child };
  }
}

const scenario = useScenarios({ providers: [Subject], settings: { maxOrchestrationActions: MAX_ACTIONS } });

describe('time and chance', () => {
  scenario('[O11] currentUtcDateTime is the time of OrchestratorStarted: constant in an episode, monotone, equal on replay', async (run) => {
    const { start, output, until, clock, history } = run;
    const instance = await start('readsTime');
    for (const round of [1, 2, 3]) {
      await until(instance, recorded('TimerCreated', round));
      clock.advance(60_000);
    }
    const times = (await output(instance)) as string[][];
    const episodes = (await history(instance)).filter(({ eventType }) => eventType === 'OrchestratorStarted').map(({ timestamp }) => timestamp.toJSON());
    for (const [now, ...atFirst] of times) {
      expect(atFirst).toEqual([now, now]);
      expect(episodes).toContain(now);
    }
    const rounds = times.map(([now]) => Date.parse(now!));
    expect(rounds[1]! - rounds[0]!).toBeGreaterThanOrEqual(60_000);
    expect(rounds[2]! - rounds[1]!).toBeGreaterThanOrEqual(60_000);
    expect(rounds[0]).toBeGreaterThanOrEqual((await run.client.getStatus(instance))!.createdTime.getTime());
  });

  scenario('[O11] newGuid is a UUIDv5, equal on replay, distinct per call and over generations', async ({ start, output }) => {
    const made = (await output(await start('makesGuids', []))) as string[];
    expect(made).toHaveLength(15);
    expect(new Set(made).size).toBe(15);
    for (const guid of made) expect(guid).toMatch(UUID_V5);
  });

  scenario('[O11] newGuid is distinct in continueAsNew generations of the same millisecond, and in other instances', async ({ start, output }) => {
    const [one, other] = await Promise.all([start('tightGuids', []), start('tightGuids', [])]);
    const made = [...((await output(one)) as string[]), ...((await output(other)) as string[])];
    expect(new Set(made).size).toBe(120);
  });
});

describe('replay', () => {
  scenario('[O12] isReplaying is right before the first yield, after all, and in the last episode', async ({ start, client, until, output, id, get, mode }) => {
    const instance = await start('watchesReplay', undefined, { instanceId: id('watched') });
    await until(instance, recorded('TaskCompleted', 3));
    await client.raiseEvent(instance, 'go');
    await output(instance);
    const seen = get(Subject).seen.filter((line) => line.startsWith(`${instance} `));
    const firstTime = seen.filter((line) => line.endsWith(' false'));
    expect(firstTime).toEqual(['begin', 'second', 'after all', 'end'].map((point) => `${instance} ${point} false`));
    if (mode === 'warm') expect(seen).toEqual(firstTime);
    else expect(seen).toContain(`${instance} after all true`);
  });

  scenario('[O12] ctx.log writes each line once, with instance id and orchestrator name', async ({ start, client, until, output, id, logged }) => {
    const instance = await start('watchesReplay', undefined, { instanceId: id('logs') });
    await until(instance, recorded('TaskCompleted', 3));
    await client.raiseEvent(instance, 'go');
    await output(instance);
    expect(logged(`[watchesReplay ${instance}]`)).toEqual([
      ...['begin', 'second', 'after all', 'end'].map((point) => ({ level: 'log', text: `[watchesReplay ${instance}] ${point} of ${instance}` })),
      { level: 'warn', text: `[watchesReplay ${instance}] a warning` },
    ]);
  });
});

describe('ctx.setCustomStatus', () => {
  scenario('[O13] is visible to clients after the episode; too large or not serializable is refused at the call; null clears it', async (run) => {
    const { start, client, until, output } = run;
    const instance = await start('setsStatus');
    await until(instance, ({ customStatus }) => JSON.stringify(customStatus) === '{"step":1}');
    await client.raiseEvent(instance, 'next');
    await until(instance, recorded('EventRaised', 1));
    expect((await client.getStatus(instance))?.customStatus).toEqual({ step: 1 });
    await client.raiseEvent(instance, 'next');
    await until(instance, ({ customStatus }) => customStatus === 'x'.repeat(16_382));
    await client.raiseEvent(instance, 'next');
    await until(instance, ({ customStatus }) => customStatus === undefined);
    await client.raiseEvent(instance, 'next');
    expect(await output(instance)).toEqual(['PayloadTooLargeError', 'PayloadTooLargeError', 'SerializationError']);
    expect((await client.getStatus(instance))?.customStatus).toBe(0);
  });

  scenario('[O13] is carried over by continueAsNew', async ({ start, client, until, output }) => {
    const instance = await start('carriesStatus', 0);
    const status = await until(instance, ({ input, customStatus }) => input === 1 && customStatus !== undefined);
    expect(status.customStatus).toBe('from the first');
    await client.raiseEvent(instance, 'end');
    expect(await output(instance)).toBe(1);
    expect((await client.getStatus(instance))?.customStatus).toBe('from the first');
  });
});

describe('maxOrchestrationActions', () => {
  scenario('[O14] more actions in one episode fail the instance with a clear error, and none of them is performed', async ({ run, get, waitingWork }) => {
    const status = await run('runsAway');
    expect(status).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'OrchestratorError' } });
    expect(status.failureDetails?.errorMessage).toContain(`did more than ${MAX_ACTIONS} actions`);
    expect(status.failureDetails?.errorMessage).toContain("Orchestrator 'runsAway'");
    expect(await waitingWork(status.instanceId)).toEqual({ messages: 0, timers: 0, activities: 0 });
    expect(get(Subject).ran).not.toContain(status.instanceId);
  });

  scenario('[O14] as many as allowed, in each of several episodes, are fine', async ({ start, output }) => {
    expect(await output(await start('worksInEpisodes'))).toBe(3 * MAX_ACTIONS);
  });
});

describe('the context', () => {
  scenario('[O15] tells instanceId, name, version and input; parentInstanceId in sub-orchestrations only', async ({ start, output, id }) => {
    const own = await start('whoAmI', [0], { instanceId: id('me'), version: '2' });
    expect(await output(own)).toEqual([id('me'), null, 'whoAmI', '2', [0], [0]]);
    const parent = await start('asksChild', undefined, { instanceId: id('parent') });
    expect(await output(parent)).toEqual({
      parent: null,
      version: null,
      child: [id('parent-child'), id('parent'), 'whoAmI', '2', { a: 1 }, { a: 1 }],
    });
  });
});
