import { Injectable } from '@nestjs/common';
import {
  Activity, NonRetriableError, Orchestrator, TaskFailedError,
  type ActivityContext, type FailureDetails, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';
import { answered, recorded } from '../support/conditions.js';
import { Gates, useScenarios } from '../support/harness.js';

class Declined extends Error {
  constructor(
    readonly card: string,
    cause: unknown,
  ) {
    super('the card was declined', { cause });
  }
}

const THROWERS: Readonly<Record<string, () => unknown>> = {
  error: () => new Declined('4000', new RangeError('limit', { cause: new TypeError('bottom') })),
  string: () => 'just a text',
  undefined: () => undefined,
  nonRetriable: () => new NonRetriableError('give up'),
  marked: () => Object.assign(new Error('give up too'), { isNonRetriable: true }),
};

interface Call {
  readonly what: string;
  readonly ctx: ActivityContext;
}

/** The recorded runs of activities; they outlive restarts of the applications. */
const calls: Call[] = [];
/** Begins a record of its own, in each database and mode. */
const fresh = (what: string): string => {
  calls.splice(0);
  return what;
};
const callsOf = (what: string): Call[] => calls.filter((call) => call.what === what);
const keysOf = (what: string): string[] => callsOf(what).map(({ ctx }) => ctx.idempotencyKey);

@Injectable()
class Subject {
  constructor(private readonly gates: Gates) {}

  @Activity()
  record(what: string, ctx: ActivityContext): string {
    calls.push({ what, ctx });
    return what;
  }

  @Activity()
  async flaky(what: string, ctx: ActivityContext): Promise<string> {
    calls.push({ what, ctx });
    if (ctx.attempt < 3) throw new Error(`attempt ${ctx.attempt}`);
    return what;
  }

  @Activity()
  async recordAndHold(gate: string, ctx: ActivityContext): Promise<number> {
    calls.push({ what: gate, ctx });
    const run = callsOf(gate).length;
    await this.gates.pass(`${gate} run ${run}`);
    return run;
  }

  @Activity()
  logs(text: string, ctx: ActivityContext): void {
    ctx.log.log(text);
  }

  @Activity()
  count(input: unknown): string {
    return `${arguments.length} ${typeof input}`;
  }

  @Activity()
  throws(what: string): void {
    // oxlint-disable-next-line typescript/only-throw-error -- what is thrown by mistake must be told too
    throw THROWERS[what]!();
  }

  @Activity()
  gives(what: string): unknown {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    return what === 'cycle' ? cycle : { n: 1n };
  }

  @Orchestrator()
  *recordsOnce(ctx: OrchestrationContext, what: string): Orchestration<string> {
    return yield* ctx.activities(Subject).record(what);
  }

  @Orchestrator()
  *recordsTwice(ctx: OrchestrationContext, what: string): Orchestration<void> {
    const { record } = ctx.activities(Subject);
    yield* ctx.all([record(what), record(what)]);
  }

  @Orchestrator()
  *recordsInGenerations(ctx: OrchestrationContext, [what, left]: [string, number]): Orchestration<void> {
    yield* ctx.activities(Subject).record(what);
    if (left > 1) ctx.continueAsNew([what, left - 1]);
  }

  @Orchestrator()
  *callsFlaky(ctx: OrchestrationContext, what: string): Orchestration<string> {
    return yield* ctx.activities(Subject).flaky(what, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 3 } });
  }

  @Orchestrator()
  *countsArguments(ctx: OrchestrationContext, input: unknown): Orchestration<string> {
    yield* ctx.callActivity('logs', ctx.instanceId);
    return yield* ctx.callActivity<string>('count', input);
  }

  @Orchestrator()
  *holds(ctx: OrchestrationContext, gate: string): Orchestration<number> {
    return yield* ctx.activities(Subject).recordAndHold(gate);
  }

  /** Answers what calling an activity threw, and how often it was tried. */
  @Orchestrator()
  *catches(ctx: OrchestrationContext, [activity, input]: [string, string]): Orchestration<unknown> {
    let attempts = 0;
    const handle = () => (attempts += 1) > 0;
    try {
      yield* ctx.callActivity(activity, input, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 2, handle } });
    } catch (error) {
      const { taskName, taskId, failureDetails, name } = error as TaskFailedError;
      const causes = [Declined, 'RangeError', TypeError, 'Declined', Error, 'SyntaxError'].map((type) => (error as TaskFailedError).isCausedBy(type));
      return { name, taskName, taskId, failureDetails, causes, retries: attempts };
    }
    return 'nothing was thrown';
  }
}

/** An activity that only another worker has. */
class Elsewhere {
  @Activity()
  elsewhere(): string {
    return 'done elsewhere';
  }
}

