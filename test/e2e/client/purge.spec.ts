import { DurableClient, type PurgeFilter, type RuntimeStatus } from 'nestjs-durable';
import { useScenarios, type ScenarioRun } from '../support/harness.js';
import { BRING, FINISHED, is } from './states.js';
import { Subject } from './subject.js';

const scenario = useScenarios({ providers: [Subject] });

const minute = 60_000;
const ALL: readonly RuntimeStatus[] = ['Pending', 'Running', 'Suspended', ...FINISHED];

/** Which of these labels have an instance. */
async function present({ client, id }: ScenarioRun, labels: readonly string[]): Promise<string[]> {
  const found = await Promise.all(labels.map((label) => client.getStatus(id(label))));
  return labels.filter((_, index) => found[index] !== null);
}

describe('purgeInstanceHistory', () => {
  scenario('[K4] deletes a finished instance: it is as if it had never been', async (run) => {
    const { client, id, output } = run;
    for (const status of FINISHED) {
      const label = status.toLowerCase();
      await BRING[status]!(run, id(label));
      expect(await client.purgeInstanceHistory(id(label))).toEqual({ instancesDeleted: 1 });
      expect(await client.getStatus(id(label), { showHistory: true })).toBeNull();
      await expect(client.raiseEvent(id(label), 'go')).rejects.toMatchObject({ name: 'InstanceNotFoundError' });
      await expect(client.waitForCompletion(id(label))).rejects.toMatchObject({ name: 'InstanceNotFoundError' });
      expect(await client.purgeInstanceHistory(id(label))).toEqual({ instancesDeleted: 0 });
      await client.startNew('returns', { instanceId: id(label), input: 'again', onConflict: 'reject' });
      expect(await output(id(label))).toBe('again');
    }
  });

  scenario('[O10] [K4] an activity that an instance left behind still runs, and nothing of it stays', async (run) => {
    const { client, id, gates, until, output, waitingWork, eventually } = run;
    await client.startNew('leavesWork', { instanceId: id('a'), input: id('a') });
    await until(id('a'), is('Running'));
    await gates.reached(id('a'));
    await client.raiseEvent(id('a'), 'go');
    expect(await output(id('a'))).toBe('left');
    expect(await client.purgeInstanceHistory(id('a'))).toEqual({ instancesDeleted: 1 });
    expect(await waitingWork(id('a'))).toEqual({ messages: 0, timers: 0, activities: 1 });
    gates.open(id('a'));
    await eventually(async () => (await waitingWork(id('a'))).activities === 0);
    expect(await client.getStatus(id('a'))).toBeNull();
  });

  scenario('[K4] alone leaves sub-orchestrations, with recursive it takes those that are finished along', async (run) => {
    const { client, id, gates, ended } = run;
    const labels = (root: string) => [root, `${root}.0`, `${root}.0.0`, `${root}.0.1`, `${root}.1`, `${root}.1.0`, `${root}.1.1`];
    for (const root of ['alone', 'all']) {
      for (const label of labels(root)) gates.open(id(label));
      await client.startNew('tree', { instanceId: id(root), input: { depth: 2, width: 2 } });
      await ended(id(root));
    }
    expect(await client.purgeInstanceHistory(id('alone'))).toEqual({ instancesDeleted: 1 });
    expect(await present(run, labels('alone'))).toEqual(labels('alone').slice(1));
    expect(await client.purgeInstanceHistory(id('all'), { recursive: true })).toEqual({ instancesDeleted: 7 });
    expect(await present(run, labels('all'))).toEqual([]);
  });

  scenario('[K4] recursive leaves what goes on, and what is below that', async (run) => {
    const { client, id, gates, ended, output } = run;
    gates.open(id('root'));
    for (const label of ['root.0', 'root.0.0', 'root.0.1', 'root.1.0', 'root.1.1']) gates.open(id(label));
    await client.startNew('tree', { instanceId: id('root'), input: { depth: 2, width: 2 } });
    await Promise.all(['root.0', 'root.1', 'root.1.0', 'root.1.1'].map((label) => gates.reached(id(label))));
    await Promise.all(['root.0', 'root.1.0', 'root.1.1'].map((label) => output(id(label))));
    await client.terminate(id('root'));
    await ended(id('root'));
    expect(await client.purgeInstanceHistory(id('root'), { recursive: true })).toEqual({ instancesDeleted: 4 });
    expect(await present(run, ['root', 'root.0', 'root.0.0', 'root.0.1', 'root.1', 'root.1.0', 'root.1.1'])).toEqual(['root.1', 'root.1.0', 'root.1.1']);
    gates.open(id('root.1'));
    expect(await output(id('root.1'))).toBe('grown');
  });

  scenario('[K4] recursive takes the sub-orchestrations of the last generation, and no instance that a client has put in the place of one', async (run) => {
    const { client, id, output } = run;
    await client.startNew('callsInGenerations', { instanceId: id('a'), input: 2 });
    expect(await output(id('a'))).toBe('ended');
    const labels = ['a', 'a.2', 'a.1 first', 'a.1 second'];
    expect(await present(run, labels)).toEqual(labels);
    await client.startNew('returns', { instanceId: id('a.1 second'), input: 'of a client' });
    await output(id('a.1 second'));
    expect(await client.purgeInstanceHistory(id('a'), { recursive: true })).toEqual({ instancesDeleted: 2 });
    expect(await present(run, labels)).toEqual(['a.2', 'a.1 second']);
  });
});

