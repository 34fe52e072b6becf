import { recorded } from '../support/conditions.js';
import { useScenarios } from '../support/harness.js';
import { BRING, hour, is } from './states.js';
import { Subject } from './subject.js';

const scenario = useScenarios({ providers: [Subject] });

describe('raiseEvent', () => {
  scenario('[K4] hands the data to the instance, falsy ones and none too', async ({ client, id, output }) => {
    for (const [index, data] of [{ a: [1] }, 0, '', false, null, undefined].entries()) {
      await client.startNew('waits', { instanceId: id(String(index)) });
      await client.raiseEvent(id(String(index)), 'go', data);
      expect(await output(id(String(index)))).toEqual(data);
    }
  });

  scenario('[K4] events of one client arrive in the order in which it sent them', async ({ client, id, output, until }) => {
    await client.startNew('waits', { instanceId: id('a') });
    await client.suspend(id('a'));
    const names = Array.from({ length: 50 }, (_, index) => `e${index}`);
    await Promise.all(names.map((name) => client.raiseEvent(id('a'), name)));
    const { history } = await until(id('a'), recorded('EventRaised', names.length));
    expect(history!.flatMap(({ eventType, name }) => (eventType === 'EventRaised' ? [name] : []))).toEqual(names);
    await client.resume(id('a'));
    await client.raiseEvent(id('a'), 'go', 1);
    expect(await output(id('a'))).toBe(1);
  });
});

describe('terminate', () => {
  scenario('[K4] [K6] ends a Running instance with the reason as output, and its open work', async (run) => {
    const { client, id, gates, waitingWork, history, clock, output, start } = run;
    await client.startNew('waitsForAll', { instanceId: id('a'), input: id('a') });
    await gates.reached(id('a'));
    await client.terminate(id('a'), 'changed my mind');
    expect(await client.waitForCompletion(id('a'))).toMatchObject({ runtimeStatus: 'Terminated', output: 'changed my mind', failureDetails: undefined });
    expect(await waitingWork(id('a'))).toEqual({ messages: 0, timers: 0, activities: 0 });

    const atEnd = await history(id('a'));
    expect(atEnd.map(({ eventType }) => eventType).slice(-4)).toEqual([
      'OrchestratorStarted', 'ExecutionTerminated', 'ExecutionCompleted', 'OrchestratorCompleted',
    ]);
    expect(atEnd.find(({ eventType }) => eventType === 'ExecutionTerminated')?.reason).toBe('changed my mind');
    gates.open(id('a'));
    clock.advance(hour);
    await output(await start('returns', 1));
    expect(await history(id('a'))).toEqual(atEnd);
  });

  scenario('[K4] needs no reason', async (run) => {
    await BRING.Running!(run, run.id('a'));
    await run.client.terminate(run.id('a'));
    expect(await run.client.waitForCompletion(run.id('a'))).toMatchObject({ runtimeStatus: 'Terminated', output: undefined });
  });

  scenario('[K6] ends a Pending instance without running it', async ({ client, clock, id, start, output, get, waitingWork, history }) => {
    await client.startNew('counted', { instanceId: id('a'), input: id('a'), startAt: Date.now() + clock.skew + hour });
    await client.terminate(id('a'), 'not needed');
    expect(await client.waitForCompletion(id('a'))).toMatchObject({ runtimeStatus: 'Terminated', output: 'not needed' });
    expect(await waitingWork(id('a'))).toEqual({ messages: 0, timers: 0, activities: 0 });
    clock.advance(2 * hour);
    await output(await start('counted', id('other')));
    expect(get(Subject).ran).not.toContain(id('a'));
    expect((await history(id('a'))).some(({ eventType }) => eventType === 'TaskScheduled')).toBe(false);
  });

  scenario('[K6] ends a Suspended instance without running it', async (run) => {
    const { client, id, until } = run;
    await BRING.Suspended!(run, id('a'));
    await client.raiseEvent(id('a'), 'go', 'would complete it');
    await until(id('a'), recorded('EventRaised'));
    await client.terminate(id('a'), 'enough');
    expect(await client.waitForCompletion(id('a'))).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
  });

  scenario('[K4] is not recursive: sub-orchestrations go on', async ({ client, id, output, until }) => {
    await client.startNew('hasChild', { instanceId: id('a') });
    const child = id('a-child');
    await until(child, is('Running'));
    await client.terminate(id('a'));
    expect(await client.waitForCompletion(id('a'))).toMatchObject({ runtimeStatus: 'Terminated' });
    expect(await client.getStatus(child)).toMatchObject({ runtimeStatus: 'Running' });
    await client.raiseEvent(child, 'go', 'on its own');
    expect(await output(child)).toBe('on its own');
  });

  scenario("[K9] aborts the AbortSignal of the instance's running activities, and of no others", async ({ client, id, gates, get, output, clock }) => {
    for (const label of ['a', 'b']) await client.startNew('waitsForAll', { instanceId: id(label), input: id(label) });
    for (const label of ['a', 'b']) await gates.reached(id(label));
    await client.terminate(id('a'));
    await gates.reached(`${id('a')} aborted`);
    const { aborted } = get(Subject);
    // In one process at once, with the commit; by the next renewal of the lease it would say that nobody waits any more.
    expect((aborted.get(id('a')) as Error).message).toBe(`Instance '${id('a')}' has ended.`);
    expect(aborted.has(id('b'))).toBe(false);

    gates.open(id('b'));
    await client.raiseEvent(id('b'), 'go');
    clock.advance(60_000);
    expect(((await output(id('b'))) as string[]).toSorted()).toEqual(['activity', 'event', 'timer']);
    expect(aborted.has(id('b'))).toBe(false);
  });
});

