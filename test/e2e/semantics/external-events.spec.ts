import { Injectable } from '@nestjs/common';
import { Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { Echo } from '../support/echo.js';
import { useScenarios } from '../support/harness.js';

const minute = 60_000;

interface Sent {
  readonly to: string;
  readonly name?: string;
  readonly data?: unknown;
}

@Injectable()
class Subject {
  /** Waits for these events, one after the other. */
  @Orchestrator()
  *waitsFor(ctx: OrchestrationContext, names: readonly string[]): Orchestration<unknown[]> {
    const data: unknown[] = [];
    for (const name of names) data.push(yield* ctx.waitForExternalEvent(name));
    return data;
  }

  /** Two waits for 'e' at once: which one gets the first event? */
  @Orchestrator()
  *waitsTwice(ctx: OrchestrationContext): Orchestration<object> {
    const older = ctx.waitForExternalEvent('e');
    const newer = ctx.waitForExternalEvent('e');
    const first = (yield* ctx.any([older, newer])) === newer ? 'newer' : 'older';
    return { first, older: yield* older, newer: yield* newer };
  }

  @Orchestrator()
  *cancelsNewer(ctx: OrchestrationContext): Orchestration<unknown[]> {
    const older = ctx.waitForExternalEvent('e');
    const newer = ctx.waitForExternalEvent('e', { timeout: minute });
    newer.cancel();
    return [yield* older, newer.isCanceled, newer.isCompleted];
  }

  /** Loses a race on 'e' to 'other', then waits for 'e' anew. */
  @Orchestrator()
  *losesRace(ctx: OrchestrationContext): Orchestration<unknown> {
    const loser = ctx.waitForExternalEvent('e');
    yield* ctx.any([loser, ctx.waitForExternalEvent('other')]);
    return yield* ctx.waitForExternalEvent('e');
  }

  @Orchestrator()
  *timesOut(ctx: OrchestrationContext): Orchestration<unknown[]> {
    try {
      yield* ctx.waitForExternalEvent('e', { timeout: minute });
    } catch (error) {
      const { name, message } = error as Error;
      return [name, message, yield* ctx.waitForExternalEvent('e')];
    }
    return ['no time-out'];
  }

  @Orchestrator()
  *defaults(ctx: OrchestrationContext, value: unknown): Orchestration<unknown[]> {
    const first = yield* ctx.waitForExternalEvent('e', { timeout: minute, default: value });
    return [first, yield* ctx.waitForExternalEvent('e')];
  }

  @Orchestrator()
  *defaultsToNothing(ctx: OrchestrationContext): Orchestration<string> {
    return typeof (yield* ctx.waitForExternalEvent('e', { timeout: minute, default: undefined }));
  }

  @Orchestrator()
  *beatsTimer(ctx: OrchestrationContext): Orchestration<unknown[]> {
    const first = yield* ctx.waitForExternalEvent('e', { timeout: minute, default: 'too late' });
    return [first, yield* ctx.waitForExternalEvent('end')];
  }

  @Orchestrator()
  *takesKept(ctx: OrchestrationContext): Orchestration<unknown> {
    yield* ctx.waitForExternalEvent('go');
    return yield* ctx.waitForExternalEvent('e', { timeout: minute });
  }

  @Orchestrator()
  *sends(ctx: OrchestrationContext, sent: readonly Sent[]): Orchestration<string> {
    for (const { to, name = 'e', data } of sent) ctx.sendEvent(to, name, data);
    return yield* ctx.callActivity<string>('echo', 'sent');
  }

  @Orchestrator()
  *sendsToItself(ctx: OrchestrationContext): Orchestration<unknown> {
    ctx.sendEvent(ctx.instanceId, 'e', 'from me');
    return yield* ctx.waitForExternalEvent('e');
  }

  @Orchestrator()
  *sendsBadly(ctx: OrchestrationContext): Orchestration<string[]> {
    const calls = [() => ctx.sendEvent('a/b', 'e'), () => ctx.sendEvent('a', ''), () => ctx.sendEvent('a', 'e', 1n)];
    const errors = calls.map((call) => {
      try {
        call();
        return 'sent';
      } catch (error) {
        return (error as Error).name;
      }
    });
    yield* ctx.callActivity('echo', 1);
    return errors;
  }
}

const scenario = useScenarios({ providers: [Subject, Echo] });

describe('external events', () => {
  scenario('[E1] names are compared case-insensitively, whatever the locale', async ({ client, id, start, output }) => {
    await start('waitsFor', ['APPROVAL_I', 'straße', 'plain'], { instanceId: id('a') });
    await client.raiseEvent(id('a'), 'approval_ı', 'a dotless i is another letter');
    await client.raiseEvent(id('a'), 'approval_i', 1);
    await client.raiseEvent(id('a'), 'STRAßE', 2);
    await client.raiseEvent(id('a'), 'pLaIn', 3);
    expect(await output(id('a'))).toEqual([1, 2, 3]);
  });

  scenario('[E1] unconsumed events are buffered per name, first in first out', async ({ client, id, start, until, output }) => {
    await start('waitsFor', ['go', 'b', 'a', 'A', 'B', 'a'], { instanceId: id('a') });
    for (const [index, name] of ['a', 'A', 'b', 'B', 'a', 'b', 'unwanted'].entries()) await client.raiseEvent(id('a'), name, index);
    await until(id('a'), recorded('EventRaised', 7));
    await client.raiseEvent(id('a'), 'go', 'go');
    expect(await output(id('a'))).toEqual(['go', 2, 0, 1, 3, 4]);
  });

  scenario('[E2] the newest of several open waiters gets the event', async ({ client, id, start, output }) => {
    await start('waitsTwice', undefined, { instanceId: id('a') });
    await client.raiseEvent(id('a'), 'e', 1);
    await client.raiseEvent(id('a'), 'e', 2);
    expect(await output(id('a'))).toEqual({ first: 'newer', newer: 1, older: 2 });
  });

  scenario('[E2] a waiter that lost a race does not steal from a newer one', async ({ client, id, start, output }) => {
    await start('losesRace', undefined, { instanceId: id('a') });
    await client.raiseEvent(id('a'), 'other');
    await client.raiseEvent(id('a'), 'e', 'for the newer one');
    expect(await output(id('a'))).toBe('for the newer one');
  });

  scenario('[E2] a waiter can be cancelled: it gets nothing, and its timer goes', async ({ client, clock, id, start, until, output, waitingWork }) => {
    await start('cancelsNewer', undefined, { instanceId: id('a') });
    await until(id('a'), recorded('TimerCreated'));
    expect(await waitingWork(id('a'))).toMatchObject({ timers: 0 });
    clock.advance(minute);
    await client.raiseEvent(id('a'), 'e', 'for the older one');
    expect(await output(id('a'))).toEqual(['for the older one', true, true]);
  });
});

describe('time-outs', () => {
  scenario('[E3] a timed-out wait throws TaskTimeoutError, and leaves the next event for the next wait', async ({ client, clock, id, start, until, output }) => {
    await start('timesOut', undefined, { instanceId: id('a') });
    await until(id('a'), recorded('TimerCreated'));
    clock.advance(minute);
    await until(id('a'), recorded('TimerFired'));
    await client.raiseEvent(id('a'), 'e', 'next');
    expect(await output(id('a'))).toEqual(['TaskTimeoutError', `Event 'e' did not reach instance '${id('a')}' within ${minute} ms.`, 'next']);
  });

  for (const value of ['a default', 0, '', false, null]) {
    scenario(`[E3] a timed-out wait returns its default ${JSON.stringify(value)}`, async ({ client, clock, id, start, until, output }) => {
      await start('defaults', value, { instanceId: id('a') });
      await until(id('a'), recorded('TimerCreated'));
      clock.advance(minute);
      await until(id('a'), recorded('TimerFired'));
      await client.raiseEvent(id('a'), 'e', 'next');
      expect(await output(id('a'))).toEqual([value, 'next']);
    });
  }

  scenario('[E3] undefined is a default too', async ({ clock, id, start, until, output }) => {
    await start('defaultsToNothing', undefined, { instanceId: id('a') });
    await until(id('a'), recorded('TimerCreated'));
    clock.advance(minute);
    expect(await output(id('a'))).toBe('undefined');
  });

  scenario('[E3] the timer is cancelled when the event wins', async ({ client, clock, id, start, until, output, waitingWork, history, run }) => {
    await start('beatsTimer', undefined, { instanceId: id('a') });
    await until(id('a'), recorded('TimerCreated'));
    expect(await waitingWork(id('a'))).toMatchObject({ timers: 1 });
    await client.raiseEvent(id('a'), 'e', 'in time');
    await until(id('a'), recorded('EventRaised'));
    expect(await waitingWork(id('a'))).toMatchObject({ timers: 0 });
    clock.advance(2 * minute);
    await run('waitsFor', []);
    await client.raiseEvent(id('a'), 'end', 'end');
    expect(await output(id('a'))).toEqual(['in time', 'end']);
    expect((await history(id('a'))).some(({ eventType }) => eventType === 'TimerFired')).toBe(false);
  });

  scenario('[E3] an event that is there already needs no timer', async ({ client, id, start, until, output, history }) => {
    await start('takesKept', undefined, { instanceId: id('a') });
    await client.raiseEvent(id('a'), 'e', 'kept');
    await until(id('a'), recorded('EventRaised'));
    await client.raiseEvent(id('a'), 'go');
    expect(await output(id('a'))).toBe('kept');
    expect((await history(id('a'))).some(({ eventType }) => eventType === 'TimerCreated')).toBe(false);
  });
});

describe('events to instances that do not run', () => {
  scenario('[E4] are kept for a Pending one', async ({ client, clock, id, start, output }) => {
    await start('waitsFor', ['e', 'e'], { instanceId: id('a'), startAt: Date.now() + clock.skew + minute });
    await client.raiseEvent(id('a'), 'e', 1);
    await client.raiseEvent(id('a'), 'e', 2);
    clock.advance(minute);
    expect(await output(id('a'))).toEqual([1, 2]);
  });

  scenario('[E4] are kept for a Suspended one', async ({ client, id, start, until, output }) => {
    await start('waitsFor', ['e', 'e'], { instanceId: id('a') });
    await client.suspend(id('a'));
    await client.raiseEvent(id('a'), 'e', 1);
    await client.raiseEvent(id('a'), 'e', 2);
    await until(id('a'), recorded('EventRaised', 2));
    await client.resume(id('a'));
    expect(await output(id('a'))).toEqual([1, 2]);
  });

  scenario('[E4] are refused for a missing one and a finished one', async ({ client, id, run }) => {
    await expect(client.raiseEvent(id('missing'), 'e')).rejects.toMatchObject({ name: 'InstanceNotFoundError', instanceId: id('missing') });
    await run('waitsFor', [], { instanceId: id('finished') });
    await expect(client.raiseEvent(id('finished'), 'e')).rejects.toMatchObject({
      name: 'InstanceNotRunningError', instanceId: id('finished'), status: 'Completed', message: expect.stringContaining('raiseEvent'),
    });
  });
});

describe('ctx.sendEvent', () => {
  scenario('[E5] sends events to other instances, in order, and to itself', async ({ id, start, until, output }) => {
    await start('waitsFor', ['e', 'E', 'f'], { instanceId: id('receiver') });
    await until(id('receiver'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    const sent = [{ to: id('receiver'), data: 0 }, { to: id('receiver') }, { to: id('receiver'), name: 'F', data: { a: 1 } }];
    expect(await output(await start('sends', sent))).toBe('sent');
    expect(await output(id('receiver'))).toEqual([0, null, { a: 1 }]);
    expect(await output(await start('sendsToItself'))).toBe('from me');
  });

  scenario('[E5] to a missing or a finished instance is dropped and logged; the sender does not notice', async (run) => {
    const { id, start, output, logged, history } = run;
    await run.run('waitsFor', [], { instanceId: id('finished') });
    const before = await history(id('finished'));
    expect(await output(await start('sends', [{ to: id('missing') }, { to: id('finished') }]))).toBe('sent');
    for (const label of ['missing', 'finished']) {
      await run.eventually(() => logged(id(label)).length > 0);
      expect(logged(id(label))).toEqual([{ level: 'warn', text: expect.stringMatching(/event 'e' .*dropped/i) }]);
      await run.eventually(async () => (await run.waitingWork(id(label))).messages === 0);
    }
    expect(await run.client.getStatus(id('missing'))).toBeNull();
    expect(await history(id('finished'))).toEqual(before);
  });

  scenario('[E5] refuses a bad id, a bad name and data that JSON cannot hold at the call', async ({ start, output }) => {
    expect(await output(await start('sendsBadly'))).toEqual(['InvalidInstanceIdError', 'TypeError', 'SerializationError']);
  });
});
