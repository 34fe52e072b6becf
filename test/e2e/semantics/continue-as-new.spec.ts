import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type ActivityContext, type ContinueAsNewOptions, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { Gates, useScenarios } from '../support/harness.js';

const day = 86_400_000;

interface Facts {
  readonly generation: number;
  readonly facts: readonly object[];
}

@Injectable()
class Subject {
  /** Activities that began, by input. */
  readonly began: string[] = [];
  /** Generations of `spins`. */
  turns = 0;

  constructor(private readonly gates: Gates) {}

  @Activity()
  executionId(_input: unknown, ctx: ActivityContext): string {
    return ctx.executionId;
  }

  @Activity()
  async held(gate: string): Promise<string> {
    this.began.push(gate);
    await this.gates.pass(gate);
    return gate;
  }

  /** Three generations, each of which notes what it sees of itself. */
  @Orchestrator({ name: 'generations', version: '7' })
  *generations(ctx: OrchestrationContext, { generation, facts }: Facts): Orchestration<readonly object[]> {
    const executionId = yield* ctx.callActivity<string>('executionId');
    const { instanceId, parentInstanceId, version, name } = ctx;
    const now = [...facts, { executionId, instanceId, parentInstanceId: parentInstanceId ?? null, version: version ?? null, name, generation }];
    if (generation === 3) return now;
    ctx.continueAsNew({ generation: generation + 1, facts: now });
    return now;
  }

  @Orchestrator()
  *callsGenerations(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator('generations', { generation: 1, facts: [] }, { version: '7', instanceId: `${ctx.instanceId}-child` });
  }

  /** Goes on at 'again' without having looked at other events; the next generation takes those, in the order of `names`. */
  @Orchestrator()
  *handsEventsOn(ctx: OrchestrationContext, { names, options }: { names?: readonly string[]; options?: ContinueAsNewOptions }): Orchestration<unknown> {
    if (names === undefined) {
      const next = yield* ctx.waitForExternalEvent<readonly string[]>('again');
      ctx.continueAsNew({ names: next }, options ?? undefined);
      return null;
    }
    const taken: unknown[] = [];
    for (const name of names) taken.push(yield* ctx.waitForExternalEvent(name));
    return taken;
  }

  /** Leaves behind a running activity and an open timer, and calls an activity and a timer in its last episode. */
  @Orchestrator()
  *leavesOpen(ctx: OrchestrationContext, gate?: string): Orchestration<unknown> {
    if (gate !== undefined) {
      ctx.callActivity('held', `${gate} early`);
      ctx.createTimer(day);
      yield* ctx.waitForExternalEvent('again');
      ctx.callActivity('held', `${gate} last episode`);
      ctx.createTimer(day);
      ctx.continueAsNew();
      return null;
    }
    return yield* ctx.waitForExternalEvent('end');
  }

  @Orchestrator()
  *sendsBefore(ctx: OrchestrationContext, receiver: string | null): Orchestration<string> {
    if (receiver === null) return 'sent';
    ctx.sendEvent(receiver, 'e', 'before');
    ctx.continueAsNew(null);
    ctx.sendEvent(receiver, 'e', 'after');
    return 'not the output';
  }

  /** Everything that it calls after continueAsNew is ignored. */
  @Orchestrator()
  *callsAfter(ctx: OrchestrationContext, input: string): Orchestration<string> {
    if (input === 'second') return 'the end';
    ctx.setCustomStatus('before');
    ctx.continueAsNew('second');
    ctx.continueAsNew('third');
    ctx.setCustomStatus('after');
    const ignored = [
      ctx.callActivity('held', `${input} after`),
      ctx.createTimer(0),
      ctx.callSubOrchestrator('counts', 1, { instanceId: `${ctx.instanceId}-child` }),
      ctx.waitForExternalEvent('e'),
    ];
    yield* ctx.all(ignored);
    return 'went on';
  }

