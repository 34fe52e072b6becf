/** `DurableClient` of the npm package `durable-functions` works with the API as it does with Azure's. */
import { Injectable } from '@nestjs/common';
import type { OrchestrationRuntimeStatus } from 'durable-functions';
import { DurableClient, Entity, EntityId, type EntityContext } from 'nestjs-durable';
import { BRING, FINISHED, hour, is } from '../client/states.js';
import { Subject } from '../client/subject.js';
import { ADAPTERS, BASE_PATH } from './support/api-app.js';
import { useApi, type ApiRun } from './support/harness.js';
import { microsoftClient, microsoftClientOf, MODES, PLACEHOLDER, type MicrosoftClient } from './support/microsoft-client.js';
import { Repairs } from './support/repairs.js';
import { useServed } from './support/served.js';

@Injectable()
class Counters {
  @Entity()
  counter(ctx: EntityContext<unknown>): void {
    if (ctx.operationName === 'add') ctx.setState(ctx.getState(() => 0) as number + ctx.getInput<number>());
    else if (ctx.operationName === 'reset') ctx.setState(ctx.getInput() ?? null);
    else if (ctx.operationName === 'delete') ctx.destructOnExit();
  }
}

const row = useApi({ providers: [Subject, Repairs, Counters] });

const statuses = (...names: string[]): OrchestrationRuntimeStatus[] => names as OrchestrationRuntimeStatus[];

