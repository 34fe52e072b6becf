import { Injectable } from '@nestjs/common';
import {
  Activity, DurableClient, InjectDurableClient, Orchestrator, type DurableTask, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';
import { Gates, useScenarios } from '../support/harness.js';
import { answered } from '../support/conditions.js';

const NOT_TASKS: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  'the number 5': () => 5,
  'an Array': () => [],
  'a Promise': () => Promise.reject(new Error('nobody waits for this')),
  'a plain object': () => ({ isCompleted: true, result: 1 }),
};

@Injectable()
class Subject {
  constructor(
    private readonly gates: Gates,
    @InjectDurableClient() private readonly client: DurableClient,
  ) {}

  @Activity()
  async echo(value: unknown): Promise<unknown> {
    return value;
  }

  @Activity()
  async held(gate: string): Promise<string> {
    await this.gates.pass(gate);
    return gate;
  }

  @Activity()
  fail(message: string): void {
    throw new RangeError(message);
  }

  @Orchestrator()
  *yieldsAtOnce(_ctx: OrchestrationContext, what: string): Orchestration<string> {
    yield NOT_TASKS[what]!() as DurableTask<unknown>;
    return 'went on';
  }

  @Orchestrator()
  *yieldsInCatch(ctx: OrchestrationContext, what: string): Orchestration<string> {
    try {
      yield* ctx.callActivity('fail', 'boom');
    } catch {
      yield NOT_TASKS[what]!() as DurableTask<unknown>;
    }
    return 'went on';
  }

  @Orchestrator()
  *yieldsLate(ctx: OrchestrationContext, what: string): Orchestration<string> {
    yield* ctx.callActivity('echo', 1);
    try {
      yield NOT_TASKS[what]!() as DurableTask<unknown>;
    } catch {
      return 'caught it';
    }
    return 'went on';
  }

  @Orchestrator()
  *callsClient(ctx: OrchestrationContext): Orchestration<string[]> {
    const { client } = this;
    const id = ctx.instanceId;
    const refused: string[] = [];
    const attempt = (call: () => unknown): void => {
      try {
        void call();
      } catch (error) {
        refused.push((error as Error).message);
      }
    };
    yield* ctx.callActivity('echo', 1);
    attempt(() => client.startNew('echoes'));
    attempt(() => client.orchestrators(Subject).echoes(1));
    attempt(() => client.getStatus(id));
    attempt(() => client.getStatusBy());
    attempt(() => client.getStatusAll());
    attempt(() => client.raiseEvent(id, 'e'));
    attempt(() => client.terminate(id));
    attempt(() => client.suspend(id));
    attempt(() => client.resume(id));
    attempt(() => client.waitForCompletion(id));
    return refused;
  }

  @Orchestrator()
  *callsWithoutYield(ctx: OrchestrationContext): Orchestration<unknown[]> {
    const task = ctx.callActivity<string>('held', 'unyielded');
    const before = [task.isCompleted, task.isFaulted, task.isCanceled];
    yield* ctx.waitForExternalEvent('go');
    return [before, task.isCompleted, task.result];
  }

  @Orchestrator()
  *readsStates(ctx: OrchestrationContext): Orchestration<unknown[]> {
    const good = ctx.callActivity('echo', 'fine');
    const bad = ctx.callActivity('fail', 'boom');
    const timer = ctx.createTimer(3_600_000);
    const states = [tryResult(good)];
    yield* ctx.allSettled([good, bad]);
    timer.cancel();
    for (const task of [good, bad, timer]) states.push([task.isCompleted, task.isFaulted, task.isCanceled, tryResult(task)]);
    return states;
  }

  @Orchestrator()
  *passesBadInput(ctx: OrchestrationContext): Orchestration<string[]> {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const errors: string[] = [];
    for (const call of [
      () => ctx.callActivity('echo', 1n),
      () => ctx.callSubOrchestrator('echoes', cycle),
      () => ctx.sendEvent(ctx.instanceId, 'e', () => 1),
    ]) {
      try {
        call();
      } catch (error) {
        errors.push((error as Error).name);
      }
    }
    yield* ctx.callActivity('echo', 'the first action');
    return errors;
  }

  @Orchestrator()
  *returnsBigInt(ctx: OrchestrationContext): Orchestration<unknown> {
    yield* ctx.callActivity('echo', 1);
    return { total: 1n };
  }

