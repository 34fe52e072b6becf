/** Suspend at every moment: what comes meanwhile is kept, and released in order on resume [K7]. */
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import type { DurableOrchestrationStatus, RuntimeStatus } from 'nestjs-durable';
import { answered, recorded } from '../support/conditions.js';
import { endings } from '../support/endings.js';
import { Gates, useScenarios, type ScenarioRun } from '../support/harness.js';

@Injectable()
class Steps {
  /** What ran, in its order. */
  readonly ran: string[] = [];

  constructor(private readonly gates: Gates) {}

  @Activity()
  async step(gate: string): Promise<string> {
    this.ran.push(gate);
    await this.gates.pass(gate);
    return gate;
  }

  @Activity()
  async failsOnce(gate: string): Promise<string> {
    const isFirst = !this.ran.includes(gate);
    this.ran.push(gate);
    if (!isFirst) return 'second attempt';
    await this.gates.pass(gate);
    throw new Error('not yet');
  }

  @Orchestrator()
  *twoSteps(ctx: OrchestrationContext, id: string): Orchestration<string[]> {
    const { step } = ctx.activities(Steps);
    return [yield* step(`${id} 1`), yield* step(`${id} 2`)];
  }

  @Orchestrator()
  *together(ctx: OrchestrationContext, gates: string[]): Orchestration<string[]> {
    const { step } = ctx.activities(Steps);
    return yield* ctx.all(gates.map((gate) => step(gate)));
  }

  @Orchestrator()
  *retries(ctx: OrchestrationContext, gate: string): Orchestration<string> {
    return yield* ctx.activities(Steps).failsOnce(gate, { retry: { firstRetryInterval: 1_000, maxNumberOfAttempts: 2 } });
  }

  @Orchestrator()
  *failsAt(ctx: OrchestrationContext, gate: string): Orchestration<string> {
    return yield* ctx.activities(Steps).failsOnce(gate);
  }

  /** Two timers and two events, in the order in which the code gets them. */
  @Orchestrator()
  *inOrder(ctx: OrchestrationContext): Orchestration<string[]> {
    return yield* endings(ctx, {
      'first timer': ctx.createTimer(10_000),
      'second timer': ctx.createTimer(20_000),
      a: ctx.waitForExternalEvent('a'),
      b: ctx.waitForExternalEvent('b'),
    });
  }

  @Orchestrator()
  *waitsAMinute(ctx: OrchestrationContext): Orchestration<string> {
    return yield* ctx.waitForExternalEvent<string>('go', { timeout: 60_000, default: 'too late' });
  }

  @Orchestrator()
  *collects(ctx: OrchestrationContext, count: number): Orchestration<unknown[]> {
    const data: unknown[] = [];
    while (data.length < count) data.push(yield* ctx.waitForExternalEvent('item'));
    return data;
  }

  /** Takes one event in each generation. */
  @Orchestrator()
  *generations(ctx: OrchestrationContext, taken: unknown[] = []): Orchestration<unknown[]> {
    const item = yield* ctx.waitForExternalEvent('item');
    if (taken.length === 2) return [...taken, item];
    ctx.continueAsNew([...taken, item]);
    return [];
  }

  @Orchestrator()
  *calls(ctx: OrchestrationContext, id: string): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator('twoSteps', id, { instanceId: id });
  }
}

const scenario = useScenarios({ providers: [Steps] });

const is = (wanted: RuntimeStatus) => ({ runtimeStatus }: DurableOrchestrationStatus): boolean => runtimeStatus === wanted;

async function suspend({ client, until }: ScenarioRun, instanceId: string): Promise<void> {
  await client.suspend(instanceId);
  await until(instanceId, is('Suspended'));
}

const scheduled = ({ history = [] }: DurableOrchestrationStatus): number => history.filter(({ eventType }) => eventType === 'TaskScheduled').length;

scenario('[K7] before the first episode: the code does not begin, and finds what came when it does', async (run) => {
  const { client, id, until, output } = run;
  const started = client.startNew('collects', { instanceId: id('a'), input: 2 });
  // Behind the start, in the same batch: the instance is Pending when it is suspended.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  await Promise.all([started, client.suspend(id('a'))]);
  for (const item of [1, 2]) await client.raiseEvent(id('a'), 'item', item);
  const status = await until(id('a'), recorded('EventRaised', 2));
  expect(status.runtimeStatus).toBe('Suspended');
  await client.resume(id('a'));
  expect(await output(id('a'))).toEqual([1, 2]);
});

