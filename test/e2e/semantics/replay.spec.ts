import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type DurableTask, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { Gates, useScenarios, type ScenarioRun } from '../support/harness.js';

const HOUR = 3_600_000;

@Injectable()
class Activities {
  constructor(private readonly gates: Gates) {}

  @Activity()
  echo(value: unknown): unknown {
    return value;
  }

  @Activity()
  fail(): void {
    throw new Error('boom');
  }

  @Activity()
  async held(gate: string): Promise<string> {
    await this.gates.pass(gate);
    return gate;
  }

  @Orchestrator({ name: 'child', version: '1' })
  *child(_ctx: OrchestrationContext): Orchestration<void> {}

  @Orchestrator()
  *heldChild(ctx: OrchestrationContext, gate: string): Orchestration<unknown> {
    return yield* ctx.callActivity('held', gate);
  }

  @Orchestrator()
  *callsHeldChild(ctx: OrchestrationContext, gate: string): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator('heldChild', gate, { instanceId: `${ctx.instanceId}-${gate}` });
  }

  @Orchestrator()
  leavesActivity(ctx: OrchestrationContext, gate: string): string {
    ctx.callActivity('held', gate);
    return 'left';
  }

  @Orchestrator()
  *cancelsWhenTold(ctx: OrchestrationContext): Orchestration<string> {
    const timer = ctx.createTimer(HOUR);
    yield* ctx.waitForExternalEvent('cancel');
    timer.cancel();
    yield* ctx.waitForExternalEvent('end');
    return timer.isCanceled ? 'cancelled' : 'fired';
  }

  @Orchestrator()
  *doesEverything(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.callActivity('echo', 1);
    yield* ctx.allSettled([ctx.callActivity('fail')]);
    yield* ctx.callSubOrchestrator('child', 1, { version: '1' });
    yield* ctx.allSettled([ctx.callSubOrchestrator('failingChild')]);
    yield* ctx.createTimer(1);
    ctx.sendEvent(ctx.instanceId, 'own', 1);
    yield* ctx.waitForExternalEvent('own');
    yield* ctx.waitForExternalEvent('never');
  }

  @Orchestrator()
  *failingChild(_ctx: OrchestrationContext): Orchestration<void> {
    throw new Error('boom');
  }
}

type Code = (ctx: OrchestrationContext) => Generator<DurableTask<any>, unknown, any>;

/** What a program did first, and what its next release does in place of it; both then wait for `go`. */
const CHANGES: Readonly<Record<string, { readonly before: Code; readonly after: Code }>> = {
  'other inputs': {
    before: (ctx) => ctx.callActivity('echo', 1)[Symbol.iterator](),
    after: (ctx) => ctx.callActivity('echo', 'other')[Symbol.iterator](),
  },
  'another fire time': {
    *before(ctx) {
      ctx.createTimer(HOUR);
    },
    *after(ctx) {
      ctx.createTimer(2 * HOUR);
    },
  },
  'another case': {
    before: (ctx) => ctx.callActivity('echo', 1)[Symbol.iterator](),
    after: (ctx) => ctx.callActivity('ECHO', 1)[Symbol.iterator](),
  },
  'another name': {
    before: (ctx) => ctx.callActivity('echo', 1)[Symbol.iterator](),
    after: (ctx) => ctx.callActivity('fail', 1)[Symbol.iterator](),
  },
  'another kind': {
    before: (ctx) => ctx.callActivity('echo', 1)[Symbol.iterator](),
    after: (ctx) => ctx.createTimer(1)[Symbol.iterator](),
  },
  'another version': {
    before: (ctx) => ctx.callSubOrchestrator('child', 1, { version: '1' })[Symbol.iterator](),
    after: (ctx) => ctx.callSubOrchestrator('child', 1, { version: '2' })[Symbol.iterator](),
  },
  'another order': {
    *before(ctx) {
      yield* ctx.all([ctx.callActivity('echo', 1), ctx.callSubOrchestrator('child', 1, { version: '1' })]);
    },
    *after(ctx) {
      yield* ctx.all([ctx.callSubOrchestrator('child', 1, { version: '1' }), ctx.callActivity('echo', 1)]);
    },
  },
  'one action more': {
    before: (ctx) => ctx.callActivity('echo', 1)[Symbol.iterator](),
    *after(ctx) {
      yield* ctx.callActivity('echo', 1);
      ctx.callActivity('echo', 2);
    },
  },
  'one action less': {
    *before(ctx) {
      yield* ctx.callActivity('echo', 1);
      ctx.callActivity('echo', 2);
    },
    after: (ctx) => ctx.callActivity('echo', 1)[Symbol.iterator](),
  },
  'an end in place of a wait': {
    before: (ctx) => ctx.callActivity('echo', 1)[Symbol.iterator](),
    *after(ctx) {
      yield* ctx.callActivity('echo', 1);
      return 'the end';
    },
  },
  'an early end': {
    *before(ctx) {
      yield* ctx.callActivity('echo', 1);
      yield* ctx.callActivity('echo', 2);
    },
    *after(ctx) {
      yield* ctx.callActivity('echo', 1);
      return 'the end';
    },
  },
};