  @Orchestrator()
  plain(ctx: OrchestrationContext, input: number): string {
    return `${ctx.name} ${input + 1}`;
  }

  @Orchestrator()
  returnsPromise(): unknown {
    return Promise.reject(new Error('nobody waits for this'));
  }

  @Orchestrator()
  *echoes(ctx: OrchestrationContext, input: unknown): Orchestration<unknown> {
    return [typeof input, yield* ctx.callActivity('echo', input)];
  }

  @Orchestrator()
  *handsOn(ctx: OrchestrationContext, input: unknown): Orchestration<unknown> {
    const fromEvent = yield* ctx.waitForExternalEvent('value');
    if (fromEvent !== input) throw new Error(`The event holds ${String(fromEvent)}.`);
    const fromActivity = yield* ctx.callActivity('echo', input);
    if (fromActivity !== input) throw new Error(`The activity gave ${String(fromActivity)}.`);
    const fromChild = yield* ctx.callSubOrchestrator('returns', input);
    if (fromChild !== input) throw new Error(`The child gave ${String(fromChild)}.`);
    return fromChild;
  }

  @Orchestrator()
  returns(_ctx: OrchestrationContext, input: unknown): unknown {
    return input;
  }

  @Orchestrator()
  *joinsLate(ctx: OrchestrationContext): Orchestration<string> {
    const early = ctx.callActivity('fail', 'early');
    yield* ctx.waitForExternalEvent('go');
    if (!early.isFaulted) return 'it has not failed yet';
    try {
      yield* early;
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing was thrown';
  }

  @Orchestrator()
  *fails(ctx: OrchestrationContext, message: string): Orchestration {
    yield* ctx.callActivity('echo', 1);
    throw Object.assign(new TypeError(message, { cause: new RangeError('below') }), { code: 7 });
  }

  @Orchestrator()
  *runsAway(ctx: OrchestrationContext): Orchestration<void> {
    for (;;) ctx.sendEvent(ctx.instanceId, 'again');
  }

  @Orchestrator()
  *leavesOpen(ctx: OrchestrationContext): Orchestration<string> {
    ctx.callActivity('held', 'late');
    ctx.createTimer(3_600_000);
    yield* ctx.callActivity('echo', 1);
    ctx.callActivity('held', 'last moment');
    ctx.createTimer(7_200_000);
    return 'gone';
  }
}

function tryResult(task: DurableTask<unknown>): unknown {
  try {
    return task.result ?? null;
  } catch (error) {
    return (error as Error).name;
  }
}

const scenario = useScenarios({ providers: [Subject] });

describe('what may be yielded', () => {
  for (const name of ['yieldsAtOnce', 'yieldsInCatch', 'yieldsLate']) {
    scenario(`[O1] anything but a durable task fails the instance, with orchestrator and type in the message: ${name}`, async ({ run, id }) => {
      for (const [index, what] of Object.keys(NOT_TASKS).entries()) {
        const status = await run(name, what, { instanceId: id(`${index}`) });
        expect(status.runtimeStatus).toBe('Failed');
        expect(status.failureDetails?.errorType).toBe('OrchestratorError');
        expect(status.failureDetails?.errorMessage).toContain(`Orchestrator '${name}' (Subject.${name})`);
        expect(status.failureDetails?.errorMessage).toContain(`yielded ${what}.`);
      }
    });
  }

  scenario('[O1] a client call made inside an episode throws', async ({ start, output }) => {
    const refused = (await output(await start('callsClient'))) as string[];
    expect(refused).toHaveLength(10);
    for (const [index, call] of ['startNew', 'startNew', 'getStatus', 'getStatusBy', 'getStatusAll', 'raiseEvent', 'terminate', 'suspend', 'resume', 'waitForCompletion'].entries()) {
      expect(refused[index]).toContain(call);
    }
  });
});

describe('tasks', () => {
  scenario('[O2] are scheduled when called, not when yielded', async ({ start, client, gates, until, output }) => {
    const instance = await start('callsWithoutYield');
    await gates.reached('unyielded');
    gates.open('unyielded');
    await until(instance, answered(0));
    await client.raiseEvent(instance, 'go');
    expect(await output(instance)).toEqual([[false, false, false], true, 'unyielded']);
  });

  scenario('[O2] tell their state; result throws the error', async ({ start, output }) => {
    expect(await output(await start('readsStates'))).toEqual([
      'OrchestratorError',
      [true, false, false, 'fine'],
      [true, true, false, 'TaskFailedError'],
      [true, false, true, 'TaskCanceledError'],
    ]);
  });

  scenario('[O2] a non-serializable input is refused at the call: nothing is scheduled', async ({ start, output, history }) => {
    const instance = await start('passesBadInput');
    expect(await output(instance)).toEqual(['SerializationError', 'SerializationError', 'SerializationError']);
    expect((await history(instance)).filter(({ taskId }) => taskId === 0)).toEqual([
      expect.objectContaining({ eventType: 'TaskScheduled', input: 'the first action' }),
      expect.objectContaining({ eventType: 'TaskCompleted' }),
    ]);
  });

  scenario('[O2] a non-serializable output fails the instance', async ({ run }) => {
    const status = await run('returnsBigInt');
    expect(status).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'SerializationError' } });
    expect(status.failureDetails?.errorMessage).toContain('BigInt');
  });
});