interface Caught {
  readonly name: string;
  readonly taskName: string;
  readonly taskId: number;
  readonly failureDetails: FailureDetails;
  readonly causes: readonly boolean[];
  readonly retries: number;
}

const settings = { shutdownTimeout: 0 };
const scenario = useScenarios({ providers: [Subject], settings });

describe('the context of an activity', () => {
  scenario('[A1] holds instance id, execution id, task id, attempt, signal, log and idempotency key', async ({ start, output, id, logged }) => {
    const what = fresh('context');
    await output(await start('recordsTwice', what, { instanceId: id('context') }));
    const [first, second] = callsOf(what).toSorted((a, b) => a.ctx.taskId - b.ctx.taskId);
    expect(first!.ctx).toMatchObject({ instanceId: id('context'), executionId: expect.stringMatching(/^[0-9a-f-]{36}$/), taskId: 0, attempt: 1 });
    expect(second!.ctx).toMatchObject({ instanceId: id('context'), executionId: first!.ctx.executionId, taskId: 1, attempt: 1 });
    expect(first!.ctx.signal).toBeInstanceOf(AbortSignal);
    expect(first!.ctx.signal.aborted).toBe(false);
    await output(await start('countsArguments', undefined, { instanceId: id('logs') }));
    expect(logged(id('logs'))).toContainEqual({ level: 'log', text: expect.stringContaining(id('logs')) as string });
  });

  scenario('[A1] comes second, after one JSON input', async ({ start, output }) => {
    expect(await output(await start('countsArguments', ['a', 'b']))).toBe('2 object');
    expect(await output(await start('countsArguments'))).toBe('2 undefined');
  });

  scenario('[A1] the idempotency key is the same over retry attempts', async ({ start, output }) => {
    const what = fresh('retried');
    await output(await start('callsFlaky', what));
    const runs = callsOf(what).map(({ ctx }) => [ctx.attempt, ctx.taskId, ctx.idempotencyKey]);
    const key = keysOf(what)[0];
    expect(runs).toEqual([[1, 0, key], [2, 2, key], [3, 4, key]]);
  });

  scenario('[A1] the idempotency key differs for every other call, also in later generations and restarts of the id', async ({ start, output, id }) => {
    const what = fresh('others');
    await output(await start('recordsTwice', what));
    await output(await start('recordsTwice', what));
    await output(await start('recordsInGenerations', [what, 3]));
    await output(await start('recordsOnce', what, { instanceId: id('again') }));
    await output(await start('recordsOnce', what, { instanceId: id('again') }));
    expect(keysOf(what)).toHaveLength(9);
    expect(new Set(keysOf(what)).size).toBe(9);
  });

  scenario('[A1] activities are started by orchestrators only; calling the method is an ordinary call', async ({ client, get }) => {
    await expect(client.startNew('record')).rejects.toMatchObject({ name: 'UnknownHandlerError' });
    const ctx = { idempotencyKey: 'mine' } as ActivityContext;
    expect(get(Subject).record('directly', ctx)).toBe('directly');
    expect(callsOf('directly').at(-1)?.ctx).toBe(ctx);
  });
});

describe('failures', () => {
  scenario('[A2] throw TaskFailedError at the yield, with name, task id, details and the cause chain', async ({ start, output }) => {
    const caught = (await output(await start('catches', ['throws', 'error']))) as Caught;
    expect(caught).toMatchObject({ name: 'TaskFailedError', taskName: 'throws', taskId: 2 });
    expect(caught.failureDetails).toEqual({
      errorType: 'Declined',
      errorMessage: 'the card was declined',
      stackTrace: expect.stringContaining('throws') as string,
      isNonRetriable: false,
      properties: { card: '4000' },
      innerFailure: {
        errorType: 'RangeError',
        errorMessage: 'limit',
        stackTrace: expect.any(String) as string,
        isNonRetriable: false,
        innerFailure: { errorType: 'TypeError', errorMessage: 'bottom', stackTrace: expect.any(String) as string, isNonRetriable: false },
      },
    });
    expect(caught.causes).toEqual([true, true, true, true, true, false]);
  });

  scenario('[A2] throwing a string or undefined still gives details', async ({ start, output }) => {
    const text = (await output(await start('catches', ['throws', 'string']))) as Caught;
    expect(text.failureDetails).toEqual({ errorType: 'Error', errorMessage: 'just a text', isNonRetriable: false });
    const nothing = (await output(await start('catches', ['throws', 'undefined']))) as Caught;
    expect(nothing.failureDetails).toEqual({ errorType: 'Error', errorMessage: 'undefined was thrown', isNonRetriable: false });
  });

  scenario('[A3] a name that no live worker has fails non-retriably, with the name and the known names', async ({ start, output }) => {
    const caught = (await output(await start('catches', ['chrage', 'x']))) as Caught;
    expect(caught.failureDetails).toMatchObject({ errorType: 'UnknownHandlerError', isNonRetriable: true });
    expect(caught.failureDetails.errorMessage).toContain("'chrage'");
    for (const known of ['record', 'flaky', 'count', 'throws']) expect(caught.failureDetails.errorMessage).toContain(`'${known}'`);
    expect(caught.retries).toBe(0);
  });

  scenario('[A5] a result that JSON cannot hold is an activity failure', async ({ start, output }) => {
    for (const what of ['cycle', 'BigInt']) {
      const caught = (await output(await start('catches', ['gives', what]))) as Caught;
      expect(caught.failureDetails.errorType).toBe('SerializationError');
      expect(caught.failureDetails.errorMessage).toContain("'gives' (Subject.gives)");
      expect(caught.retries).toBe(1);
    }
  });

  scenario('[A6] NonRetriableError, or an error with isNonRetriable, ends the retries at once', async ({ start, output, history }) => {
    for (const what of ['nonRetriable', 'marked']) {
      const instance = await start('catches', ['throws', what]);
      const caught = (await output(instance)) as Caught;
      expect(caught.failureDetails.isNonRetriable).toBe(true);
      expect((await history(instance)).filter(({ eventType }) => eventType === 'TaskScheduled')).toHaveLength(1);
    }
  });
});

