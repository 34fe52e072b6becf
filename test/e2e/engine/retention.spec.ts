/** The setting `retention`: finished instances are purged when their time has come, by the engine's clock. */
import type { RuntimeStatus } from 'nestjs-durable';
import { BRING, FINISHED, hour, is, UNFINISHED } from '../client/states.js';
import { Subject } from '../client/subject.js';
import { useScenarios, type ScenarioRun } from '../support/harness.js';

const minute = 60_000;
const day = 24 * hour;
/** The least time between two looks, ms. */
const INTERVAL = 30_000;

const scenario = useScenarios({ providers: [Subject], settings: { retention: { completed: hour, failed: day } } });

async function present({ client, id }: ScenarioRun, labels: readonly string[]): Promise<string[]> {
  const found = await Promise.all(labels.map((label) => client.getStatus(id(label))));
  return labels.filter((_, index) => found[index] !== null);
}

/** Moves the clock on, and waits until only these instances are there. */
async function leaves(run: ScenarioRun, labels: readonly string[], left: readonly string[], ms: number): Promise<void> {
  run.clock.advance(ms);
  await run.eventually(async () => (await present(run, labels)).join() === left.join(), () => `the end of all but ${left.join(', ')} of ${labels.join(', ')}`);
}

describe('retention', () => {
  scenario('[K4] purges by status and last update, and never what is unfinished or has no retention', async (run) => {
    const all: RuntimeStatus[] = [...FINISHED, ...UNFINISHED];
    for (const status of all) await BRING[status]!(run, run.id(status));
    await leaves(run, all, all, 50 * minute);
    await leaves(run, all, all.filter((status) => status !== 'Completed'), 15 * minute);
    await leaves(run, all, ['Terminated', ...UNFINISHED], day);
    await leaves(run, all, ['Terminated', ...UNFINISHED], 10 * day);
    await run.client.raiseEvent(run.id('Running'), 'go', 'late');
    expect(await run.output(run.id('Running'))).toBe('late');
    await leaves(run, ['Running'], ['Running'], 50 * minute);
    await leaves(run, ['Running'], [], 15 * minute);
  });

  scenario('[K4] deletes the histories too', async (run) => {
    await run.run('counted', 'a', { instanceId: run.id('a') });
    await leaves(run, ['a'], [], hour + INTERVAL);
    await run.eventually(async () => (await run.client.getStatus(run.id('a'), { showHistory: true })) === null);
  });

  scenario('[K4] [S1] a sub-orchestration has a time of its own', async (run) => {
    const { client, id, until, output } = run;
    await client.startNew('hasChild', { instanceId: id('a') });
    await until(id('a-child'), is('Running'));
    await client.raiseEvent(id('a-child'), 'go', 'done');
    expect(await output(id('a'))).toBe('done');
    await client.startNew('waits', { instanceId: id('later') });
    await leaves(run, ['a', 'a-child', 'later'], ['later'], hour + minute);
  });

  scenario('[K8] a rewound instance is kept from its new end on', async (run) => {
    const { client, id, clock, ended } = run;
    await BRING.Failed!(run, id('a'));
    clock.advance(23 * hour);
    await client.rewind(id('a'));
    expect((await ended(id('a'))).runtimeStatus).toBe('Failed');
    await leaves(run, ['a'], ['a'], 2 * hour);
    await leaves(run, ['a'], [], 23 * hour);
  });

  scenario('[K1] an instance in the place of a finished one has a time of its own', async (run) => {
    const { id, clock } = run;
    await BRING.Completed!(run, id('a'));
    clock.advance(50 * minute);
    await BRING.Completed!(run, id('a'));
    await leaves(run, ['a'], ['a'], 30 * minute);
    await leaves(run, ['a'], [], 31 * minute);
  });

  scenario('[K4] purges what has become old enough while no worker ran', async (run) => {
    await BRING.Completed!(run, run.id('a'));
    await run.stop();
    run.clock.advance(2 * hour);
    await run.startAgain();
    await leaves(run, ['a'], [], 1);
  });
});