@Injectable()
class FirstRelease {
  @Orchestrator()
  *changing(ctx: OrchestrationContext, change: string): Orchestration<string> {
    yield* CHANGES[change]!.before(ctx);
    yield* ctx.waitForExternalEvent('go');
    return 'fine';
  }
}

@Injectable()
class NextRelease {
  @Orchestrator()
  *changing(ctx: OrchestrationContext, change: string): Orchestration<string> {
    const end = yield* CHANGES[change]!.after(ctx);
    if (end === 'the end') return end;
    yield* ctx.waitForExternalEvent('go');
    return 'fine';
  }
}

const scenario = useScenarios({ providers: [Activities, FirstRelease] });

/** Runs up to the wait for `go` with the first release and goes on with the next; answers the instances. */
async function release(run: ScenarioRun, changes: readonly string[]): Promise<Map<string, string>> {
  const instances = new Map<string, string>();
  for (const [index, change] of changes.entries()) {
    const instance = await run.start('changing', change, { instanceId: run.id(`${index}`) });
    instances.set(change, instance);
    await run.until(instance, ({ history = [] }) => {
      const open = new Set(history.filter(({ eventType }) => /^(TaskScheduled|SubOrchestrationInstanceCreated)$/.test(eventType)).map(({ taskId }) => taskId));
      for (const { eventType, taskId } of history) if (eventType.endsWith('Completed')) open.delete(taskId);
      return history.length > 0 && open.size === 0;
    });
  }
  await run.stop();
  await run.startAgain({ providers: [Activities, NextRelease] });
  for (const instance of instances.values()) await run.client.raiseEvent(instance, 'go');
  return instances;
}

describe('a changed program', () => {
  scenario('[Y1] each action takes the next integer id in program order', async ({ start, output, client, history }) => {
    const instance = await start('changing', 'another order');
    await client.raiseEvent(instance, 'go');
    expect(await output(instance)).toBe('fine');
    const actions = (await history(instance)).filter(({ eventType }) => /Scheduled$|Created$/.test(eventType));
    expect(actions.map(({ taskId, eventType }) => `${taskId} ${eventType}`)).toEqual(['0 TaskScheduled', '1 SubOrchestrationInstanceCreated']);
  });

  scenario('[Y1] may differ in inputs, fire times and the case of names', async (run) => {
    const instances = await release(run, ['other inputs', 'another fire time', 'another case']);
    for (const instance of instances.values()) expect(await run.output(instance)).toBe('fine');
  });

  scenario('[Y2] that disagrees in kind, name, version, order or number fails the instance, and says what, where, and what to do', async (run) => {
    const expected: Readonly<Record<string, readonly [taskId: number, recorded: string, actual: string]>> = {
      'another name': [0, "the call of activity 'echo'", "the call of activity 'fail'"],
      'another kind': [0, "the call of activity 'echo'", 'a timer'],
      'another version': [0, "the call of sub-orchestration 'child' version '1'", "the call of sub-orchestration 'child' version '2'"],
      'another order': [0, "the call of activity 'echo'", "the call of sub-orchestration 'child' version '1'"],
      'one action more': [1, 'no such action', "the call of activity 'echo'"],
      'one action less': [1, "the call of activity 'echo'", 'no such action'],
      'an end in place of a wait': [1, 'a wait for something to come', 'the end of the orchestrator (Completed)'],
      'an early end': [1, "the call of activity 'echo'", 'no such action: the end of the orchestrator (Completed)'],
    };
    const instances = await release(run, Object.keys(expected));
    for (const [change, [taskId, recordedAction, actual]] of Object.entries(expected)) {
      const status = await run.ended(instances.get(change)!);
      expect(status).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'NonDeterminismError', properties: { taskId } } });
      const message = status.failureDetails!.errorMessage;
      expect(message).toContain(`Orchestrator 'changing' (NextRelease.changing) of instance '${instances.get(change)}'`);
      expect(message).toContain(`at action ${taskId}: its history holds ${recordedAction}, but on replay the code did ${actual}.`);
      expect(message).toContain('keep the old code under its version');
    }
  });

  scenario('[Y2] [K8] an instance that failed so goes on when it is rewound with code that fits', async (run) => {
    const instance = (await release(run, ['another name'])).get('another name')!;
    expect(await run.ended(instance)).toMatchObject({ failureDetails: { errorType: 'NonDeterminismError' } });
    await run.client.rewind(instance);
    expect(await run.ended(instance)).toMatchObject({ failureDetails: { errorType: 'NonDeterminismError' } });
    await run.stop();
    await run.startAgain();
    await run.client.rewind(instance);
    expect(await run.output(instance)).toBe('fine');
  });
});

