import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type ActivityContext, type DurableTask, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { Gates, useScenarios, type ScenarioRun } from '../support/harness.js';

/** What is out of order: activities fail there until a scenario mends it. */
@Injectable()
class Outages {
  readonly broken = new Set<string>();
}

/** What ran, in its order, with the keys that it was given. */
@Injectable()
class Journal {
  readonly lines: { readonly what: string; readonly key: string }[] = [];

  times(what: string): number {
    return this.lines.filter((line) => line.what === what).length;
  }

  keys(what: string): Set<string> {
    return new Set(this.lines.filter((line) => line.what === what).map(({ key }) => key));
  }
}

@Injectable()
class Handlers {
  constructor(private readonly outages: Outages, private readonly journal: Journal, private readonly gates: Gates) {}

  /** Fails while `what` is out of order. */
  @Activity()
  work(what: string, ctx: ActivityContext): string {
    this.journal.lines.push({ what, key: ctx.idempotencyKey });
    if (this.outages.broken.has(what)) throw new Error(`${what} is out of order`);
    return what;
  }

  /** Comes to the gate of its name; when its signal is aborted also to `<name> aborted`. */
  @Activity()
  async held(gate: string, ctx: ActivityContext): Promise<string> {
    ctx.signal.addEventListener('abort', () => void this.gates.pass(`${gate} aborted`));
    const isFirst = this.journal.times(gate) === 0;
    this.journal.lines.push({ what: gate, key: ctx.idempotencyKey });
    await this.gates.pass(isFirst ? gate : `${gate} again`);
    return isFirst ? 'first' : 'again';
  }

  @Orchestrator()
  *chain(ctx: OrchestrationContext, id: string): Orchestration<string[]> {
    const { work } = ctx.activities(Handlers);
    const a = yield* work(`${id} a`);
    const b = yield* work(`${id} b`);
    return [a, b];
  }

  @Orchestrator()
  *together(ctx: OrchestrationContext, things: string[]): Orchestration<string[]> {
    const { work } = ctx.activities(Handlers);
    return yield* ctx.all(things.map((thing) => work(thing)));
  }

  @Orchestrator()
  *patient(ctx: OrchestrationContext, id: string): Orchestration<string[]> {
    const { work } = ctx.activities(Handlers);
    return [yield* work(`${id} a`, { retry: { firstRetryInterval: 60_000, maxNumberOfAttempts: 2 } })];
  }

  /** Has an activity, a timer of an hour and a wait for an event under way when its second activity fails. */
  @Orchestrator()
  *busy(ctx: OrchestrationContext, id: string): Orchestration<unknown[]> {
    const { work, held } = ctx.activities(Handlers);
    const open = [held(id), ctx.createTimer(3_600_000), ctx.waitForExternalEvent<string>('go')] as const;
    yield* work(`${id} a`);
    return yield* ctx.all([...open]);
  }

  /** `levels` sub-orchestrations deep: ids are `<id>`, `<id>-1`, `<id>-1-1` and so on. */
  @Orchestrator()
  *nested(ctx: OrchestrationContext, [levels, thing]: [number, string]): Orchestration<string> {
    const { work } = ctx.activities(Handlers);
    yield* work(`${thing} before, level ${levels}`);
    if (levels === 0) return yield* work(thing);
    return yield* ctx.orchestrators(Handlers).nested([levels - 1, thing], { instanceId: `${ctx.instanceId}-1` });
  }

  /** Its children, with ids of their own, come in two kinds: `waits` wait for an event 'go', others do `work`. */
  @Orchestrator()
  *family(ctx: OrchestrationContext, children: string[]): Orchestration<unknown[]> {
    const { waits, together } = ctx.orchestrators(Handlers);
    const calls = children.map((child): DurableTask<unknown> => {
      const options = { instanceId: `${ctx.instanceId}-${child}` };
      return child.startsWith('waits') ? waits(child, options) : together([`${ctx.instanceId} ${child}`], options);
    });
    return yield* ctx.all(calls);
  }

  @Orchestrator()
  *waits(ctx: OrchestrationContext, child: string): Orchestration<string> {
    const { work } = ctx.activities(Handlers);
    yield* work(`${ctx.instanceId} begun`);
    return `${child} ${yield* ctx.waitForExternalEvent<string>('go')}`;
  }

