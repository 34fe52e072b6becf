import type { DurableClient, DurableOrchestrationStatus, StatusFilter } from 'nestjs-durable';
import { useScenarios } from '../support/harness.js';
import { Subject } from './subject.js';

const scenario = useScenarios({ providers: [Subject] });

const minute = 60_000;

async function idsOf(statuses: AsyncIterable<DurableOrchestrationStatus>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { instanceId } of statuses) ids.push(instanceId);
  return ids;
}

/** Page after page, by hand. */
async function pagesOf(client: DurableClient, filter: StatusFilter): Promise<string[][]> {
  const pages: string[][] = [];
  let continuationToken: string | undefined;
  do {
    const page = await client.getStatusBy({ ...filter, continuationToken });
    pages.push(page.instances.map(({ instanceId }) => instanceId));
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return pages;
}

describe('getStatus', () => {
  scenario('[K2] answers null for an instance that does not exist', async ({ client, id }) => {
    expect(await client.getStatus(id('missing'))).toBeNull();
  });

  scenario('[K2] tells all of a running instance, with Dates', async ({ client, id, until }) => {
    await client.startNew('versioned', { version: '2', instanceId: id('versioned'), tags: { color: 'red' } });
    await client.waitForCompletion(id('versioned'));
    const before = (await client.getStatus(id('versioned')))!.lastUpdatedTime.getTime();
    await client.startNew('waits', { instanceId: id('a'), input: { n: 1 }, tags: { color: 'blue' } });
    await until(id('a'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    const status = await client.getStatus(id('a'));
    expect(status).toEqual({
      instanceId: id('a'), name: 'waits', version: undefined, runtimeStatus: 'Running', input: { n: 1 }, output: undefined,
      failureDetails: undefined, customStatus: { waitsWith: { n: 1 } }, createdTime: expect.any(Date), lastUpdatedTime: expect.any(Date),
      tags: { color: 'blue' }, parentInstanceId: undefined,
    });
    expect(status!.createdTime.getTime()).toBeGreaterThanOrEqual(before);
    expect(status!.lastUpdatedTime.getTime()).toBeGreaterThanOrEqual(status!.createdTime.getTime());
    expect((await client.getStatus(id('versioned')))?.version).toBe('2');
  });

  scenario('[K2] tells output and failureDetails of finished instances; lastUpdatedTime moves on, createdTime stays', async (run) => {
    const { client, id, clock, until } = run;
    await client.startNew('waits', { instanceId: id('a') });
    const running = await until(id('a'), ({ runtimeStatus }) => runtimeStatus === 'Running');
    clock.advance(minute);
    await client.raiseEvent(id('a'), 'go', [0]);
    const completed = await client.waitForCompletion(id('a'));
    expect(completed).toMatchObject({ runtimeStatus: 'Completed', output: [0], failureDetails: undefined, createdTime: running.createdTime });
    expect(completed.lastUpdatedTime.getTime()).toBeGreaterThanOrEqual(running.lastUpdatedTime.getTime() + minute);

    const failed = await run.run('fails', 'no luck');
    expect(failed).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'RangeError', errorMessage: 'no luck' } });
    expect(failed.output).toEqual(failed.failureDetails);
  });

  scenario('[K2] tells the parent of a sub-orchestration', async ({ client, id, output, until }) => {
    await client.startNew('hasChild', { instanceId: id('a') });
    const child = id('a-child');
    await until(id('a'), ({ history }) => history!.some(({ eventType }) => eventType === 'SubOrchestrationInstanceCreated'));
    await untilThere(client, child);
    await client.raiseEvent(child, 'go', 'done');
    expect(await output(id('a'))).toBe('done');
    expect(await client.getStatus(child)).toMatchObject({ parentInstanceId: id('a'), name: 'waits', input: 'called', output: 'done' });
    expect((await client.getStatus(id('a')))?.parentInstanceId).toBeUndefined();
  });

  scenario('[K2] shows input, history and its inputs and results only when asked', async ({ client, id, output }) => {
    await client.startNew('counted', { instanceId: id('a'), input: 'x' });
    await output(id('a'));
    const plain = await client.getStatus(id('a'));
    expect(plain).toMatchObject({ input: 'x', output: 'x' });
    expect(plain).not.toHaveProperty('history');
    expect((await client.getStatus(id('a'), { showInput: false }))!.input).toBeUndefined();

    const { history } = (await client.getStatus(id('a'), { showHistory: true }))!;
    expect(history!.map(({ eventType }) => eventType)).toEqual([
      'OrchestratorStarted', 'ExecutionStarted', 'TaskScheduled', 'OrchestratorCompleted',
      'OrchestratorStarted', 'TaskCompleted', 'ExecutionCompleted', 'OrchestratorCompleted',
    ]);
    for (const event of history!) {
      expect(event.timestamp).toBeInstanceOf(Date);
      expect(event).not.toHaveProperty('input');
      expect(event).not.toHaveProperty('result');
    }
    const { history: full } = (await client.getStatus(id('a'), { showHistory: true, showHistoryOutput: true }))!;
    expect(full).toContainEqual(expect.objectContaining({ eventType: 'TaskScheduled', name: 'count', taskId: 0, input: 'x' }));
    expect(full).toContainEqual(expect.objectContaining({ eventType: 'ExecutionCompleted', orchestrationStatus: 'Completed', result: 'x' }));
    expect(full!.map(({ eventType }) => eventType)).toEqual(history!.map(({ eventType }) => eventType));
  });
});

