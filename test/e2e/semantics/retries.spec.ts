import { Injectable } from '@nestjs/common';
import {
  Activity, Orchestrator, TaskFailedError,
  type ActivityContext, type HistoryRecord, type Orchestration, type OrchestrationContext, type RetryOptions,
} from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { Gates, useScenarios, type ScenarioRun } from '../support/harness.js';

const MINUTE = 60_000;

type Policy = Omit<RetryOptions, 'handle'>;

interface RetryInput {
  readonly policy: Policy;
  /** What `handle` answers: the values, one after the other. */
  readonly answers?: readonly string[];
}

const ANSWERS: Readonly<Record<string, () => boolean | number | null | undefined>> = {
  true: () => true,
  false: () => false,
  null: () => null,
  undefined: () => undefined,
  NaN: () => NaN,
  Infinity: () => Infinity,
  '0': () => 0,
  '5 minutes': () => 5 * MINUTE,
  throws: () => {
    throw new RangeError('the handler itself');
  },
};

@Injectable()
class Subject {
  constructor(private readonly gates: Gates) {}

  @Activity()
  fail(_input: unknown, ctx: ActivityContext): void {
    throw new Error(`attempt ${ctx.attempt}`);
  }

  @Activity()
  flaky(failures: number, ctx: ActivityContext): number {
    if (ctx.attempt <= failures) throw new Error(`attempt ${ctx.attempt}`);
    return ctx.attempt;
  }

  @Activity()
  async held(gate: string): Promise<string> {
    await this.gates.pass(gate);
    return gate;
  }

  @Orchestrator()
  *retries(ctx: OrchestrationContext, { policy, answers }: RetryInput): Orchestration<unknown> {
    const seen: unknown[] = [];
    const handle: RetryOptions['handle'] = (failure, context, attempt) => {
      seen.push([failure.errorMessage, context === ctx, attempt]);
      return ANSWERS[answers![attempt - 1]!]!();
    };
    try {
      yield* ctx.callActivity('fail', undefined, { retry: { ...policy, ...(answers && { handle }) } });
    } catch (error) {
      return error instanceof TaskFailedError
        ? { message: error.failureDetails.errorMessage, taskId: error.taskId, seen }
        : { thrown: `${(error as Error).name}: ${(error as Error).message}`, seen };
    }
    return 'nothing was thrown';
  }

  @Orchestrator()
  *badPolicies(ctx: OrchestrationContext): Orchestration<string[]> {
    const good = { firstRetryInterval: 1, maxNumberOfAttempts: 1 };
    const refused: string[] = [];
    for (const option of ['firstRetryInterval', 'maxNumberOfAttempts', 'backoffCoefficient', 'maxRetryInterval', 'retryTimeout']) {
      for (const value of [0, -1, NaN, Infinity]) {
        for (const call of [
          () => ctx.callActivity('fail', undefined, { retry: { ...good, [option]: value } }),
          () => ctx.callSubOrchestrator('failingChild', undefined, { retry: { ...good, [option]: value } }),
        ]) {
          try {
            call();
          } catch (error) {
            refused.push(`${(error as Error).name} ${(error as Error).message.includes(`retry.${option}`)}`);
          }
        }
      }
    }
    return refused;
  }

  @Orchestrator()
  *oneChild(ctx: OrchestrationContext): Orchestration<unknown> {
    const flaky = ctx.activities(Subject).flaky(2, { retry: { firstRetryInterval: MINUTE, maxNumberOfAttempts: 3 } });
    const held = ctx.activities(Subject).held('held');
    const winner = yield* ctx.any([flaky, held]);
    const first = winner === held ? 'held' : 'flaky';
    return [first, ...(yield* ctx.all([flaky, held]))];
  }

  @Orchestrator()
  *failingChild(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.callActivity('fail');
  }

  @Orchestrator()
  *retriesChild(ctx: OrchestrationContext): Orchestration<unknown> {
    const [outcome] = yield* ctx.allSettled([
      ctx.callSubOrchestrator('failingChild', undefined, { retry: { firstRetryInterval: MINUTE, maxNumberOfAttempts: 3 } }),
    ]);
    return outcome.status;
  }
}

const scenario = useScenarios({ providers: [Subject] });

/** Lets the waits between attempts pass, one after the other. */
async function waitOut({ until, clock }: ScenarioRun, instance: string, delays: readonly number[]): Promise<void> {
  for (const [index, delay] of delays.entries()) {
    await until(instance, recorded('TimerCreated', index + 1));
    clock.advance(delay);
  }
}

/** How long each timer of the history was set for, from the time of the episode that created it. */
function delaysOf(history: readonly HistoryRecord[]): number[] {
  return history.filter(({ eventType }) => eventType === 'TimerCreated').map(({ fireAt, timestamp }) => fireAt!.getTime() - timestamp.getTime());
}

function attemptsOf(history: readonly HistoryRecord[]): (number | undefined)[] {
  return history.filter(({ eventType }) => eventType === 'TaskScheduled').map(({ attempt }) => attempt);
}