describe('purgeInstanceHistoryBy', () => {
  /** Instances of all statuses, created a minute apart; answers the time of each. */
  async function bringAll(run: ScenarioRun): Promise<Map<string, Date>> {
    const created = new Map<string, Date>();
    for (const status of ALL) {
      run.clock.advance(minute);
      await BRING[status]!(run, run.id(status));
      created.set(status, (await run.client.getStatus(run.id(status)))!.createdTime);
    }
    return created;
  }

  scenario('[K4] deletes the finished instances that meet all that is given', async (run) => {
    const { client } = run;
    const created = await bringAll(run);
    const [from, completed, failed, terminated] = ['Pending', 'Completed', 'Failed', 'Terminated'].map((status) => created.get(status)!);
    const purge = (filter: PurgeFilter) => client.purgeInstanceHistoryBy({ createdTimeFrom: from, ...filter });
    expect(await purge({ createdTimeTo: new Date(completed!.getTime() - 1) })).toEqual({ instancesDeleted: 0 });
    expect(await purge({ createdTimeFrom: new Date(terminated!.getTime() + 1) })).toEqual({ instancesDeleted: 0 });
    expect(await purge({ name: 'Waits' })).toEqual({ instancesDeleted: 0 });
    expect(await purge({ runtimeStatus: [] })).toEqual({ instancesDeleted: 0 });
    expect(await present(run, ALL)).toEqual(ALL);
    expect(await purge({ name: 'waits' })).toEqual({ instancesDeleted: 1 });
    expect(await purge({ createdTimeTo: failed, runtimeStatus: 'Failed' })).toEqual({ instancesDeleted: 1 });
    expect(await purge({ runtimeStatus: ['Completed', 'Terminated'] })).toEqual({ instancesDeleted: 1 });
    expect(await present(run, ALL)).toEqual(['Pending', 'Running', 'Suspended']);
    expect(await purge({})).toEqual({ instancesDeleted: 0 });
  });

  scenario('[K4] [K6] refuses statuses of unfinished instances, and filters that it does not have', async (run) => {
    await BRING.Completed!(run, run.id('a'));
    const filters = [{ runtimeStatus: 'Running' }, { runtimeStatus: ['Completed', 'Suspended'] }, { tags: { a: 'b' } }, { createdTimeTo: 'now' }];
    for (const filter of filters) await expect(run.client.purgeInstanceHistoryBy(filter as PurgeFilter)).rejects.toBeInstanceOf(TypeError);
    expect(await present(run, ['a'])).toEqual(['a']);
  });

  scenario('[K4] works from a process that is client only, twice at once, and counts each instance once', async (run) => {
    const { client, id, clock, startBeside } = run;
    clock.advance(minute);
    const ids = Array.from({ length: 250 }, (_, index) => id(`n${index}`));
    await Promise.all(ids.map((instanceId) => client.startNew('returns', { instanceId })));
    await Promise.all(ids.map((instanceId) => client.waitForCompletion(instanceId)));
    const createdTimeFrom = (await client.getStatus(ids[0]!))!.createdTime;
    const beside = (await startBeside({ providers: [], settings: { worker: false } })).get(DurableClient, { strict: false });
    const results = await Promise.all([client, beside].map((each) => each.purgeInstanceHistoryBy({ createdTimeFrom })));
    expect(results.map(({ instancesDeleted }) => instancesDeleted).reduce((sum, count) => sum + count)).toBe(250);
    expect((await client.getStatusBy({ instanceIdPrefix: id('n') })).instances).toEqual([]);
  });

  scenario('[K4] [K3] lists stay stable while instances are purged, and a purge ends while others start and finish', async (run) => {
    const { client, id, clock, output } = run;
    clock.advance(minute);
    const old = Array.from({ length: 300 }, (_, index) => id(`old${String(index).padStart(3, '0')}`));
    await Promise.all(old.map((instanceId) => client.startNew('returns', { instanceId })));
    const kept = Array.from({ length: 30 }, (_, index) => id(`kept${String(index).padStart(2, '0')}`));
    for (const instanceId of kept) await client.startNew('waits', { instanceId });
    await Promise.all(old.map((instanceId) => output(instanceId)));
    const createdTimeFrom = (await client.getStatus(old[0]!))!.createdTime;

    let done = false;
    const purged = client.purgeInstanceHistoryBy({ createdTimeFrom }).finally(() => (done = true));
    const listings: string[][] = [];
    let started = 0;
    do {
      const listed: string[] = [];
      for await (const { instanceId } of client.getStatusAll({ instanceIdPrefix: id('kept'), pageSize: 7 })) listed.push(instanceId);
      listings.push(listed);
      clock.advance(1);
      await output(await client.startNew('returns', { instanceId: id(`new${started++}`) }));
    } while (!done && started < 50);
    expect((await purged).instancesDeleted).toBeGreaterThanOrEqual(300);
    for (const listed of listings) expect(listed.toSorted()).toEqual(kept);
    expect((await client.getStatusBy({ instanceIdPrefix: id('old') })).instances).toEqual([]);
    await client.purgeInstanceHistoryBy({ createdTimeFrom });
  });
});