  /** Where something fails before the event `address`, it is undone; afterwards nothing is. */
  @Orchestrator()
  *compensates(ctx: OrchestrationContext, id: string): Orchestration<string[]> {
    const { work } = ctx.activities(Handlers);
    const done: string[] = [];
    try {
      done.push(yield* work(`${id} reserve`));
      done.push(yield* work(`${id} pay`));
    } catch {
      done.push(yield* work(`${id} undo`));
    }
    done.push(yield* ctx.waitForExternalEvent<string>('address'));
    done.push(yield* work(`${id} pack`));
    done.push(yield* work(`${id} ship`));
    return done;
  }

  @Orchestrator()
  *persistent(ctx: OrchestrationContext, id: string): Orchestration<string[]> {
    const { work } = ctx.activities(Handlers);
    const first = yield* work(`${id} a`, { retry: { firstRetryInterval: 60_000, maxNumberOfAttempts: 2 } });
    return [first, yield* work(`${id} b`)];
  }

  /** Calls its second activity when the first one, or an event, has come. */
  @Orchestrator()
  *races(ctx: OrchestrationContext, id: string): Orchestration<unknown> {
    const { work } = ctx.activities(Handlers);
    const [a, go] = [work(`${id} a`), ctx.waitForExternalEvent('go')];
    yield* ctx.any([a, go]);
    const b = yield* work(`${id} b`);
    return [b, yield* go, yield* a];
  }

  @Orchestrator()
  *faulty(ctx: OrchestrationContext, id: string): Orchestration<string> {
    const { work } = ctx.activities(Handlers);
    yield* work(`${id} a`);
    throw new TypeError('a bug');
  }
}

/** The same handlers, after a deployment that mended `faulty`. */
@Injectable()
class Mended {
  constructor(private readonly journal: Journal) {}

  @Activity()
  work(what: string, ctx: ActivityContext): string {
    this.journal.lines.push({ what, key: ctx.idempotencyKey });
    return what;
  }

  @Orchestrator()
  *faulty(ctx: OrchestrationContext, id: string): Orchestration<string[]> {
    const { work } = ctx.activities(Mended);
    return [yield* work(`${id} a`), yield* work(`${id} b`)];
  }

  /** Its second activity is that of `races`, written otherwise. */
  @Orchestrator()
  *races(ctx: OrchestrationContext, id: string): Orchestration<unknown> {
    const [a, go] = [ctx.activities(Mended).work(`${id} a`), ctx.waitForExternalEvent('go')];
    yield* ctx.any([a, go]);
    const b = ctx.callActivity<string>('WORK', `${id} b`);
    return yield* ctx.all([b, go, a]);
  }
}

const outages = new Outages();
const journal = new Journal();
const shared = [{ provide: Outages, useValue: outages }, { provide: Journal, useValue: journal }];
const scenario = useScenarios({ providers: [Handlers, ...shared] });

/** A scenario plays twice: what ran is counted from here. */
function begin(): void {
  journal.lines.length = 0;
  outages.broken.clear();
}

async function fails(run: ScenarioRun, instanceId: string): Promise<void> {
  expect(await run.ended(instanceId)).toMatchObject({ runtimeStatus: 'Failed' });
}