scenario('[K7] between two activities: the result of the first is kept, the second begins on resume', async (run) => {
  const { client, id, gates, start, until, output, get } = run;
  await start('twoSteps', id('a'), { instanceId: id('a') });
  await gates.reached(`${id('a')} 1`);
  await suspend(run, id('a'));
  gates.open(`${id('a')} 1`);
  const status = await until(id('a'), answered(0));
  expect([status.runtimeStatus, scheduled(status)]).toEqual(['Suspended', 1]);
  expect(get(Steps).ran).not.toContain(`${id('a')} 2`);
  await client.resume(id('a'));
  gates.open(`${id('a')} 2`);
  expect(await output(id('a'))).toEqual([`${id('a')} 1`, `${id('a')} 2`]);
});

scenario('[K7] during a fan-out: results that came before, meanwhile and afterwards are all there', async (run) => {
  const { client, id, gates, start, until, output } = run;
  const names = [0, 1, 2, 3, 4, 5].map((index) => id(`gate ${index}`));
  await start('together', names, { instanceId: id('a') });
  await Promise.all(names.map((name) => gates.reached(name)));
  gates.open(names[4]!);
  await until(id('a'), answered(4));
  await suspend(run, id('a'));
  for (const index of [3, 0]) gates.open(names[index]!);
  expect((await until(id('a'), answered(0, 3))).runtimeStatus).toBe('Suspended');
  await client.resume(id('a'));
  for (const name of names) gates.open(name);
  expect(await output(id('a'))).toEqual(names);
});

scenario('[K7] fired timers and events are released in the order in which they came', async (run) => {
  const { client, clock, id, start, until, output } = run;
  await start('inOrder', undefined, { instanceId: id('a') });
  await until(id('a'), is('Running'));
  await suspend(run, id('a'));
  await client.raiseEvent(id('a'), 'b');
  await until(id('a'), recorded('EventRaised'));
  clock.advance(10_000);
  await until(id('a'), recorded('TimerFired'));
  await client.raiseEvent(id('a'), 'a');
  await until(id('a'), recorded('EventRaised', 2));
  clock.advance(10_000);
  await until(id('a'), recorded('TimerFired', 2));
  await client.resume(id('a'));
  expect(await output(id('a'))).toEqual(['b', 'first timer', 'a', 'second timer']);
});

scenario('[K7] [T3] of an event and its time-out the one that came first counts, however late the resume is', async (run) => {
  const { client, clock, id, start, until, output } = run;
  for (const label of ['event', 'timer']) {
    await start('waitsAMinute', undefined, { instanceId: id(label) });
    await until(id(label), is('Running'));
    await suspend(run, id(label));
  }
  await client.raiseEvent(id('event'), 'go', 'in time');
  await until(id('event'), recorded('EventRaised'));
  clock.advance(60_000);
  for (const label of ['event', 'timer']) await until(id(label), recorded('TimerFired'));
  await client.raiseEvent(id('timer'), 'go', 'in time');
  await until(id('timer'), recorded('EventRaised'));
  for (const label of ['event', 'timer']) await client.resume(id(label));
  expect([await output(id('event')), await output(id('timer'))]).toEqual(['in time', 'too late']);
});

scenario('[K7] [R2] between two attempts of a retry: the next one waits for the resume', async (run) => {
  const { client, clock, id, gates, start, until, output, get } = run;
  await start('retries', id('a'), { instanceId: id('a') });
  await gates.reached(id('a'));
  await suspend(run, id('a'));
  gates.open(id('a'));
  const status = await until(id('a'), recorded('TaskFailed'));
  expect([status.runtimeStatus, scheduled(status)]).toEqual(['Suspended', 1]);
  await client.resume(id('a'));
  await until(id('a'), recorded('TimerCreated'));
  await suspend(run, id('a'));
  clock.advance(1_000);
  await until(id('a'), recorded('TimerFired'));
  expect(get(Steps).ran.filter((gate) => gate === id('a'))).toHaveLength(1);
  await client.resume(id('a'));
  expect(await output(id('a'))).toBe('second attempt');
});

