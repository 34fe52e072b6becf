/** Work that kills its worker again and again [Y8]: it alone fails, in the end. */
import { TaskFailedError, type OrchestrationContext } from '../../../lib/core/index.js';
import { MortalEngines } from './support/mortal-engines.js';
import { signal, type TestEngineOptions } from './support/test-engine.js';

const IDS = Array.from({ length: 20 }, (_, index) => `innocent-${index}`);

describe('DurableEngine whose process dies of what it runs', () => {
  let engines: MortalEngines;
  /** How often code ran, by what it is. */
  let runs: Map<string, number>;
  afterEach(async () => {
    const { errors } = engines;
    await engines.close();
    expect(errors).toEqual([]);
  });

  const ran = (what: string) => void runs.set(what, (runs.get(what) ?? 0) + 1);
  const open = async (options: TestEngineOptions) => {
    runs = new Map();
    engines = await MortalEngines.open({ ...options, settings: { maxDispatchCount: 3, ...options.settings } });
    await engines.start();
  };
  /** Its answer may get lost with the process. */
  const startNew = (name: string, id: string, input: unknown = id) => engines.current.startNew(name, input, id).catch(() => undefined);
  const orchestrators = {
    kills: () => (ran('kills'), engines.die()),
    *echo(ctx: OrchestrationContext, input: string) {
      ran(`orchestrator ${input}`);
      return (yield ctx.callActivity('echo', input)) as unknown;
    },
    *killsAfter(ctx: OrchestrationContext) {
      yield ctx.callActivity('echo', 'first');
      ran('killsAfter');
      engines.die();
    },
    *parent(ctx: OrchestrationContext, child: string) {
      try {
        return (yield ctx.callSubOrchestrator(child, undefined, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 5 } })) as unknown;
      } catch (error) {
        return error instanceof TaskFailedError ? error.failureDetails.errorType : error;
      }
    },
    *callsKiller(ctx: OrchestrationContext) {
      try {
        yield ctx.callActivity('kills', undefined, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 5 } });
        return 'survived';
      } catch (error) {
        return error instanceof TaskFailedError ? error.failureDetails : error;
      }
    },
  };
  const activities = {
    echo: (input: unknown) => (ran(`activity ${String(input)}`), input),
    kills: () => (ran('activity kills'), engines.die(), new Promise(() => undefined)),
  };

  it('[Y8] an orchestrator fails after maxDispatchCount; whatever else was there completes', async () => {
    await open({ orchestrators, activities });
    await Promise.all([...IDS.map((id) => startNew('echo', id)), startNew('kills', 'culprit')]);
    const culprit = await engines.outlive('culprit');
    expect(culprit).toMatchObject({ status: 'Failed', attempts: undefined, failureDetails: { errorType: 'PoisonMessageError', isNonRetriable: true } });
    const { errorMessage } = culprit.failureDetails!;
    for (const part of ["Orchestrator 'kills' of instance 'culprit'", 'died 4 times', 'maxDispatchCount is 3']) expect(errorMessage).toContain(part);
    expect(runs.get('kills')).toBe(4);
    for (const id of IDS) expect(await engines.current.result(id)).toBe(id);
    const history = await engines.store.readHistory(culprit);
    expect(history.map(({ type }) => type)).toEqual(['OrchestratorStarted', 'ExecutionStarted', 'ExecutionCompleted', 'OrchestratorCompleted']);
  });

  it('[Y8] a sub-orchestration that fails so tells its caller, who does not retry it', async () => {
    await open({ orchestrators, activities });
    await startNew('parent', 'caller', 'kills');
    expect(await engines.outlive('caller')).toMatchObject({ status: 'Completed', output: '"PoisonMessageError"' });
    expect(runs.get('kills')).toBe(4);
  });

  it('[Y8] an orchestrator that kills its worker after an activity fails itself: the activity is not blamed', async () => {
    await open({ orchestrators, activities });
    await startNew('killsAfter', 'culprit');
    const { failureDetails } = await engines.outlive('culprit');
    expect(failureDetails).toMatchObject({ errorType: 'PoisonMessageError', errorMessage: expect.stringContaining("Orchestrator 'killsAfter'") });
    expect(runs.get('killsAfter')).toBe(4);
  });

  it('[K8] [Y8] an instance that failed so can be rewound, and is counted anew', async () => {
    await open({ orchestrators, activities, settings: { maxDispatchCount: 1 } });
    await startNew('killsAfter', 'a');
    expect(await engines.outlive('a')).toMatchObject({ status: 'Failed' });
    await engines.current.engine.client.rewind('a', 'once more');
    expect(await engines.outlive('a')).toMatchObject({ status: 'Failed', failureDetails: { errorType: 'PoisonMessageError' } });
    expect(runs.get('killsAfter')).toBe(4);
    await engines.current.engine.client.rewind('a', 'repaired');
    engines.die();
    await engines.start({
      orchestrators: {
        *killsAfter(ctx: OrchestrationContext) {
          yield ctx.callActivity('echo', 'first');
          return 'repaired';
        },
      },
    });
    expect(await engines.current.finished('a')).toMatchObject({ status: 'Completed', output: '"repaired"', attempts: undefined });
  });

  it('[Y8] an activity fails after maxDispatchCount, without retries; those beside it complete', async () => {
    await open({ orchestrators, activities, settings: { maxDispatchCount: 4 } });
    await Promise.all([...IDS.map((id) => startNew('echo', id)), startNew('callsKiller', 'caller')]);
    const { output } = await engines.outlive('caller');
    expect(JSON.parse(output!)).toMatchObject({ errorType: 'PoisonMessageError', errorMessage: expect.stringContaining("Activity 'kills' (task 0) of instance 'caller'") });
    expect(runs.get('activity kills')).toBe(5);
    for (const id of IDS) expect(await engines.current.result(id)).toBe(id);
  });

  it('[Y8] activities that ran beside a killer run alone from half the limit on, and complete', async () => {
    const held = signal();
    let atWork = 0;
    let most = 0;
    await open({
      orchestrators,
      settings: { maxDispatchCount: 2 },
      activities: {
        ...activities,
        // All of them are at work when the first process dies; they would be as well whenever the next ones do.
        echo: async (input) => {
          atWork += 1;
          most = Math.max(most, atWork);
          if (engines.deaths === 0) await held.promise;
          await new Promise((resolve) => setImmediate(resolve));
          atWork -= 1;
          return input;
        },
        kills: () => {
          most = atWork = 0;
          return activities.kills();
        },
      },
    });
    await Promise.all(IDS.map((id) => startNew('echo', id)));
    await startNew('callsKiller', 'caller');
    const { output } = await engines.outlive('caller');
    expect(JSON.parse(output!)).toMatchObject({ errorType: 'PoisonMessageError' });
    for (const id of IDS) expect(await engines.current.result(id)).toBe(id);
    expect(most).toBe(1);
  });

  it('[Y8] a suspect is at work until its result is written', async () => {
    let starts = 0;
    const begun = signal();
    await open({
      orchestrators,
      settings: { maxDispatchCount: 1 },
      activities: { echo: (input) => ((starts += 1) === 2 && begun.resolve(), new Promise(() => input)) },
    });
    await Promise.all(['a', 'b'].map((id) => startNew('echo', id)));
    await begun.promise;
    engines.die();
    starts = 0;
    const written = signal();
    const next = await engines.start({ activities: { echo: (input) => ((starts += 1), input) } }, ({ faults }) => {
      faults.intercept('commit', async (proceed, batch) => {
        if (batch.checkpoints.some(({ consumedActivities }) => consumedActivities.length > 0)) await written.promise;
        return proceed(batch);
      });
    });
    await engines.until(() => starts > 0);
    const claims = () => next.faults.calls.get('claimActivities') ?? 0;
    const seen = claims();
    await engines.until(() => claims() > seen + 3);
    expect(starts).toBe(1);
    written.resolve();
    for (const id of ['a', 'b']) expect(await next.result(id)).toBe(id);
  });

  it('[Y8] from the second attempt on an instance runs with no other beside it', async () => {
    let underWay = 0;
    const beside: number[] = [];
    await open({
      activities,
      orchestrators: { ...orchestrators, kills: () => (beside.push(underWay), orchestrators.kills()) },
    });
    const watch = () => {
      engines.current.faults.intercept('commit', async (proceed, batch) => {
        underWay += 1;
        await proceed(batch);
        underWay -= 1;
      });
    };
    await Promise.all([...IDS.map((id) => startNew('echo', id)), startNew('kills', 'culprit')]);
    await engines.outlive('culprit', {}, watch);
    expect(beside.slice(2)).toEqual([0, 0]);
  });

  it('[Y8] activities that are at work whenever an orchestrator kills their worker are not blamed', async () => {
    let mayEnd = false;
    await open({
      orchestrators,
      activities: { echo: (input) => (mayEnd ? input : new Promise(() => undefined)) },
    });
    await Promise.all(IDS.map((id) => startNew('echo', id)));
    await engines.until(() => engines.current.engine['parts'].activities['pool'].current.length === IDS.length);
    await Promise.all(['first', 'second'].map((id) => startNew('kills', id)));
    for (const id of ['first', 'second']) expect(await engines.outlive(id)).toMatchObject({ status: 'Failed' });
    mayEnd = true;
    await engines.current.engine.close();
    await engines.start();
    for (const id of IDS) expect(await engines.current.result(id)).toBe(id);
  });

  it('[Y8] a checkpoint clears the count', async () => {
    await open({
      activities,
      orchestrators: {
        *survives(ctx: OrchestrationContext) {
          if (engines.deaths < 2) engines.die();
          yield ctx.waitForExternalEvent('go');
          return 'done';
        },
      },
    });
    await startNew('survives', 'a');
    while (engines.deaths < 2) {
      await engines.whenDead();
      await engines.start();
    }
    await engines.untilRow('a', (row) => row.status === 'Running');
    expect((await engines.row('a'))!.attempts).toBeUndefined();
    await engines.current.raiseEvent('a', 'go');
    expect(await engines.current.result('a')).toBe('done');
  });

  it('[Y8] an activity that outlives a clean stop does not count as a death', async () => {
    const begun = signal();
    await open({ orchestrators, activities: { echo: () => (begun.resolve(), new Promise(() => undefined)) } });
    await startNew('echo', 'a');
    await begun.promise;
    await engines.current.engine.close();
    const seen: (number | undefined)[] = [];
    await engines.start({ activities });
    engines.current.faults.intercept('returnActivities', (proceed, claims) => (seen.push(...claims.map(({ dispatchCount }) => dispatchCount)), proceed(claims)));
    expect(await engines.current.result('a')).toBe('a');
    expect(seen.filter((count) => count !== undefined)).toEqual([]);
  });
});