describe('RetryOptions', () => {
  scenario('[R1] invalid values are refused at the call', async ({ start, output }) => {
    expect(await output(await start('badPolicies'))).toEqual(Array.from({ length: 40 }, () => 'RangeError true'));
  });

  scenario('[R1] attempts count the first call; [R2] no timer after the last one, whose error is the final one', async (run) => {
    const instance = await run.start('retries', { policy: { firstRetryInterval: MINUTE, maxNumberOfAttempts: 3 } });
    await waitOut(run, instance, [MINUTE, MINUTE]);
    expect(await run.output(instance)).toEqual({ message: 'attempt 3', taskId: 4, seen: [] });
    const types = (await run.history(instance)).filter(({ taskId }) => taskId !== undefined).map(({ eventType, taskId }) => `${eventType} ${taskId}`);
    expect(types).toEqual([
      'TaskScheduled 0', 'TaskFailed 0', 'TimerCreated 1', 'TimerFired 1',
      'TaskScheduled 2', 'TaskFailed 2', 'TimerCreated 3', 'TimerFired 3',
      'TaskScheduled 4', 'TaskFailed 4',
    ]);
    expect(attemptsOf(await run.history(instance))).toEqual([1, 2, 3]);
  });

  scenario('[R1] one attempt means no retry', async ({ start, output, history }) => {
    const instance = await start('retries', { policy: { firstRetryInterval: 1, maxNumberOfAttempts: 1 } });
    expect(await output(instance)).toMatchObject({ message: 'attempt 1' });
    expect(delaysOf(await history(instance))).toEqual([]);
  });

  scenario('[R1] retryTimeout: no attempt begins later than that after the first call', async (run) => {
    const policy = { firstRetryInterval: 10 * MINUTE, maxNumberOfAttempts: 10, retryTimeout: 25 * MINUTE };
    const instance = await run.start('retries', { policy });
    await waitOut(run, instance, [10 * MINUTE, 10 * MINUTE]);
    expect(await run.output(instance)).toMatchObject({ message: 'attempt 3' });
  });

  scenario('[R2] the delay is min(first × backoff^n, max), from orchestration time', async (run) => {
    const policy = { firstRetryInterval: MINUTE, maxNumberOfAttempts: 5, backoffCoefficient: 2, maxRetryInterval: 3 * MINUTE };
    const instance = await run.start('retries', { policy });
    const delays = [MINUTE, 2 * MINUTE, 3 * MINUTE, 3 * MINUTE];
    await waitOut(run, instance, delays);
    expect(await run.output(instance)).toMatchObject({ message: 'attempt 5' });
    const history = await run.history(instance);
    expect(delaysOf(history)).toEqual(delays);
    for (const { eventType, timestamp, fireAt } of history) {
      if (eventType === 'TimerFired') expect(timestamp.getTime()).toBeGreaterThanOrEqual(fireAt!.getTime());
    }
  });
});

describe('handle', () => {
  scenario("[R3] true takes the policy's delay, a positive number is ms to wait; it gets failure, context and attempt", async (run) => {
    const instance = await run.start('retries', {
      policy: { firstRetryInterval: MINUTE, maxNumberOfAttempts: 9 },
      answers: ['true', '5 minutes', 'true', 'false'],
    });
    await waitOut(run, instance, [MINUTE, 5 * MINUTE, MINUTE]);
    expect(await run.output(instance)).toEqual({
      message: 'attempt 4',
      taskId: 6,
      seen: [1, 2, 3, 4].map((attempt) => [`attempt ${attempt}`, true, attempt]),
    });
    expect(delaysOf(await run.history(instance))).toEqual([MINUTE, 5 * MINUTE, MINUTE]);
  });

  scenario('[R3] undefined, null, false, NaN, Infinity and 0 stop', async ({ start, output, history }) => {
    for (const answer of ['undefined', 'null', 'false', 'NaN', 'Infinity', '0']) {
      const instance = await start('retries', { policy: { firstRetryInterval: 1, maxNumberOfAttempts: 9 }, answers: [answer] });
      expect(await output(instance)).toMatchObject({ message: 'attempt 1' });
      expect(delaysOf(await history(instance))).toEqual([]);
    }
  });

  scenario('[R3] an error thrown in it fails the task with that error', async ({ start, output }) => {
    const instance = await start('retries', { policy: { firstRetryInterval: 1, maxNumberOfAttempts: 9 }, answers: ['throws'] });
    expect(await output(instance)).toMatchObject({ thrown: 'RangeError: the handler itself' });
  });
});

describe('a call with retries', () => {
  scenario('[R4] counts as one child of all and any: a failed attempt ends neither', async (run) => {
    const instance = await run.start('oneChild');
    await waitOut(run, instance, [MINUTE]);
    await run.until(instance, recorded('TimerCreated', 2));
    run.gates.open('held');
    await run.until(instance, recorded('TaskCompleted'));
    run.clock.advance(MINUTE);
    expect(await run.output(instance)).toEqual(['held', 3, 'held']);
  });

  scenario('[R4] is the same for sub-orchestrations: each attempt is an instance of its own', async (run) => {
    const instance = await run.start('retriesChild');
    await waitOut(run, instance, [MINUTE, MINUTE]);
    expect(await run.output(instance)).toBe('rejected');
    const children = (await run.history(instance)).filter(({ eventType }) => eventType === 'SubOrchestrationInstanceCreated');
    expect(new Set(children.map(({ instanceId }) => instanceId)).size).toBe(3);
    for (const { instanceId } of children) {
      expect(await run.client.getStatus(instanceId!)).toMatchObject({ runtimeStatus: 'Failed', parentInstanceId: instance });
    }
  });
});