describe('forms of orchestrators', () => {
  scenario('[O3] a plain synchronous method is an orchestrator that calls nothing', async ({ start, output }) => {
    expect(await output(await start('plain', 41))).toBe('plain 42');
  });

  scenario('[O3] one that returns a promise, which its type did not tell, fails with class and method', async ({ run }) => {
    const status = await run('returnsPromise');
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.failureDetails?.errorMessage).toContain('Subject.returnsPromise is asynchronous');
  });
});

describe('values', () => {
  for (const value of [0, '', false, null]) {
    scenario(`[O4] ${JSON.stringify(value)} survives as input, event, activity result, child result and output`, async ({ start, client, output }) => {
      const instance = await start('handsOn', value);
      await client.raiseEvent(instance, 'value', value);
      expect(await output(instance)).toBe(value);
      expect((await client.getStatus(instance))?.input).toBe(value);
    });
  }

  scenario('[O4] undefined is "no value" everywhere', async ({ start, client, output, history }) => {
    const instance = await start('handsOn');
    await client.raiseEvent(instance, 'value');
    expect(await output(instance)).toBeUndefined();
    for (const event of await history(instance)) {
      expect(event).not.toHaveProperty('input');
      expect(event).not.toHaveProperty('result');
    }
  });

  scenario('[O4] a Date crosses as a string, warm and cold', async ({ start, output }) => {
    const date = new Date(0);
    expect(await output(await start('echoes', date))).toEqual(['string', date.toJSON()]);
  });
});

describe('ends', () => {
  scenario('[O8] a task that failed before anyone waited for it throws at the yield that joins it', async ({ start, client, until, output }) => {
    const instance = await start('joinsLate');
    await until(instance, answered(0));
    await client.raiseEvent(instance, 'go');
    expect(await output(instance)).toBe("'fail' (task 0) failed: RangeError: early");
  });

  scenario('[O9] an uncaught error fails the instance; its failure details are the output', async ({ run }) => {
    const status = await run('fails', 'no way');
    expect(status.runtimeStatus).toBe('Failed');
    expect(status.output).toEqual(status.failureDetails);
    expect(status.output).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'no way',
      isNonRetriable: false,
      properties: { code: 7 },
      innerFailure: { errorType: 'RangeError', errorMessage: 'below' },
    });
  });

  scenario('[O14] a runaway loop ends at 100 000 actions unless the module says otherwise', async ({ run }) => {
    const status = await run('runsAway');
    expect(status.failureDetails?.errorMessage).toContain('did more than 100000 actions');
  });

  scenario('[O10] returning with tasks open completes at once: activities still run, results are dropped, timers deleted', async (run) => {
    const { start, output, gates, history, waitingWork } = run;
    const instance = await start('leavesOpen');
    expect(await output(instance)).toBe('gone');
    expect(await waitingWork(instance)).toMatchObject({ timers: 0, activities: 2 });
    const atEnd = await history(instance);

    await Promise.all([gates.reached('late'), gates.reached('last moment')]);
    gates.open('late');
    gates.open('last moment');
    await run.eventually(async () => (await waitingWork(instance)).activities === 0);
    run.clock.advance(10_000_000);
    expect(await output(await start('plain', 1))).toBe('plain 2');
    expect(await history(instance)).toEqual(atEnd);
    expect(atEnd.filter(({ eventType }) => eventType === 'TaskScheduled')).toHaveLength(3);
  });
});