scenario('[K7] [C1] in the turn of a continueAsNew: the next generation begins on resume, with what came', async (run) => {
  const { client, id, start, until, output } = run;
  await start('generations', undefined, { instanceId: id('a') });
  await until(id('a'), is('Running'));
  // One batch: the code continues as new before it comes to the suspension.
  await Promise.all([client.raiseEvent(id('a'), 'item', 1), client.suspend(id('a'))]);
  const next = await until(id('a'), is('Suspended'));
  expect(next.input).toEqual([1]);
  await client.raiseEvent(id('a'), 'item', 2);
  await until(id('a'), recorded('EventRaised'));
  await client.resume(id('a'));
  await until(id('a'), ({ input }) => Array.isArray(input) && input.length === 2);
  await client.raiseEvent(id('a'), 'item', 3);
  expect(await output(id('a'))).toEqual([1, 2, 3]);
});

scenario('[K7] of a sub-orchestration: its parent waits; of a parent: its sub-orchestration goes on, and its end is kept', async (run) => {
  const { client, id, gates, start, until, output } = run;
  const child = id('child');
  await start('calls', child, { instanceId: id('a') });
  await gates.reached(`${child} 1`);
  await suspend(run, child);
  gates.open(`${child} 1`);
  gates.open(`${child} 2`);
  await until(child, answered(0));
  expect(await client.getStatus(id('a'))).toMatchObject({ runtimeStatus: 'Running' });
  await suspend(run, id('a'));
  await client.resume(child);
  expect(await output(child)).toEqual([`${child} 1`, `${child} 2`]);
  const parent = await until(id('a'), recorded('SubOrchestrationInstanceCompleted'));
  expect(parent.runtimeStatus).toBe('Suspended');
  await client.resume(id('a'));
  expect(await output(id('a'))).toEqual([`${child} 1`, `${child} 2`]);
});

scenario('[K7] failures are kept too, of activities and of sub-orchestrations', async (run) => {
  const { client, id, gates, start, until, ended } = run;
  const child = id('child');
  await start('calls', child, { instanceId: id('parent') });
  await gates.reached(`${child} 1`);
  await start('failsAt', id('gate'), { instanceId: id('activity') });
  await gates.reached(id('gate'));
  for (const label of ['parent', 'activity']) await suspend(run, id(label));
  gates.open(id('gate'));
  await client.terminate(child, 'enough');
  expect((await until(id('activity'), recorded('TaskFailed'))).runtimeStatus).toBe('Suspended');
  expect((await until(id('parent'), recorded('SubOrchestrationInstanceFailed'))).runtimeStatus).toBe('Suspended');
  for (const label of ['parent', 'activity']) await client.resume(id(label));
  expect(await ended(id('activity'))).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { innerFailure: { errorMessage: 'not yet' } } });
  expect(await ended(id('parent'))).toMatchObject({ runtimeStatus: 'Failed' });
});

scenario('[K7] again and again, with events in between: none is lost, none comes twice', async (run) => {
  const { client, id, start, until, output } = run;
  await start('collects', 12, { instanceId: id('a') });
  await until(id('a'), is('Running'));
  for (let round = 0; round < 4; round += 1) {
    await client.raiseEvent(id('a'), 'item', round * 3);
    await suspend(run, id('a'));
    await client.raiseEvent(id('a'), 'item', round * 3 + 1);
    await client.resume(id('a'));
    await client.raiseEvent(id('a'), 'item', round * 3 + 2);
    if (round < 3) await until(id('a'), is('Running'));
  }
  expect(await output(id('a'))).toEqual(Array.from({ length: 12 }, (_, item) => item));
});

scenario('[K7] what was kept survives a stop, and a terminate drops it', async (run) => {
  const { id, gates, start, until, output, ended, waitingWork } = run;
  for (const label of ['a', 'b']) {
    await start('twoSteps', id(label), { instanceId: id(label) });
    await gates.reached(`${id(label)} 1`);
    await suspend(run, id(label));
    gates.open(`${id(label)} 1`);
    await until(id(label), answered(0));
  }
  await run.stop();
  await run.startAgain();
  gates.open(`${id('a')} 2`);
  await run.client.resume(id('a'));
  expect(await output(id('a'))).toHaveLength(2);
  await run.client.terminate(id('b'));
  await ended(id('b'));
  expect((await run.history(id('b'))).filter(({ eventType }) => eventType === 'TaskScheduled')).toHaveLength(1);
  expect(await waitingWork(id('b'))).toEqual({ messages: 0, timers: 0, activities: 0 });
});
