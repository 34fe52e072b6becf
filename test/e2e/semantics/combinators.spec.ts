import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, TaskFailedError, type DurableTask, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { answered } from '../support/conditions.js';
import { Gates, useScenarios, type ScenarioRun } from '../support/harness.js';

@Injectable()
class Subject {
  constructor(private readonly gates: Gates) {}

  /** Waits at the gate of its name; a name that begins with `bad` fails. */
  @Activity()
  async held(gate: string): Promise<string> {
    await this.gates.pass(gate);
    if (gate.startsWith('bad')) throw new Error(gate);
    return gate;
  }

  @Orchestrator()
  *allOf(ctx: OrchestrationContext, names: string[]): Orchestration<unknown> {
    return yield* ctx.all(this.calls(ctx, names));
  }

  @Orchestrator()
  *failsFast(ctx: OrchestrationContext, names: string[]): Orchestration<unknown[]> {
    const tasks = this.calls(ctx, names);
    const all = ctx.all(tasks);
    const seen: unknown[] = [];
    try {
      yield* all;
    } catch (error) {
      seen.push((error as TaskFailedError).failureDetails.errorMessage, tasks.map((task) => task.isCompleted));
    }
    ctx.setCustomStatus('caught');
    const late = yield* ctx.allSettled(tasks);
    return [...seen, late.map(({ status }) => status), all.isFaulted];
  }

  @Orchestrator()
  *settles(ctx: OrchestrationContext, names: string[]): Orchestration<unknown> {
    const outcomes = yield* ctx.allSettled(this.calls(ctx, names));
    return outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value : `${(outcome.reason as TaskFailedError).failureDetails.errorMessage}!`);
  }

  @Orchestrator()
  *nothing(ctx: OrchestrationContext): Orchestration<unknown[]> {
    const all = ctx.all([]);
    return [all.isCompleted, yield* all, yield* ctx.allSettled([])];
  }

  @Orchestrator()
  *firstOf(ctx: OrchestrationContext, names: string[]): Orchestration<unknown[]> {
    const tasks = this.calls(ctx, names);
    const winner = yield* ctx.any(tasks);
    ctx.setCustomStatus('decided');
    const again = yield* ctx.any([...tasks].reverse());
    return [tasks.indexOf(winner), again === winner, winner.isFaulted ? 'faulted' : winner.result];
  }

  @Orchestrator()
  *nested(ctx: OrchestrationContext): Orchestration<unknown> {
    const [a, b, c, d] = this.calls(ctx, ['a', 'b', 'c', 'd']);
    const winner = ctx.any([c!, d!]);
    const [[first, second], won, settled] = yield* ctx.all([ctx.all([a!, b!]), winner, ctx.allSettled([ctx.all([a!]), ctx.any([b!])])]);
    return [first, second, won.result, settled.map(({ status }) => status)];
  }

  @Orchestrator()
  *failsDeeply(ctx: OrchestrationContext): Orchestration<unknown> {
    const [a, bad] = this.calls(ctx, ['a', 'bad']);
    try {
      yield* ctx.all([ctx.all([ctx.all([a!]), ctx.all([ctx.all([bad!])])])]);
    } catch (error) {
      return [(error as TaskFailedError).failureDetails.errorMessage, a!.isCompleted];
    }
    return 'nothing was thrown';
  }

  @Orchestrator()
  *deep(ctx: OrchestrationContext, depth: number): Orchestration<unknown> {
    let task: DurableTask<unknown> = ctx.callActivity('held', 'deep');
    for (let level = 0; level < depth; level += 1) task = level % 2 === 0 ? ctx.all([task]) : ctx.allSettled([task]);
    yield task;
    return task.isCompleted;
  }

  private calls(ctx: OrchestrationContext, names: readonly string[]): DurableTask<string>[] {
    return names.map((name) => ctx.activities(Subject).held(name));
  }
}

const scenario = useScenarios({ providers: [Subject] });

/** Lets activities end one after the other: each result is in the history before the next gate opens. */
async function endInOrder({ gates, until }: ScenarioRun, instance: string, tasks: readonly (readonly [gate: string, taskId: number])[]): Promise<void> {
  for (const [gate, taskId] of tasks) {
    await gates.reached(gate);
    gates.open(gate);
    await until(instance, answered(taskId));
  }
}

describe('ctx.all', () => {
  scenario('[O5] gives results in argument order, whatever the order of completion', async (run) => {
    const instance = await run.start('allOf', ['a', 'b', 'c']);
    await endInOrder(run, instance, [['c', 2], ['a', 0], ['b', 1]]);
    expect(await run.output(instance)).toEqual(['a', 'b', 'c']);
  });

  scenario('[O5] [] completes at once with []', async ({ start, output }) => {
    expect(await output(await start('nothing'))).toEqual([true, [], []]);
  });

  scenario('[O5] fails fast with the first error; late children neither crash nor complete it twice', async (run) => {
    const instance = await run.start('failsFast', ['slow', 'bad 1', 'bad 2']);
    await endInOrder(run, instance, [['bad 1', 1]]);
    await run.until(instance, ({ customStatus }) => customStatus === 'caught');
    await endInOrder(run, instance, [['bad 2', 2], ['slow', 0]]);
    expect(await run.output(instance)).toEqual(['bad 1', [false, true, false], ['fulfilled', 'rejected', 'rejected'], true]);
  });

  scenario('[O5] allSettled waits for all, failed ones too', async (run) => {
    const instance = await run.start('settles', ['a', 'bad', 'b']);
    await endInOrder(run, instance, [['bad', 1], ['b', 2]]);
    expect((await run.client.getStatus(instance))?.runtimeStatus).toBe('Running');
    await endInOrder(run, instance, [['a', 0]]);
    expect(await run.output(instance)).toEqual(['a', 'bad!', 'b']);
  });
});

describe('ctx.any', () => {
  scenario('[O6] the result is the winning task object; a task that is complete already wins at once', async (run) => {
    const instance = await run.start('firstOf', ['a', 'b', 'c']);
    await endInOrder(run, instance, [['b', 1]]);
    expect(await run.output(instance)).toEqual([1, true, 'b']);
  });

  scenario('[O6] a failed task wins too', async (run) => {
    const instance = await run.start('firstOf', ['a', 'bad']);
    await endInOrder(run, instance, [['bad', 1]]);
    expect(await run.output(instance)).toEqual([1, true, 'faulted']);
  });
});

describe('nesting', () => {
  scenario('[O7] all, any and allSettled in one another', async (run) => {
    const instance = await run.start('nested');
    await endInOrder(run, instance, [['d', 3], ['b', 1], ['a', 0]]);
    expect(await run.output(instance)).toEqual(['a', 'b', 'd', ['fulfilled', 'fulfilled']]);
  });

  scenario('[O7] a failure propagates out of nested ones at once', async (run) => {
    const instance = await run.start('failsDeeply');
    await endInOrder(run, instance, [['bad', 1]]);
    expect(await run.output(instance)).toEqual(['bad', false]);
  });

  scenario('[O7] to any depth', async (run) => {
    const instance = await run.start('deep', 20_000);
    run.gates.open('deep');
    expect(await run.output(instance)).toBe(true);
  });
});