describe('what comes too late', () => {
  scenario('[Y3] [K4] the result of a call by an execution that was replaced is ignored, with a debug line; the sub-orchestration itself goes on', async (run) => {
    const { start, output, gates, id, history, logged } = run;
    const instance = await start('callsHeldChild', 'old', { instanceId: id('parent') });
    await gates.reached('old');
    await start('callsHeldChild', 'new', { instanceId: id('parent'), onConflict: 'terminateAndReplace' });
    await gates.reached('new');
    gates.open('old');
    expect(await output(`${instance}-old`)).toBe('old');
    gates.open('new');
    expect(await output(instance)).toBe('new');
    const answers = (await history(instance)).filter(({ eventType }) => eventType === 'SubOrchestrationInstanceCompleted');
    expect(answers.map(({ result }) => result)).toEqual(['new']);
    expect(logged(`'${instance}' is ignored`)).toEqual([{ level: 'debug', text: expect.stringContaining('it is for another execution') as string }]);
  });

  scenario('[Y3] [O10] the result of an activity that its instance left behind is ignored, with a debug line, also by the next instance of its id', async (run) => {
    const { start, output, client, gates, id, history, waitingWork, eventually, logged } = run;
    for (const label of ['finished', 'replaced']) {
      const instance = await start('leavesActivity', id(label), { instanceId: id(label) });
      await gates.reached(id(label));
      expect(await output(instance)).toBe('left');
    }
    await start('cancelsWhenTold', undefined, { instanceId: id('replaced') });
    for (const [label, reason] of [['finished', 'it is Completed'], ['replaced', 'it is for another execution']] as const) {
      gates.open(id(label));
      await eventually(async () => (await waitingWork(id(label))).activities === 0);
      expect(logged(`TaskCompleted for instance '${id(label)}' is ignored: ${reason}.`)).toEqual([{ level: 'debug', text: expect.any(String) as string }]);
      expect((await history(id(label))).some(({ eventType }) => eventType === 'TaskCompleted')).toBe(false);
    }
    for (const event of ['cancel', 'end']) await client.raiseEvent(id('replaced'), event);
    expect(await output(id('replaced'))).toBe('cancelled');
  });

  scenario('[Y3] a timer that fires after it was cancelled is ignored, with a debug line', async (run) => {
    const { start, output, client, clock, until, id, logged } = run;
    const instance = await start('cancelsWhenTold', undefined, { instanceId: id('late') });
    await until(instance, recorded('TimerCreated'));
    await client.suspend(instance);
    await until(instance, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    await client.raiseEvent(instance, 'cancel');
    await until(instance, recorded('EventRaised'));
    clock.advance(HOUR);
    await until(instance, recorded('TimerFired'));
    await client.resume(instance);
    await client.raiseEvent(instance, 'end');
    expect(await output(instance)).toBe('cancelled');
    expect(logged(id('late'))).toContainEqual({ level: 'debug', text: expect.stringContaining('TimerFired for task 0 is ignored') as string });
  });
});

describe('the history', () => {
  scenario("[Y4] [Y1] is made of events with Azure's names, whose actions are counted", async ({ start, ended, client, until, history }) => {
    const instance = await start('doesEverything');
    await until(instance, recorded('EventRaised'));
    await client.suspend(instance, 'a break');
    await until(instance, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    await client.resume(instance, 'go on');
    await until(instance, ({ runtimeStatus }) => runtimeStatus === 'Running');
    await client.terminate(instance, 'done');
    await ended(instance);
    const types = (await history(instance)).map(({ eventType }) => eventType).filter((type) => type !== 'OrchestratorStarted' && type !== 'OrchestratorCompleted');
    expect(types).toEqual([
      'ExecutionStarted',
      'TaskScheduled', 'TaskCompleted',
      'TaskScheduled', 'TaskFailed',
      'SubOrchestrationInstanceCreated', 'SubOrchestrationInstanceCompleted',
      'SubOrchestrationInstanceCreated', 'SubOrchestrationInstanceFailed',
      'TimerCreated', 'TimerFired',
      'EventSent', 'EventRaised',
      'ExecutionSuspended', 'ExecutionResumed', 'ExecutionTerminated',
      'ExecutionCompleted',
    ]);
    const actions = (await history(instance)).filter(({ eventType }) => /Scheduled$|Created$|Sent$/.test(eventType));
    expect(actions.map(({ taskId }) => taskId)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  scenario('[Y4] [K8] of a rewound instance it has ExecutionRewound', async ({ start, ended, client, history }) => {
    const instance = await start('failingChild');
    await ended(instance);
    await client.rewind(instance, 'again');
    await ended(instance);
    expect((await history(instance)).map(({ eventType }) => eventType)).toEqual([
      'OrchestratorStarted', 'ExecutionStarted', 'ExecutionCompleted', 'OrchestratorCompleted',
      'OrchestratorStarted', 'ExecutionRewound', 'ExecutionCompleted', 'OrchestratorCompleted',
    ]);
  });
});