describe.each(MODES)("Microsoft's client in %s mode", (mode) => {
  const calls = (name: string, body: (microsoft: MicrosoftClient, run: ApiRun) => Promise<void>): void =>
    row(name, (run) => body(microsoftClient(mode, run), run));

  calls('[W1] startNew: with an input, which may be falsy, and an id', async (microsoft, { id, ended }) => {
    for (const [index, input] of [{ sku: 'cup', count: 2 }, 'Ada', 0, false, null, [], ''].entries()) {
      expect(await microsoft.startNew('returns', { instanceId: id(`${index}`), input })).toBe(id(`${index}`));
      expect(await ended(id(`${index}`))).toMatchObject({ runtimeStatus: 'Completed', input, output: input });
    }
  });

  calls('[W1] startNew: without an input it sends an empty string, without an id it gets one', async (microsoft, { ended }) => {
    const instanceId = await microsoft.startNew('returns');
    expect(await ended(instanceId)).toMatchObject({ runtimeStatus: 'Completed', input: '' });
  });

  calls('[W1] startNew: a version', async (microsoft, { output }) => {
    expect(await output(await microsoft.startNew('versioned', { version: '2' }))).toBe('second, as 2');
    expect(await output(await microsoft.startNew('versioned'))).toBe('unversioned, as undefined');
  });

  calls('[W1] startNew: an unknown name and an id in use are errors that tell why', async (microsoft, { client, id }) => {
    await expect(microsoft.startNew('missing')).rejects.toThrow("There is no orchestrator 'missing'");
    await client.startNew('waits', { instanceId: id('a') });
    await expect(microsoft.startNew('returns', { instanceId: id('a') })).rejects.toThrow('status code: 409');
  });

  calls('[W2] getStatus: of each state, with input and output', async (microsoft, run) => {
    for (const state of [...FINISHED, 'Pending', 'Running', 'Suspended']) {
      await BRING[state]!(run, run.id(state));
      const own = (await run.client.getStatus(run.id(state)))!;
      const status = await microsoft.getStatus(run.id(state), { showInput: true });
      expect(status).toMatchObject({ instanceId: run.id(state), name: own.name, runtimeStatus: state, input: own.input ?? null });
      expect([status.output ?? null, status.customStatus ?? null]).toEqual([JSON.parse(JSON.stringify(own.output ?? null)), own.customStatus ?? null]);
      expect(status.createdTime.getTime()).toBe(Math.floor(own.createdTime.getTime() / 1_000) * 1_000);
      expect(status.lastUpdatedTime).toBeInstanceOf(Date);
    }
  });

  calls('[W2] getStatus: without the input; with the history, and what its events carry', async (microsoft, { run, id }) => {
    await run('counted', 'input', { instanceId: id('a') });
    const plain = await microsoft.getStatus(id('a'), { showInput: true });
    expect([plain.input, plain.output, plain.history ?? null]).toEqual(['input', 'input', null]);
    if (mode === 'webhook') expect((await microsoft.getStatus(id('a'), { showInput: false })).input).toBeNull();
    const { history } = await microsoft.getStatus(id('a'), { showHistory: true });
    expect(history).toContainEqual(expect.not.objectContaining({ result: expect.anything() }));
    const shown = await microsoft.getStatus(id('a'), { showHistory: true, showHistoryOutput: true });
    expect(shown.history).toContainEqual(expect.objectContaining({ eventType: 'TaskScheduled', name: 'count', input: 'input' }));
    expect(shown.history).toHaveLength(history!.length);
  });

  calls('[W2] getStatus: a missing instance is an error', async (microsoft, { id }) => {
    await expect(microsoft.getStatus(id('missing'))).rejects.toThrow(/HTTP 404 response.*Details/);
  });

  calls('[W3] getStatusAll and getStatusBy: all pages', async (microsoft, { client, clock, id }) => {
    clock.advance(hour);
    const ids = Array.from({ length: 230 }, (_, index) => id(`${index}`));
    await Promise.all(ids.map((instanceId) => client.startNew('returns', { instanceId })));
    await Promise.all(ids.map((instanceId) => client.waitForCompletion(instanceId)));
    const createdTimeFrom = (await client.getStatus(ids[0]!))!.createdTime;
    const all = await microsoft.getStatusAll();
    expect(all.map(({ instanceId }) => instanceId)).toEqual(expect.arrayContaining(ids));
    const some = await microsoft.getStatusBy({ createdTimeFrom: new Date(createdTimeFrom.getTime() - 60_000) });
    expect(new Set(some.map(({ instanceId }) => instanceId))).toEqual(new Set(ids));
    expect(some).toHaveLength(ids.length);
  });

  calls('[W3] getStatusBy: times and statuses', async (microsoft, run) => {
    run.clock.advance(hour);
    const from = new Date(Date.now() + run.clock.skew - hour / 2);
    for (const state of FINISHED) await BRING[state]!(run, run.id(state));
    const ask = async (...names: string[]) =>
      (await microsoft.getStatusBy({ createdTimeFrom: from, createdTimeTo: new Date(from.getTime() + hour), runtimeStatus: statuses(...names) }))
        .map(({ instanceId }) => instanceId);
    expect(await ask('Failed')).toEqual([run.id('Failed')]);
    expect(await ask('Completed', 'Terminated')).toEqual([run.id('Completed'), run.id('Terminated')]);
    expect(await ask()).toEqual(FINISHED.map((state) => run.id(state)));
    expect(await ask('Running', 'Pending')).toEqual([]);
  });

  calls('[W6] raiseEvent: with data, with falsy data, with none', async (microsoft, { client, id, ended }) => {
    for (const [index, data] of [{ parcels: 2 }, 0, '', false, null, undefined].entries()) {
      await client.startNew('waits', { instanceId: id(`${index}`) });
      await microsoft.raiseEvent(id(`${index}`), 'go', data);
      expect((await ended(id(`${index}`))).output).toEqual(data ?? null);
    }
  });

  calls('[W6] raiseEvent: to a finished instance it is dropped, to a missing one, or in another hub, an error', async (microsoft, { run, id }) => {
    await run('returns', 1, { instanceId: id('a') });
    await microsoft.raiseEvent(id('a'), 'go', 1);
    await expect(microsoft.raiseEvent(id('missing'), 'go', 1)).rejects.toThrow(`No instance with ID '${id('missing')}' found.`);
    await expect(microsoft.raiseEvent(id('a'), 'go', 1, { taskHubName: 'Elsewhere', connectionName: 'Storage' })).rejects.toThrow('found');
  });

  calls('ids, event names and reasons that it does not encode', async (microsoft, { id, until, ended, history }) => {
    const instanceId = id("ä b+c&d=é '🦄");
    expect(await microsoft.startNew('waits', { instanceId, input: 1 })).toBe(instanceId);
    await until(instanceId, is('Running'));
    expect((await microsoft.getStatus(instanceId)).instanceId).toBe(instanceId);
    await microsoft.raiseEvent(instanceId, 'ä two words+1', 1);
    await microsoft.terminate(instanceId, 'ä two words');
    expect((await ended(instanceId)).output).toBe('ä two words');
    expect(await history(instanceId)).toContainEqual(expect.objectContaining({ eventType: 'EventRaised', name: 'ä two words+1' }));
    expect(await microsoft.purgeInstanceHistory(instanceId)).toEqual({ instancesDeleted: 1 });
  });

  calls('[W7] suspend, resume and terminate: a finished instance is no error, a missing one is', async (microsoft, { client, id, until, ended }) => {
    await client.startNew('waits', { instanceId: id('a') });
    await until(id('a'), is('Running'));
    await microsoft.suspend(id('a'), 'lunch');
    await until(id('a'), is('Suspended'));
    await expect(microsoft.suspend(id('a'), 'again')).rejects.toThrow('409');
    await microsoft.resume(id('a'), 'coffee');
    await until(id('a'), is('Running'));
    await microsoft.terminate(id('a'), 'enough');
    expect(await ended(id('a'))).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
    for (const operation of ['suspend', 'resume', 'terminate'] as const) {
      await microsoft[operation](id('a'), 'late');
      await expect(microsoft[operation](id('missing'), 'why')).rejects.toThrow(`No instance with ID '${id('missing')}' found.`);
    }
  });

  calls('[W8] rewind: a failed instance goes on; of all others it is an error that tells why', async (microsoft, run) => {
    const repairs = run.get(Repairs);
    repairs.broken.add(run.id('pump'));
    await run.run('repair', run.id('pump'), { instanceId: run.id('a') });
    repairs.broken.delete(run.id('pump'));
    await microsoft.rewind(run.id('a'), 'new part');
    expect(await run.output(run.id('a'))).toBe(`${run.id('pump')} is mended`);
    await expect(microsoft.rewind(run.id('a'), 'why')).rejects.toThrow('410');
    await run.client.startNew('waits', { instanceId: run.id('b') });
    await expect(microsoft.rewind(run.id('b'), 'why')).rejects.toThrow(Error);
    await expect(microsoft.rewind(run.id('missing'), 'why')).rejects.toThrow(Error);
  });

  calls('[W4] purgeInstanceHistory: one, and none', async (microsoft, { run, id, client }) => {
    await run('returns', 1, { instanceId: id('a') });
    expect(await microsoft.purgeInstanceHistory(id('a'))).toEqual({ instancesDeleted: 1 });
    expect(await client.getStatus(id('a'))).toBeNull();
    expect(await microsoft.purgeInstanceHistory(id('a'))).toEqual({ instancesDeleted: 0 });
  });

  calls('[W5] purgeInstanceHistoryBy: times and statuses, and none', async (microsoft, run) => {
    run.clock.advance(hour);
    const createdTimeFrom = new Date(Date.now() + run.clock.skew - hour / 2);
    const createdTimeTo = new Date(createdTimeFrom.getTime() + hour);
    for (const state of FINISHED) await BRING[state]!(run, run.id(state));
    const purge = (...names: string[]) => microsoft.purgeInstanceHistoryBy({ createdTimeFrom, createdTimeTo, runtimeStatus: statuses(...names) });
    expect(await purge('Completed', 'Failed')).toEqual({ instancesDeleted: 2 });
    expect((await run.client.getStatus(run.id('Terminated')))?.runtimeStatus).toBe('Terminated');
    expect(await microsoft.purgeInstanceHistoryBy({ createdTimeFrom })).toEqual({ instancesDeleted: 1 });
    expect(await purge()).toEqual({ instancesDeleted: 0 });
  });

  calls('[W10] [W12] signalEntity and readEntityState', async (microsoft, { id, stateBecomes }) => {
    const counter = new EntityId('counter', id('Ada'));
    expect(await microsoft.readEntityState(counter)).toEqual({ entityExists: false });
    await microsoft.signalEntity(counter, 'add', 2);
    await microsoft.signalEntity(counter, 'add', 3);
    await stateBecomes(counter, 5);
    expect(await microsoft.readEntityState(counter, { taskHubName: 'DurableHub', connectionName: 'Storage' })).toEqual({ entityExists: true, entityState: 5 });
    for (const [sent, state] of [[0, 0], ['', ''], [{ a: [] }, { a: [] }], [undefined, null]]) {
      await microsoft.signalEntity(counter, 'reset', sent);
      await stateBecomes(counter, state);
      expect(await microsoft.readEntityState(counter)).toEqual({ entityExists: true, entityState: state });
    }
    await microsoft.signalEntity(counter, 'delete');
    await stateBecomes(counter, undefined);
    expect(await microsoft.readEntityState(counter)).toEqual({ entityExists: false });
  });

  calls('[K5] waitForCompletionOrCreateCheckStatusResponse: its polling sees the end', async (microsoft, run) => {
    const request = { url: `${run.origin}/orders` } as never;
    const wait = (instanceId: string, timeoutInMilliseconds: number) =>
      microsoft.waitForCompletionOrCreateCheckStatusResponse(request, instanceId, { timeoutInMilliseconds, retryIntervalInMilliseconds: 1 });
    await run.run('returns', { parcels: 2 }, { instanceId: run.id('a') });
    const completed = await wait(run.id('a'), 10_000);
    expect([completed.status, await completed.json()]).toEqual([200, { parcels: 2 }]);
    await run.run('fails', 'no', { instanceId: run.id('b') });
    expect((await wait(run.id('b'), 10_000)).status).toBe(500);
    await run.client.startNew('waits', { instanceId: run.id('c') });
    expect((await wait(run.id('c'), 2)).status).toBe(202);
  });

  if (mode === 'webhook') {
    calls('[K5] createCheckStatusResponse: the links that it makes of ours lead to the instance', async (microsoft, { id, client, origin, until }) => {
      await client.startNew('waits', { instanceId: id('a') });
      const links = microsoft.createHttpManagementPayload(id('a'));
      expect(await (await fetch(links.statusQueryGetUri)).json()).toMatchObject({ instanceId: id('a') });
      const response = microsoft.createCheckStatusResponse({ url: `${origin}/orders` } as never, id('a'));
      expect([response.status, response.headers.get('location')]).toEqual([202, links.statusQueryGetUri]);
      expect((await fetch(links.terminatePostUri.replace('{text}', 'enough'), { method: 'POST' })).status).toBe(202);
      await until(id('a'), is('Terminated'));
    });
  }
});

