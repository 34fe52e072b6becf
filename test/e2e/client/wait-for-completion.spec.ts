import { DurableClient } from 'nestjs-durable';
import { useScenarios } from '../support/harness.js';
import { Subject } from './subject.js';

const scenario = useScenarios({ providers: [Subject] });

describe('waitForCompletion', () => {
  scenario('[K5] resolves with the status, whatever the end', async ({ client, id, until }) => {
    for (const label of ['completes', 'fails', 'terminated']) await client.startNew('waits', { instanceId: id(label) });
    const completes = client.waitForCompletion(id('completes'));
    const terminated = client.waitForCompletion(id('terminated'), { timeout: 20_000 });
    for (const label of ['completes', 'terminated']) await until(id(label), ({ runtimeStatus }) => runtimeStatus === 'Running');
    await client.raiseEvent(id('completes'), 'go', 'done');
    await client.terminate(id('terminated'), 'enough');
    expect(await completes).toMatchObject({ instanceId: id('completes'), runtimeStatus: 'Completed', output: 'done' });
    expect(await terminated).toMatchObject({ instanceId: id('terminated'), runtimeStatus: 'Terminated', output: 'enough' });

    const failed = await client.waitForCompletion(await client.startNew('fails', { input: 'no' }));
    expect(failed).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorMessage: 'no' } });
  });

  scenario('[K5] resolves at once when the instance has finished already', async ({ client, run }) => {
    const { instanceId } = await run('returns', 0);
    expect(await client.waitForCompletion(instanceId, { timeout: 10_000 })).toMatchObject({ runtimeStatus: 'Completed', output: 0 });
    expect(await client.waitForCompletion(instanceId, { timeout: 0 })).toMatchObject({ runtimeStatus: 'Completed', output: 0 });
  });

  scenario('[K5] throws TaskTimeoutError on time-out, naming id and state; the instance goes on', async ({ client, id, until, output }) => {
    await client.startNew('waits', { instanceId: id('a') });
    await until(id('a'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    for (const timeout of [0, 30]) {
      const wait = client.waitForCompletion(id('a'), { timeout });
      await expect(wait).rejects.toMatchObject({ name: 'TaskTimeoutError' });
      await expect(wait).rejects.toThrow(`Instance '${id('a')}' is Running: it did not finish within ${timeout} ms.`);
    }
    await client.raiseEvent(id('a'), 'go', 'later');
    expect(await output(id('a'))).toBe('later');
  });

  scenario('[K5] a time-out of one waiter leaves the others waiting', async ({ client, id }) => {
    await client.startNew('waits', { instanceId: id('a') });
    const patient = [client.waitForCompletion(id('a')), client.waitForCompletion(id('a'), { timeout: Infinity })];
    await expect(client.waitForCompletion(id('a'), { timeout: 20 })).rejects.toMatchObject({ name: 'TaskTimeoutError' });
    await client.raiseEvent(id('a'), 'go', 'both');
    expect((await Promise.all(patient)).map(({ output }) => output)).toEqual(['both', 'both']);
  });

  scenario('[K5] many waiters in two processes all get their own answer', async ({ client, id, startBeside }) => {
    const beside = (await startBeside({ settings: { worker: false } })).get(DurableClient, { strict: false });
    const ids = Array.from({ length: 60 }, (_, index) => id(String(index)));
    await Promise.all(ids.map((instanceId) => client.startNew('waits', { instanceId })));
    const waits = ids.flatMap((instanceId) => [client.waitForCompletion(instanceId), beside.waitForCompletion(instanceId)]);
    await Promise.all(ids.map((instanceId, index) => client.raiseEvent(instanceId, 'go', index)));
    expect((await Promise.all(waits)).map(({ output }) => output)).toEqual(ids.flatMap((_, index) => [index, index]));
  });

  scenario('[K5] refuses a missing instance and a bad time-out', async ({ client, id }) => {
    await expect(client.waitForCompletion(id('missing'))).rejects.toMatchObject({ name: 'InstanceNotFoundError', instanceId: id('missing') });
    await expect(client.waitForCompletion(id('missing'), { timeout: 10_000 })).rejects.toThrow(`There is no instance '${id('missing')}' in this task hub.`);
    for (const timeout of [-1, NaN, '5']) {
      await expect(client.waitForCompletion(id('a'), { timeout: timeout as number })).rejects.toThrow(
        `waitForCompletion('${id('a')}'): timeout must be milliseconds, 0 or more, but got ${timeout}.`,
      );
    }
  });

  scenario('[K5] a wait ends with an error when the application stops', async ({ client, id, stop, startAgain }) => {
    await client.startNew('waits', { instanceId: id('a') });
    const reason = client.waitForCompletion(id('a')).catch((error: unknown) => error);
    await stop();
    expect(await reason).toMatchObject({
      name: 'ModuleStoppedError',
      message: `The durable module has stopped: instance '${id('a')}' is not waited for any more. It goes on when a worker runs again.`,
    });
    await startAgain();
  });
});