  @Orchestrator()
  *waitsTwice(ctx: OrchestrationContext): Orchestration<unknown[]> {
    return [yield* ctx.waitForExternalEvent('e'), yield* ctx.waitForExternalEvent('e')];
  }

  /** Never waits for anything. */
  @Orchestrator()
  *spins(ctx: OrchestrationContext): Orchestration<void> {
    this.turns += 1;
    ctx.continueAsNew();
  }

  @Orchestrator()
  *counts(ctx: OrchestrationContext, to: number): Orchestration<number> {
    let count = 0;
    while (count < to) {
      yield* ctx.callActivity('executionId');
      count += 1;
    }
    return count;
  }
}

const scenario = useScenarios({ providers: [Subject] });

describe('continueAsNew', () => {
  scenario('[C1] same instance id, new execution id, history starts again', async ({ id, run, history }) => {
    const status = await run('generations', { generation: 1, facts: [] }, { instanceId: id('a'), version: '7' });
    const facts = status.output as { executionId: string; instanceId: string; generation: number }[];
    expect(facts.map(({ generation, instanceId }) => [generation, instanceId])).toEqual([1, 2, 3].map((generation) => [generation, id('a')]));
    expect(new Set(facts.map(({ executionId }) => executionId)).size).toBe(3);
    expect(status.input).toMatchObject({ generation: 3 });
    const events = await history(id('a'));
    expect(events.filter(({ eventType }) => eventType === 'ExecutionStarted')).toEqual([expect.objectContaining({ input: status.input })]);
    expect(events.filter(({ eventType }) => eventType === 'TaskScheduled')).toEqual([expect.objectContaining({ taskId: 0 })]);
  });

  scenario('[C1] created time, tags and version stay', async ({ client, clock, id, until, output }) => {
    await client.startNew('handsEventsOn', { instanceId: id('a'), input: {}, tags: { color: 'red' } });
    const { createdTime } = await until(id('a'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    clock.advance(day);
    await client.raiseEvent(id('a'), 'again', []);
    await output(id('a'));
    const after = (await client.getStatus(id('a')))!;
    expect(after).toMatchObject({ createdTime, tags: { color: 'red' } });
    expect(after.lastUpdatedTime.getTime()).toBeGreaterThanOrEqual(createdTime.getTime() + day);

    await client.startNew('generations', { instanceId: id('b'), input: { generation: 1, facts: [] }, version: '7' });
    expect(await output(id('b'))).toEqual([1, 2, 3].map((generation) => expect.objectContaining({ generation, version: '7', name: 'generations' })));
    expect(await client.getStatus(id('b'))).toMatchObject({ version: '7', name: 'generations' });
  });

  scenario('[C1] [S4] the parent link stays: the parent gets the result of the last generation', async ({ client, id, run }) => {
    const { output } = await run('callsGenerations', undefined, { instanceId: id('a') });
    expect(output).toEqual([1, 2, 3].map((generation) => expect.objectContaining({ generation, parentInstanceId: id('a'), instanceId: id('a-child') })));
    expect(await client.getStatus(id('a-child'))).toMatchObject({ parentInstanceId: id('a') });
  });

  scenario('[C1] unprocessed events are kept, in their order', async ({ client, id, start, until, output }) => {
    await start('handsEventsOn', {}, { instanceId: id('a') });
    for (const [index, name] of ['a', 'b', 'a', 'A', 'b'].entries()) await client.raiseEvent(id('a'), name, index);
    await until(id('a'), recorded('EventRaised', 5));
    await client.raiseEvent(id('a'), 'again', ['b', 'a', 'a', 'b', 'a']);
    expect(await output(id('a'))).toEqual([1, 0, 2, 4, 3]);
  });

  scenario('[C1] events of the very episode that continues as new are kept too', async ({ client, id, start, until, output }) => {
    await start('handsEventsOn', {}, { instanceId: id('a') });
    await client.suspend(id('a'));
    await client.raiseEvent(id('a'), 'again', ['x', 'x']);
    await client.raiseEvent(id('a'), 'x', 1);
    await client.raiseEvent(id('a'), 'x', 2);
    await until(id('a'), recorded('EventRaised', 3));
    await client.resume(id('a'));
    expect(await output(id('a'))).toEqual([1, 2]);
  });

  scenario('[C1] unprocessed events are dropped with preserveUnprocessedEvents: false', async ({ client, id, start, until, output }) => {
    await start('handsEventsOn', { options: { preserveUnprocessedEvents: false } }, { instanceId: id('a') });
    await client.raiseEvent(id('a'), 'x', 'old');
    await until(id('a'), recorded('EventRaised'));
    await client.raiseEvent(id('a'), 'again', ['x']);
    await until(id('a'), ({ input }) => (input as { names?: unknown }).names !== undefined);
    await client.raiseEvent(id('a'), 'x', 'new');
    expect(await output(id('a'))).toEqual(['new']);
  });

  scenario('[C2] open timers and activities of the old generation are dropped, late results ignored', async (run) => {
    const { client, id, start, gates, get, until, output, clock, waitingWork, history } = run;
    await start('leavesOpen', id('a'), { instanceId: id('a') });
    await gates.reached(`${id('a')} early`);
    await client.raiseEvent(id('a'), 'again');
    await until(id('a'), ({ input }) => input === undefined);
    expect(await waitingWork(id('a'))).toMatchObject({ timers: 0, activities: 0 });

    gates.open(`${id('a')} early`);
    clock.advance(2 * day);
    await output(await start('counts', 1));
    await client.raiseEvent(id('a'), 'end');
    await output(id('a'));
    const events = await history(id('a'));
    expect(events.filter(({ eventType }) => /^(Task|Timer)/.test(eventType))).toEqual([]);
    expect(get(Subject).began.filter((gate) => gate.startsWith(id('a')))).toEqual([`${id('a')} early`]);
  });

  scenario('[C2] fire-and-forget actions already made are kept, those made after it ignored', async ({ id, start, until, output }) => {
    await start('waitsTwice', undefined, { instanceId: id('receiver') });
    await until(id('receiver'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    expect(await output(await start('sendsBefore', id('receiver')))).toBe('sent');
    expect(await output(await start('sendsBefore', id('receiver')))).toBe('sent');
    expect(await output(id('receiver'))).toEqual(['before', 'before']);
  });

  scenario('[C2] what is called after it is ignored', async ({ client, id, run, get }) => {
    const status = await run('callsAfter', id('a'), { instanceId: id('a') });
    expect(status).toMatchObject({ input: 'second', output: 'the end', customStatus: 'before' });
    expect(get(Subject).began).not.toContain(`${id('a')} after`);
    expect(await client.getStatus(id('a-child'))).toBeNull();
  });

  scenario('[C3] a tight loop does not starve other instances, nor its own end; observers see Running', async (run) => {
    const { client, id, start, until, output, get } = run;
    for (const label of ['a', 'b']) await start('spins', undefined, { instanceId: id(label) });
    await until(id('a'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    const seen = new Set<string>();
    const look = async (): Promise<void> => void seen.add((await client.getStatus(id('a')))!.runtimeStatus);
    const others = await Promise.all([1, 2, 3].map(() => start('counts', 5)));
    for (const other of others) {
      expect(await output(other)).toBe(5);
      await look();
    }
    const turns = get(Subject).turns;
    await run.eventually(async () => (await look(), get(Subject).turns > turns + 20));
    expect([...seen]).toEqual(['Running']);
    for (const label of ['a', 'b']) {
      await client.terminate(id(label));
      expect(await client.waitForCompletion(id(label))).toMatchObject({ runtimeStatus: 'Terminated' });
    }
  });
});