describe('getStatusBy', () => {
  scenario('[K3] filters by everything that is given, together', async ({ client, id, run, clock, until }) => {
    const instanceIdPrefix = id('');
    const start = async (label: string, name: string, tags: Record<string, string>): Promise<Date> => {
      clock.advance(minute);
      await client.startNew(name, { instanceId: id(label), input: label, tags });
      return (await client.getStatus(id(label)))!.createdTime;
    };
    await run('returns', 1, { instanceId: id('completed'), tags: { color: 'red', size: 'L' } });
    const waiting = await start('waiting', 'waits', { color: 'red' });
    const failed = await start('failed', 'fails', { color: 'blue', size: 'L' });
    await client.waitForCompletion(id('failed'));
    await start('last', 'waits', {});
    for (const label of ['waiting', 'last']) await until(id(label), ({ runtimeStatus }) => runtimeStatus === 'Running');

    const found = async (filter: StatusFilter): Promise<string[]> =>
      (await client.getStatusBy({ instanceIdPrefix, ...filter })).instances.map(({ instanceId }) => instanceId.slice(instanceIdPrefix.length));
    expect(await found({})).toEqual(['completed', 'waiting', 'failed', 'last']);
    expect(await found({ runtimeStatus: 'Running' })).toEqual(['waiting', 'last']);
    expect(await found({ runtimeStatus: ['Completed', 'Failed'] })).toEqual(['completed', 'failed']);
    expect(await found({ runtimeStatus: [] })).toEqual([]);
    expect(await found({ name: 'waits' })).toEqual(['waiting', 'last']);
    expect(await found({ name: 'Waits' })).toEqual([]);
    expect(await found({ createdTimeFrom: waiting })).toEqual(['waiting', 'failed', 'last']);
    expect(await found({ createdTimeTo: failed })).toEqual(['completed', 'waiting', 'failed']);
    expect(await found({ createdTimeFrom: waiting, createdTimeTo: failed, name: 'fails' })).toEqual(['failed']);
    expect(await found({ tags: { color: 'red' } })).toEqual(['completed', 'waiting']);
    expect(await found({ tags: { color: 'red', size: 'L' } })).toEqual(['completed']);
    expect(await found({ tags: { color: 'green' } })).toEqual([]);
    expect(await found({ instanceIdPrefix: id('wait') })).toHaveLength(1);
    expect((await client.getStatusBy({ instanceIdPrefix, showInput: false })).instances.every(({ input }) => input === undefined)).toBe(true);
  });

  scenario('[K3] takes prefix and tags literally: no wildcards, no path of JSON, no other case', async ({ client, id }) => {
    for (const label of ['a_b', 'axb', 'a%b', 'A_b', 'a_b ']) {
      await client.startNew('returns', { instanceId: id(label), tags: { [`k.${label}"`]: label } });
      await client.waitForCompletion(id(label));
    }
    expect(await idsOf(client.getStatusAll({ instanceIdPrefix: id('a_') }))).toEqual([id('a_b'), id('a_b ')]);
    expect(await idsOf(client.getStatusAll({ instanceIdPrefix: id('a%') }))).toEqual([id('a%b')]);
    expect(await idsOf(client.getStatusAll({ tags: { 'k.a%b"': 'a%b' }, instanceIdPrefix: id('') }))).toEqual([id('a%b')]);
    expect(await idsOf(client.getStatusAll({ tags: { 'k.a_b"': 'a_b ' }, instanceIdPrefix: id('') }))).toEqual([]);
  });

  scenario('[K3] pages have 100 instances unless said otherwise, in the order of creation', async ({ client, id }) => {
    const instanceIdPrefix = id('n');
    const all = Array.from({ length: 205 }, (_, index) => id(`n${String(index).padStart(3, '0')}`));
    await Promise.all(all.map((instanceId) => client.startNew('returns', { instanceId })));
    await Promise.all(all.map((instanceId) => client.waitForCompletion(instanceId)));

    const pages = await pagesOf(client, { instanceIdPrefix });
    expect(pages.map(({ length }) => length)).toEqual([100, 100, 5]);
    expect(pages.flat().toSorted()).toEqual(all);
    expect((await pagesOf(client, { instanceIdPrefix, pageSize: 41 })).map(({ length }) => length)).toEqual([41, 41, 41, 41, 41]);
    expect((await pagesOf(client, { instanceIdPrefix, pageSize: 1000 })).flat()).toEqual(pages.flat());
    expect(await idsOf(client.getStatusAll({ instanceIdPrefix, pageSize: 7 }))).toEqual(pages.flat());
    const created: number[] = [];
    for await (const { createdTime } of client.getStatusAll({ instanceIdPrefix })) created.push(createdTime.getTime());
    expect(created).toEqual(created.toSorted((a, b) => a - b));
  });

  scenario('[K3] pages are stable while instances come and go', async ({ client, id, clock, run, output }) => {
    for (const label of ['a', 'b', 'c', 'd', 'e']) {
      await run('returns', 1, { instanceId: id(label) });
      clock.advance(1);
    }
    const filter = { instanceIdPrefix: id(''), pageSize: 2 };
    const first = await client.getStatusBy(filter);
    expect(first.instances.map(({ instanceId }) => instanceId)).toEqual([id('a'), id('b')]);
    // 'a' goes from its place, and stands at the end as a new instance, behind another new one.
    clock.advance(minute);
    await run('returns', 1, { instanceId: id('new') });
    clock.advance(1);
    await client.startNew('returns', { instanceId: id('a'), input: 2 });
    await output(id('a'));

    const rest: string[] = [];
    for (let { continuationToken } = first; continuationToken !== undefined; ) {
      const page = await client.getStatusBy({ ...filter, continuationToken });
      rest.push(...page.instances.map(({ instanceId }) => instanceId));
      continuationToken = page.continuationToken;
    }
    expect(rest).toEqual([id('c'), id('d'), id('e'), id('new'), id('a')]);
  });

  scenario('[K3] pages are stable while the instances that they list finish, and are purged, the last one of a page too', async (run) => {
    const { client, id, clock, until, output } = run;
    const labels = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const label of labels) {
      await client.startNew('waits', { instanceId: id(label) });
      await until(id(label), ({ runtimeStatus }) => runtimeStatus === 'Running');
      clock.advance(1);
    }
    const filter = { instanceIdPrefix: id(''), runtimeStatus: 'Running', pageSize: 2 } as const;
    const listed: string[] = [];
    let page = await client.getStatusBy(filter);
    for (;;) {
      listed.push(...page.instances.map(({ instanceId }) => instanceId));
      for (const { instanceId } of page.instances) {
        await client.raiseEvent(instanceId, 'go');
        await output(instanceId);
        await client.purgeInstanceHistory(instanceId);
      }
      if (page.continuationToken === undefined) break;
      page = await client.getStatusBy({ ...filter, continuationToken: page.continuationToken });
    }
    expect(listed).toEqual(labels.map(id));
  });

  scenario('[K3] getStatusAll reads page after page, no further than it is asked for', async ({ client, id, run }) => {
    for (const label of ['a', 'b', 'c']) await run('returns', label, { instanceId: id(label) });
    const seen: unknown[] = [];
    for await (const { output } of client.getStatusAll({ instanceIdPrefix: id(''), pageSize: 1 })) {
      seen.push(output);
      if (seen.length === 2) break;
    }
    expect(seen).toHaveLength(2);
    expect(await idsOf(client.getStatusAll({ instanceIdPrefix: id('none') }))).toEqual([]);
  });

  scenario('[K3] refuses a filter that makes no sense', async ({ client }) => {
    const refusals: readonly [object, string][] = [
      [{ pageSize: 0 }, 'pageSize must be a whole number from 1 to 1000, but got 0'],
      [{ pageSize: 1001 }, 'pageSize must be'],
      [{ pageSize: 1.5 }, 'pageSize must be'],
      [{ runtimeStatus: 'running' }, "'running' is no runtimeStatus; known are Pending, Running"],
      [{ createdTimeFrom: new Date(NaN) }, 'createdTimeFrom must be a valid Date'],
      [{ createdTimeTo: '2020' }, "createdTimeTo must be a valid Date, but got 2020"],
      [{ continuationToken: 'abc' }, 'the continuationToken is not one that getStatusBy returned'],
    ];
    for (const [filter, message] of refusals) {
      const refused = client.getStatusBy(filter);
      await expect(refused).rejects.toBeInstanceOf(TypeError);
      await expect(refused).rejects.toThrow(message);
    }
  });
});

async function untilThere(client: DurableClient, instanceId: string): Promise<void> {
  while ((await client.getStatus(instanceId))?.runtimeStatus !== 'Running') await new Promise(setImmediate);
}