describe('suspend and resume', () => {
  scenario('[K6] a Running instance becomes Suspended, and Running again; history holds both with their reasons', async (run) => {
    const { client, id, until, output, history } = run;
    await BRING.Running!(run, id('a'));
    await client.suspend(id('a'), 'lunch');
    await until(id('a'), is('Suspended'));
    await client.resume(id('a'), 'back');
    await until(id('a'), is('Running'));
    await client.raiseEvent(id('a'), 'go', 1);
    expect(await output(id('a'))).toBe(1);
    const reasons = (await history(id('a'))).filter(({ eventType }) => /Suspended|Resumed/.test(eventType));
    expect(reasons.map(({ eventType, reason }) => [eventType, reason])).toEqual([['ExecutionSuspended', 'lunch'], ['ExecutionResumed', 'back']]);
  });

  scenario('[K6] a Pending instance that is suspended does not begin when it is due, but on resume', async ({ client, clock, id, until, start, output, get }) => {
    await client.startNew('counted', { instanceId: id('a'), input: id('a'), startAt: Date.now() + clock.skew + hour });
    await client.suspend(id('a'));
    await until(id('a'), is('Suspended'));
    clock.advance(2 * hour);
    await output(await start('counted', id('other')));
    expect(get(Subject).ran).not.toContain(id('a'));
    expect(await client.getStatus(id('a'))).toMatchObject({ runtimeStatus: 'Suspended' });
    await client.resume(id('a'));
    expect(await output(id('a'))).toBe(id('a'));
  });

  scenario('[K6] a Pending instance that is suspended and resumed early still begins when it is due', async ({ client, clock, id, until, output }) => {
    await client.startNew('returns', { instanceId: id('a'), input: 1, startAt: Date.now() + clock.skew + hour });
    await client.suspend(id('a'));
    await until(id('a'), is('Suspended'));
    await client.resume(id('a'));
    await until(id('a'), is('Pending'));
    clock.advance(hour);
    expect(await output(id('a'))).toBe(1);
  });

  scenario('[K7] events, fired timers and results are kept while Suspended, and released in order on resume', async (run) => {
    const { client, clock, id, gates, until, output } = run;
    await client.startNew('waitsForAll', { instanceId: id('a'), input: id('a') });
    await gates.reached(id('a'));
    await client.suspend(id('a'));
    await until(id('a'), is('Suspended'));
    clock.advance(60_000);
    await until(id('a'), recorded('TimerFired'));
    await client.raiseEvent(id('a'), 'go');
    await until(id('a'), recorded('EventRaised'));
    gates.open(id('a'));
    const { runtimeStatus } = await until(id('a'), recorded('TaskCompleted'));
    expect(runtimeStatus).toBe('Suspended');

    await client.resume(id('a'));
    expect(await output(id('a'))).toEqual(['timer', 'event', 'activity']);
  });

  scenario('[K7] what is kept survives a restart', async (run) => {
    const { client, id, until, output } = run;
    await client.startNew('waits', { instanceId: id('a') });
    await client.suspend(id('a'));
    await client.raiseEvent(id('a'), 'other', 1);
    await client.raiseEvent(id('a'), 'go', 2);
    await until(id('a'), recorded('EventRaised', 2));
    await run.stop();
    await run.startAgain();
    expect(await run.client.getStatus(id('a'))).toMatchObject({ runtimeStatus: 'Suspended' });
    await run.client.resume(id('a'));
    expect(await output(id('a'))).toBe(2);
  });

  scenario('[K7] suspending twice and resuming, in one batch, leaves it as the last call says', async ({ client, id, until, output }) => {
    await client.startNew('waits', { instanceId: id('a') });
    await until(id('a'), is('Running'));
    await Promise.all([client.suspend(id('a')), client.suspend(id('a'))]);
    await until(id('a'), is('Suspended'));
    await client.resume(id('a'));
    await client.raiseEvent(id('a'), 'go', 1);
    expect(await output(id('a'))).toBe(1);
  });
});
