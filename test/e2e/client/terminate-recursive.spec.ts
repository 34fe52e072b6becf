import type { DurableClient, RuntimeStatus } from 'nestjs-durable';
import { useScenarios, type ScenarioRun } from '../support/harness.js';
import { is } from './states.js';
import { Subject } from './subject.js';

const scenario = useScenarios({ providers: [Subject] });

/** The ids of a tree of depth 2 and width 2, each before its children. */
const treeOf = (root: string): string[] => [root, ...[0, 1].flatMap((index) => [`${root}.${index}`, ...[0, 1].map((next) => `${root}.${index}.${next}`)])];

/** Starts such a tree; all of its activities run. */
async function grow({ client, gates }: ScenarioRun, root: string): Promise<string[]> {
  const ids = treeOf(root);
  await client.startNew('tree', { instanceId: root, input: { depth: 2, width: 2 } });
  await Promise.all(ids.map((id) => gates.reached(id)));
  return ids;
}

const statusesOf = (client: DurableClient, ids: readonly string[]): Promise<(RuntimeStatus | undefined)[]> =>
  Promise.all(ids.map(async (id) => (await client.getStatus(id))?.runtimeStatus));

describe('terminate with { recursive: true }', () => {
  scenario('[K4] [K9] ends sub-orchestrations of all depths for the same reason, and aborts their activities', async (run) => {
    const { client, id, get, gates, ended, waitingWork, eventually } = run;
    const ids = await grow(run, id('root'));
    const others = await grow(run, id('other'));
    await client.terminate(id('root'), 'enough', { recursive: true });
    for (const each of ids) expect(await ended(each)).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
    for (const each of ids) await gates.reached(`${each} aborted`);
    expect(others.filter((each) => get(Subject).aborted.has(each))).toEqual([]);
    expect(await statusesOf(client, others)).toEqual(others.map(() => 'Running'));
    // The ends of the children are told to parents that have ended: nothing of it stays behind.
    for (const each of ids) {
      await eventually(async () => (await waitingWork(each)).messages === 0);
      expect(await waitingWork(each)).toEqual({ messages: 0, timers: 0, activities: 0 });
    }
  });

  scenario('[K4] of a sub-orchestration ends what is below it, and fails the call in its parent', async (run) => {
    const { client, id, ended } = run;
    const ids = await grow(run, id('root'));
    await client.terminate(id('root.0'), 'cut', { recursive: true });
    expect(await ended(id('root'))).toMatchObject({ runtimeStatus: 'Failed' });
    await Promise.all(['root.0', 'root.0.0', 'root.0.1'].map((label) => ended(id(label))));
    expect(await statusesOf(client, ids)).toEqual(['Failed', 'Terminated', 'Terminated', 'Terminated', 'Running', 'Running', 'Running']);
  });

  scenario('[K4] leaves sub-orchestrations that have ended, and an instance that a client put in the place of one, as they are', async (run) => {
    const { client, id, gates, ended, eventually, until, output } = run;
    const labels = ['root', 'root.0', 'root.1', 'root.2'];
    await client.startNew('tree', { instanceId: id('root'), input: { depth: 1, width: 3, patient: true } });
    await Promise.all(labels.map((label) => gates.reached(id(label))));
    gates.open(id('root.0'));
    expect(await output(id('root.0'))).toBe('grown');
    await client.startNew('waits', { instanceId: id('root.1'), onConflict: 'terminateAndReplace' });
    await eventually(async () => (await client.getStatus(id('root.1')))?.name === 'waits');
    await until(id('root.1'), is('Running'));
    await client.terminate(id('root'), 'enough', { recursive: true });
    await Promise.all([ended(id('root')), ended(id('root.2'))]);
    expect(await statusesOf(client, labels.map(id))).toEqual(['Terminated', 'Completed', 'Running', 'Terminated']);
  });

  scenario('[K6] ends sub-orchestrations that are Suspended, without running them', async (run) => {
    const { client, id, until, ended, eventually } = run;
    const child = id('a-child');
    await client.startNew('hasChild', { instanceId: id('a') });
    await eventually(async () => (await client.getStatus(child))?.runtimeStatus === 'Running');
    await client.suspend(child);
    await until(child, is('Suspended'));
    await client.raiseEvent(child, 'go', 'would complete it');
    await client.terminate(id('a'), 'enough', { recursive: true });
    for (const each of [id('a'), child]) expect(await ended(each)).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
  });

  scenario('[K4] ends a sub-orchestration that has continued as new, and a suspended parent', async (run) => {
    const { client, id, until, ended, eventually } = run;
    const child = id('a-child');
    await client.startNew('hasChild', { instanceId: id('a'), input: 'renews' });
    await eventually(async () => (await client.getStatus(child))?.runtimeStatus === 'Running');
    await client.raiseEvent(child, 'go');
    await until(child, ({ input }) => input === 'renewed');
    await client.suspend(id('a'));
    await until(id('a'), is('Suspended'));
    await client.terminate(id('a'), 'enough', { recursive: true });
    for (const each of [id('a'), child]) expect(await ended(each)).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
  });
});