describe('at least once', () => {
  scenario('[A4] an activity whose worker went away runs again, with its idempotency key; the late result is ignored', async (run) => {
    const gate = fresh('held');
    const instance = await run.start('holds', gate, { instanceId: run.id('held') });
    await run.gates.reached(`${gate} run 1`);
    await run.stop();
    expect(callsOf(gate)[0]!.ctx.signal.aborted).toBe(true);

    await run.startAgain();
    await run.gates.reached(`${gate} run 2`);
    run.gates.open(`${gate} run 1`);
    run.gates.open(`${gate} run 2`);
    expect(await run.output(instance)).toBe(2);
    const [first, second] = keysOf(gate);
    expect(second).toBe(first);
    expect(callsOf(gate)[1]!.ctx.attempt).toBe(1);
  });

  scenario('[A4] [Y3] a result that comes after its instance was terminated and replaced changes neither', async (run) => {
    const gate = fresh('replaced');
    const { client, gates, start, output, id, history, until } = run;
    const instance = await start('holds', gate, { instanceId: id('replaced') });
    await gates.reached(`${gate} run 1`);
    await client.terminate(instance, 'enough');
    expect(await run.ended(instance)).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
    expect(callsOf(gate)[0]!.ctx.signal.aborted).toBe(true);
    const atEnd = await history(instance);

    gates.open(`${gate} run 1`);
    // What comes behind the late result on the same way has arrived.
    await output(await start('recordsOnce', gate));
    expect(await history(instance)).toEqual(atEnd);

    await start('holds', gate, { instanceId: id('replaced') });
    await gates.reached(`${gate} run 3`);
    await until(instance, recorded('TaskScheduled'));
    expect((await history(instance)).filter(answeredTask)).toEqual([]);
    gates.open(`${gate} run 3`);
    expect(await output(instance)).toBe(3);
  });

  scenario('[A4] a result of the old execution, while the new one waits for the same task, is ignored', async (run) => {
    const gate = fresh('both');
    const { client, gates, start, output, id, history, until } = run;
    const instance = await start('holds', gate, { instanceId: id('both') });
    await gates.reached(`${gate} run 1`);
    await start('holds', gate, { instanceId: id('both'), onConflict: 'terminateAndReplace' });
    await gates.reached(`${gate} run 2`);
    gates.open(`${gate} run 1`);
    const other = await start('holds', `${gate} other`);
    gates.open(`${gate} other run 1`);
    await until(other, answered(0));
    expect((await client.getStatus(instance))?.runtimeStatus).toBe('Running');
    expect((await history(instance)).filter(answeredTask)).toEqual([]);
    gates.open(`${gate} run 2`);
    expect(await output(instance)).toBe(2);
  });
});

const answeredTask = ({ eventType }: { eventType: string }): boolean => eventType === 'TaskCompleted' || eventType === 'TaskFailed';

describe('several workers', () => {
  scenario('[A3] a name that another live worker has runs there', async (run) => {
    if (run.database === 'sqlite') return;
    await run.startBeside({ providers: [Subject, Elsewhere] });
    const instance = await run.start('catches', ['elsewhere', 'x']);
    expect(await run.output(instance)).toBe('nothing was thrown');
    expect((await run.history(instance)).find(({ eventType }) => eventType === 'TaskCompleted')?.result).toBe('done elsewhere');
  });
});