describe('DurableEngine with an instance that cannot be loaded', () => {
  it('[Y8] it keeps no suspects from their turn', async () => {
    const begun = signal();
    const orchestrators = {
      *echo(ctx: OrchestrationContext) {
        return (yield ctx.callActivity('echo')) as unknown;
      },
      *waits(ctx: OrchestrationContext) {
        return (yield ctx.waitForExternalEvent('go')) as unknown;
      },
    };
    const engines = await MortalEngines.open({ orchestrators, settings: { maxDispatchCount: 1 } });
    await engines.start({ activities: { echo: () => (begun.resolve(), new Promise(() => undefined)) } });
    await engines.current.startNew('waits', undefined, 'damaged');
    await engines.untilRow('damaged', ({ status }) => status === 'Running');
    await engines.current.startNew('echo', undefined, 'a');
    await begun.promise;
    engines.current.faults.intercept('commit', () => new Promise<never>(() => undefined));
    await engines.current.raiseEvent('damaged', 'go');
    engines.die();
    const next = await engines.start({ activities: { echo: () => 'done' } }, ({ faults }) => {
      faults.intercept('loadInstances', async (proceed, keys, options) => {
        if (keys.some(({ instanceId }) => instanceId === 'damaged')) throw new Error('damaged');
        return proceed(keys, options);
      });
    });
    try {
      expect(await next.result('a')).toBe('done');
    } finally {
      await engines.close();
    }
  });
});
