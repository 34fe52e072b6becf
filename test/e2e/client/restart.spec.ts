import { useScenarios } from '../support/harness.js';
import { is } from './states.js';
import { Subject } from './subject.js';

const scenario = useScenarios({ providers: [Subject] });

describe('restart', () => {
  scenario('[K4] starts another instance with the same name, version, input and tags, whatever becomes of the first', async (run) => {
    const { client, id, output, until, clock } = run;
    await client.startNew('waits', { instanceId: id('a'), input: { n: 0 }, tags: { shop: 'a' } });
    const first = await until(id('a'), is('Running'));
    clock.advance(60_000);
    const again = await client.restart(id('a'));
    expect(again).not.toBe(id('a'));
    const second = await until(again, is('Running'));
    expect(second).toMatchObject({ name: 'waits', version: undefined, input: { n: 0 }, tags: { shop: 'a' }, customStatus: { waitsWith: { n: 0 } } });
    expect(second.createdTime.getTime()).toBeGreaterThanOrEqual(first.createdTime.getTime() + 60_000);
    await client.raiseEvent(again, 'go', 2);
    expect(await output(again)).toBe(2);
    expect(await client.getStatus(id('a'))).toMatchObject({ runtimeStatus: 'Running' });
    await client.raiseEvent(id('a'), 'go', 1);
    expect(await output(id('a'))).toBe(1);
  });

  scenario('[K4] takes the place of a finished instance with a history of its own', async ({ client, clock, id, run, until, output, history }) => {
    await client.startNew('waits', { instanceId: id('a'), input: 'same', tags: { shop: 'a' } });
    await until(id('a'), is('Running'));
    await client.raiseEvent(id('a'), 'unused');
    await client.terminate(id('a'), 'enough');
    await client.waitForCompletion(id('a'));
    expect(await client.restart(id('a'), { newInstanceId: false })).toBe(id('a'));
    expect(await until(id('a'), is('Running'))).toMatchObject({ input: 'same', output: undefined, tags: { shop: 'a' } });
    await client.raiseEvent(id('a'), 'go', 'second');
    expect(await output(id('a'))).toBe('second');
    expect((await history(id('a'))).map(({ eventType }) => eventType)).toEqual([
      'OrchestratorStarted', 'ExecutionStarted', 'OrchestratorCompleted',
      'OrchestratorStarted', 'EventRaised', 'ExecutionCompleted', 'OrchestratorCompleted',
    ]);
    await run('fails', 'no', { instanceId: id('failed') });
    const { createdTime } = (await client.getStatus(id('failed')))!;
    clock.advance(60_000);
    await client.restart(id('failed'), { newInstanceId: false });
    const again = await client.waitForCompletion(id('failed'));
    expect(again).toMatchObject({ runtimeStatus: 'Failed', input: 'no' });
    expect(again.createdTime.getTime()).toBeGreaterThanOrEqual(createdTime.getTime() + 60_000);
  });

  scenario('[K4] [Y5] keeps exactly the version, and no start in the future', async ({ client, id, clock, run, output }) => {
    await run('versioned', undefined, { instanceId: id('two'), version: '2' });
    await run('versioned', undefined, { instanceId: id('none') });
    expect(await output(await client.restart(id('two')))).toBe('second, as 2');
    expect(await output(await client.restart(id('none')))).toBe('unversioned, as undefined');
    await client.startNew('returns', { instanceId: id('later'), input: 1, startAt: Date.now() + clock.skew + 3_600_000 });
    expect(await output(await client.restart(id('later')))).toBe(1);
    await client.terminate(id('later'));
    await client.waitForCompletion(id('later'));
    await client.restart(id('later'), { newInstanceId: false });
    expect(await output(id('later'))).toBe(1);
  });

  scenario('[K4] a restarted sub-orchestration belongs to nobody', async ({ client, id, until, eventually, output }) => {
    await client.startNew('hasChild', { instanceId: id('a') });
    const child = id('a-child');
    await eventually(async () => (await client.getStatus(child))?.runtimeStatus === 'Running');
    await client.terminate(id('a'));
    await client.raiseEvent(child, 'go', 1);
    await client.waitForCompletion(id('a'));
    expect(await output(child)).toBe(1);
    await client.restart(child, { newInstanceId: false });
    expect(await until(child, is('Running'))).toMatchObject({ input: 'called', parentInstanceId: undefined });
    await client.raiseEvent(child, 'go', 2);
    expect(await output(child)).toBe(2);
  });

  scenario('[K4] an instance that continued as new is restarted with the input of its last generation', async ({ client, id, run, output }) => {
    await run('countsDown', 3, { instanceId: id('a') });
    expect(await output(await client.restart(id('a')))).toBe('ended with 0');
    expect(await client.getStatus(id('a'))).toMatchObject({ input: 0 });
  });

  scenario('[K4] fails when no live worker has the orchestrator any more', async (run) => {
    await run.run('returns', 1, { instanceId: run.id('a') });
    await run.stop();
    await run.startAgain({ providers: [] });
    await expect(run.client.restart(run.id('a'))).rejects.toMatchObject({ name: 'UnknownHandlerError', handlerName: 'returns' });
    await expect(run.client.restart(run.id('a'), { newInstanceId: false })).rejects.toMatchObject({ name: 'UnknownHandlerError' });
  });
});