describe.each(ADAPTERS)("Microsoft's client and an API with keys on %s", (adapter) => {
  const serve = useServed(adapter);

  it('works with the links that the API gives to who has the key', async () => {
    const key = 'key-of-a-function-app';
    const { app, origin, request } = await serve({ durable: { http: { keys: [key] } }, metadata: { providers: [Subject, Counters] } });
    const { body: managementUrls } = await request('POST', `${BASE_PATH}/orchestrators/waits/${PLACEHOLDER}?code=${key}`);
    const microsoft = microsoftClientOf('webhook', { base: `${origin}${BASE_PATH}`, managementUrls, key });
    const client = app.get(DurableClient, { strict: false });

    const instanceId = await microsoft.startNew('waits', { input: 1 });
    await microsoft.raiseEvent(instanceId, 'go', 'gone');
    await client.waitForCompletion(instanceId);
    expect(await microsoft.getStatus(instanceId)).toMatchObject({ runtimeStatus: 'Completed', output: 'gone' });
    expect(await microsoft.getStatusAll()).toHaveLength(2);
    expect(await microsoft.purgeInstanceHistory(instanceId)).toEqual({ instancesDeleted: 1 });
    expect(await microsoft.readEntityState(new EntityId('counter', 'a'))).toEqual({ entityExists: false });
    await microsoft.terminate(PLACEHOLDER, 'enough');
    expect(await client.waitForCompletion(PLACEHOLDER)).toMatchObject({ runtimeStatus: 'Terminated' });
  });

  it('is refused with another key', async () => {
    const { origin } = await serve({ durable: { http: { keys: ['key-of-a-function-app'] } }, metadata: { providers: [Subject] } });
    const microsoft = microsoftClientOf('webhook', { base: `${origin}${BASE_PATH}`, managementUrls: { id: PLACEHOLDER }, key: 'key-of-another-one' });
    await expect(microsoft.startNew('waits')).rejects.toThrow('401');
  });
});