describe('rewind', () => {
  scenario('[K4] [K8] the failed activity runs again with its key, the one that succeeded does not; history is only added to', async (run) => {
    begin();
    const { client, id, start, output, history, waitingWork } = run;
    const a = id('a');
    outages.broken.add(`${a} b`);
    await start('chain', a, { instanceId: a });
    await fails(run, a);
    const before = await history(a);
    outages.broken.clear();
    await client.rewind(a, 'b is back');
    expect(await output(a)).toEqual([`${a} a`, `${a} b`]);
    expect([journal.times(`${a} a`), journal.times(`${a} b`)]).toEqual([1, 2]);
    expect(journal.keys(`${a} b`).size).toBe(1);
    const events = await history(a);
    expect(events.slice(0, before.length)).toEqual(before);
    const rewound = events.filter(({ eventType }) => eventType === 'ExecutionRewound');
    expect(rewound).toMatchObject([{ reason: 'b is back', dropped: [events.findIndex(({ eventType }) => eventType === 'TaskFailed')] }]);
    expect(await client.getStatus(a)).toMatchObject({ runtimeStatus: 'Completed', failureDetails: undefined });
    expect(await waitingWork(a)).toEqual({ messages: 0, timers: 0, activities: 0 });
  });

  scenario('[K8] it fails and is rewound as often as it takes', async (run) => {
    begin();
    const { client, id, start, output } = run;
    const a = id('a');
    outages.broken.add(`${a} a`);
    await start('chain', a, { instanceId: a });
    for (let times = 1; times <= 3; times++) {
      await fails(run, a);
      if (times === 3) outages.broken.clear();
      await client.rewind(a);
    }
    expect(await output(a)).toEqual([`${a} a`, `${a} b`]);
    expect([journal.times(`${a} a`), journal.times(`${a} b`)]).toEqual([4, 1]);
  });

  scenario('[K8] after `all` with two failures both run again', async (run) => {
    begin();
    const { client, id, start, output } = run;
    const [a, x, y, z] = [id('a'), id('x'), id('y'), id('z')];
    outages.broken.add(x).add(z);
    await start('together', [x, y, z], { instanceId: a });
    await fails(run, a);
    outages.broken.clear();
    await client.rewind(a);
    expect(await output(a)).toEqual([x, y, z]);
    expect(journal.keys(x).size + journal.keys(y).size + journal.keys(z).size).toBe(3);
    expect([journal.times(x), journal.times(z)]).toEqual([2, 2]);
  });

  scenario('[K8] [R1] a call with retries has all its attempts again', async (run) => {
    begin();
    const { client, clock, id, start, output, until } = run;
    const a = id('a');
    outages.broken.add(`${a} a`);
    await start('patient', a, { instanceId: a });
    for (const times of [1, 2]) {
      await until(a, recorded('TimerCreated', times));
      clock.advance(60_000);
      if (times === 2) outages.broken.clear();
      else await fails(run, a);
      if (times === 1) await client.rewind(a);
    }
    expect(await output(a)).toEqual([`${a} a`]);
    expect(journal.times(`${a} a`)).toBe(4);
    expect(journal.keys(`${a} a`).size).toBe(1);
  });

  scenario('[K8] the failed attempts of a call that succeeded in the end stay', async (run) => {
    begin();
    const { client, clock, id, start, output, until, history } = run;
    const a = id('a');
    outages.broken.add(`${a} a`).add(`${a} b`);
    await start('persistent', a, { instanceId: a });
    await until(a, recorded('TimerCreated'));
    outages.broken.delete(`${a} a`);
    clock.advance(60_000);
    await fails(run, a);
    outages.broken.clear();
    await client.rewind(a);
    expect(await output(a)).toEqual([`${a} a`, `${a} b`]);
    expect([journal.times(`${a} a`), journal.times(`${a} b`)]).toEqual([2, 2]);
    const events = await history(a);
    const [dropped] = events.flatMap((event) => event.dropped ?? []);
    expect(dropped).toBe(events.findLastIndex(({ eventType }) => eventType === 'TaskFailed'));
  });

  scenario('[K8] a failure that the code has handled is dropped too: it goes another way, by actions of new numbers; events are kept', async (run) => {
    begin();
    const { client, id, start, output, until, history } = run;
    const a = id('a');
    outages.broken.add(`${a} reserve`).add(`${a} ship`);
    await start('compensates', a, { instanceId: a });
    await until(a, recorded('TaskCompleted'));
    await client.raiseEvent(a, 'address', 'at home');
    await fails(run, a);
    const numbers = (await history(a)).flatMap(({ taskId }) => taskId ?? []);
    outages.broken.clear();
    await client.rewind(a);
    expect(await output(a)).toEqual([`${a} reserve`, `${a} pay`, 'at home', `${a} pack`, `${a} ship`]);
    // What it comes to again, however late: it packed well, and ships with the key that it had.
    expect(['reserve', 'undo', 'pay', 'pack', 'ship'].map((what) => journal.times(`${a} ${what}`))).toEqual([2, 1, 1, 1, 2]);
    expect(journal.keys(`${a} ship`).size).toBe(1);
    const paid = (await history(a)).find(({ eventType, input }) => eventType === 'TaskScheduled' && input === `${a} pay`);
    expect(numbers).not.toContain(paid!.taskId);
    expect(journal.keys(`${a} reserve`).size).toBe(1);
  });

  scenario('[K8] an action that the code comes to again, another way and in other letters, has its recorded answer', async (run) => {
    begin();
    const { id, start, stop, startAgain } = run;
    const a = id('a');
    outages.broken.add(`${a} a`);
    await start('races', a, { instanceId: a });
    await run.until(a, recorded('TaskCompleted'));
    await run.client.raiseEvent(a, 'go', 'went');
    await fails(run, a);
    await stop();
    await startAgain({ providers: [Mended, ...shared] });
    await run.client.rewind(a);
    expect(await run.output(a)).toEqual([`${a} b`, 'went', `${a} a`]);
    expect([journal.times(`${a} a`), journal.times(`${a} b`)]).toEqual([2, 1]);
  });

  scenario('[K8] it is Running at once; what was under way is dispatched again: activities, timers at their time; events are still there', async (run) => {
    begin();
    const { client, clock, gates, id, output, until, waitingWork } = run;
    const a = id('a');
    outages.broken.add(`${a} a`);
    await client.startNew('busy', { instanceId: a, input: a });
    await gates.reached(a);
    await fails(run, a);
    expect(await waitingWork(a)).toMatchObject({ timers: 0 });
    clock.advance(1_800_000);
    outages.broken.clear();
    await client.rewind(a);
    expect(await client.getStatus(a)).toMatchObject({ runtimeStatus: 'Running', output: undefined, failureDetails: undefined });
    // What still ran of it is told to stop, and its result does not count.
    await gates.reached(`${a} aborted`);
    await gates.reached(`${a} again`);
    gates.open(a);
    await client.raiseEvent(a, 'go', 'went');
    await until(a, recorded('EventRaised'));
    expect(await waitingWork(a)).toEqual({ messages: 0, timers: 1, activities: 1 });
    clock.advance(1_800_000);
    await until(a, recorded('TimerFired'));
    gates.open(`${a} again`);
    expect(await output(a)).toEqual(['again', null, 'went']);
    expect(journal.keys(a).size).toBe(1);
  });

  scenario('[K8] sub-orchestrations are rewound themselves, over two levels', async (run) => {
    begin();
    const { client, id, start, output } = run;
    const a = id('a');
    outages.broken.add(a);
    await start('nested', [2, a], { instanceId: a });
    await fails(run, a);
    outages.broken.clear();
    await client.rewind(a, 'mended');
    expect(await output(a)).toBe(a);
    expect(await client.getStatus(`${a}-1-1`)).toMatchObject({ parentInstanceId: `${a}-1` });
    expect((await run.history(`${a}-1-1`)).filter(({ eventType }) => eventType === 'ExecutionRewound')).toMatchObject([{ reason: 'mended' }]);
    for (const level of [0, 1, 2]) expect(journal.times(`${a} before, level ${level}`)).toBe(1);
    expect(journal.times(a)).toBe(2);
  });

  scenario('[K8] of the sub-orchestrations one that runs goes on, one that has completed tells it again', async (run) => {
    begin();
    const { client, id, start, output, until, ended } = run;
    const a = id('a');
    outages.broken.add(`${a} x`);
    await start('family', ['waits', 'x', 'waits too'], { instanceId: a });
    await fails(run, a);
    await client.raiseEvent(`${a}-waits`, 'go', 'early');
    expect(await ended(`${a}-waits`)).toMatchObject({ output: 'waits early' });
    await run.eventually(async () => (await run.waitingWork(a)).messages === 0);
    await until(`${a}-waits too`, recorded('TaskCompleted'));
    outages.broken.clear();
    await client.rewind(a);
    await until(a, recorded('ExecutionRewound'));
    // Else it may tell its end twice, of which the second counts for nothing [Y3].
    await run.eventually(async () => (await run.waitingWork(`${a}-waits too`)).messages === 0);
    await client.raiseEvent(`${a}-waits too`, 'go', 'late');
    expect(await output(a)).toEqual(['waits early', [`${a} x`], 'waits too late']);
    expect([journal.times(`${a}-waits begun`), journal.times(`${a}-waits too begun`)]).toEqual([1, 1]);
  });

  scenario('[K8] a sub-orchestration that was terminated or purged is created anew', async (run) => {
    begin();
    const { client, id, start, output, until } = run;
    const a = id('a');
    await start('family', ['waits', 'x'], { instanceId: a });
    await until(`${a}-waits`, recorded('TaskCompleted'));
    await until(a, recorded('SubOrchestrationInstanceCompleted'));
    await client.terminate(`${a}-waits`, 'by mistake');
    await fails(run, a);
    await client.rewind(a);
    await until(`${a}-waits`, ({ runtimeStatus }) => runtimeStatus === 'Running');
    await client.terminate(`${a}-waits`, 'by mistake again');
    await fails(run, a);
    await client.purgeInstanceHistory(`${a}-waits`);
    await client.rewind(a);
    await until(`${a}-waits`, recorded('TaskCompleted'));
    await client.raiseEvent(`${a}-waits`, 'go', 'now');
    expect(await output(a)).toEqual(['waits now', [`${a} x`]]);
    expect([journal.times(`${a} x`), journal.times(`${a}-waits begun`)]).toEqual([1, 3]);
  });

  scenario('[K8] a sub-orchestration that is rewound by itself tells a parent that has failed nothing', async (run) => {
    begin();
    const { client, id, start, output, ended } = run;
    const a = id('a');
    outages.broken.add(`${a} x`);
    await start('family', ['x'], { instanceId: a });
    await fails(run, a);
    outages.broken.clear();
    await client.rewind(`${a}-x`);
    expect(await output(`${a}-x`)).toEqual([`${a} x`]);
    expect(await ended(a)).toMatchObject({ runtimeStatus: 'Failed' });
    await client.rewind(a);
    expect(await output(a)).toEqual([[`${a} x`]]);
    expect(journal.times(`${a} x`)).toBe(2);
  });

  scenario('[K8] a rewound instance survives a restart of its process', async (run) => {
    begin();
    const { id, output, gates, stop, startAgain } = run;
    const a = id('a');
    outages.broken.add(`${a} a`);
    await run.client.startNew('busy', { instanceId: a, input: a });
    await gates.reached(a);
    await fails(run, a);
    outages.broken.clear();
    await run.client.rewind(a);
    await run.until(a, recorded('TaskCompleted'));
    gates.open(a);
    gates.open(`${a} again`);
    await stop();
    await startAgain();
    await run.client.raiseEvent(a, 'go', 'went');
    run.clock.advance(3_600_000);
    expect(await output(a)).toMatchObject([expect.any(String), null, 'went']);
  });

  scenario('[K8] what failed by its own code goes on where it failed once the code is mended', async (run) => {
    begin();
    const { id, start, stop, startAgain } = run;
    const a = id('a');
    await start('faulty', a, { instanceId: a });
    await fails(run, a);
    await run.client.rewind(a);
    await fails(run, a);
    await stop();
    await startAgain({ providers: [Mended, ...shared] });
    await run.client.rewind(a);
    expect(await run.output(a)).toEqual([`${a} a`, `${a} b`]);
    expect([journal.times(`${a} a`), journal.times(`${a} b`)]).toEqual([1, 1]);
  });

  scenario('[K8] [Y6] one whose orchestrator this process lacks goes on when it is there', async (run) => {
    begin();
    const { id, start, stop, startAgain } = run;
    const a = id('a');
    await start('faulty', a, { instanceId: a });
    await fails(run, a);
    await stop();
    await startAgain({ providers: shared });
    await run.client.rewind(a, 'elsewhere');
    await run.until(a, recorded('ExecutionRewound'));
    await stop();
    await startAgain({ providers: [Mended, ...shared] });
    expect(await run.output(a)).toEqual([`${a} a`, `${a} b`]);
    expect([journal.times(`${a} a`), journal.times(`${a} b`)]).toEqual([1, 1]);
  });

  scenario('[K8] terminate right after a rewind ends it', async (run) => {
    begin();
    const { client, id, start, ended } = run;
    const a = id('a');
    outages.broken.add(`${a} b`);
    await start('chain', a, { instanceId: a });
    await fails(run, a);
    await Promise.all([client.rewind(a), client.terminate(a, 'after all')]);
    expect(await ended(a)).toMatchObject({ runtimeStatus: 'Terminated', output: 'after all' });
  });

  scenario('[K8] [K6] of two rewinds at once the second one is refused', async (run) => {
    begin();
    const { client, id, start, output, history } = run;
    const a = id('a');
    outages.broken.add(`${a} b`);
    await start('chain', a, { instanceId: a });
    await fails(run, a);
    outages.broken.clear();
    const [first, second] = await Promise.allSettled([client.rewind(a), client.rewind(a)]);
    expect([first, second]).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { name: 'InvalidInstanceStateError', status: 'Running' } }]);
    expect(await output(a)).toEqual([`${a} a`, `${a} b`]);
    expect((await history(a)).filter(({ eventType }) => eventType === 'ExecutionRewound')).toHaveLength(1);
  });
});
