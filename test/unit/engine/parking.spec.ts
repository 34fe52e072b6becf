/** Instances whose orchestrator no worker has [Y6]: their work waits in the database, in their own histories. */
import type { OrchestrationContext } from '../../../lib/core/index.js';
import type { InputEvent, RuntimeStatus } from '../../../lib/core/history.js';
import { PARK_TIMER, PARKED_SINCE, START_TIMER, type MessageBody } from '../../../lib/storage/store.js';
import { MortalEngines } from './support/mortal-engines.js';
import { signal, type TestEngineOptions } from './support/test-engine.js';

const LIVE: readonly RuntimeStatus[] = ['Pending', 'Running', 'Suspended'];

const late = {
  *collects(ctx: OrchestrationContext, count: number) {
    const events: unknown[] = [];
    while (events.length < count) events.push(yield ctx.waitForExternalEvent('e'));
    return events;
  },
  *works(ctx: OrchestrationContext) {
    const activity = ctx.callActivity('work');
    const timer = ctx.createTimer(1_000);
    return (yield ctx.all([activity, timer, ctx.waitForExternalEvent('e')])) as unknown;
  },
  *fails(ctx: OrchestrationContext) {
    return (yield ctx.callActivity('flaky')) as unknown;
  },
};
const early = {
  *parent(ctx: OrchestrationContext, child: string) {
    return (yield ctx.callSubOrchestrator(child, 0, { instanceId: 'child' })) as unknown;
  },
};

describe('DurableEngine without an orchestrator', () => {
  let engines: MortalEngines;
  afterEach(async () => {
    const { errors } = engines;
    await engines.close();
    expect(errors).toEqual([]);
  });

  const LACKS: TestEngineOptions = { orchestrators: early, activities: { work: () => 'worked' } };
  const HAS: TestEngineOptions = { ...LACKS, orchestrators: { ...early, ...late } };
  const open = async (options: TestEngineOptions = {}) => {
    engines = await MortalEngines.open(options);
  };
  /** A process that stops cleanly, and the next one. */
  const deploy = async (options: TestEngineOptions) => {
    await engines.current.engine.close();
    return engines.start(options);
  };
  const send = (id: string, body: MessageBody) => engines.current.engine.client.send(id, body, LIVE);
  const deliver = (id: string, event: InputEvent) => send(id, { type: 'Deliver', event });
  const inbox = async () => {
    const { worker } = engines.current.engine['parts'].ownership.members;
    return (await engines.store.readInbox(worker, [0, 1, 2, 3].map((partition) => ({ partition, limit: 10 })), () => false)).messages;
  };
  const historyOf = async (id: string) => (await engines.store.readHistory((await engines.row(id))!)).map(({ type }) => type);
  const warnings = () => engines.current.log.lines.filter(({ level }) => level === 'warn').map(({ text }) => text);
  const untilEvents = (id: string, count: number) => engines.untilHistory(id, (history) => history.filter(({ type }) => type === 'EventRaised').length === count);

  it('[Y6] takes up what comes for it without running code: the inbox is free, and nothing is lost when a worker comes that has it', async () => {
    await open();
    await engines.start(LACKS);
    await engines.current.startNew('collects', 4, 'a');
    for (const number of [1, 2]) await engines.current.raiseEvent('a', 'e', number);
    await untilEvents('a', 2);
    expect(await inbox()).toEqual([]);
    await engines.current.raiseEvent('a', 'e', 3);
    await untilEvents('a', 3);
    expect(await engines.row('a')).toMatchObject({ status: 'Pending' });
    await deploy(LACKS);
    await engines.current.raiseEvent('a', 'e', 4);
    await untilEvents('a', 4);
    await deploy(HAS);
    expect(await engines.current.result('a')).toEqual([1, 2, 3, 4]);
    expect((await historyOf('a')).slice(-3)).toEqual(['OrchestratorStarted', 'ExecutionCompleted', 'OrchestratorCompleted']);
  });

  it('[Y6] is said once, with instance, orchestrator and what to do, and shows in health', async () => {
    await open();
    await engines.start(LACKS);
    await Promise.all(['a', 'b', 'c'].map((id) => engines.current.startNew('collects', 1, id)));
    const { client } = engines.current.engine;
    const parked = () => client.health().parked;
    await engines.until(() => parked()[0]?.instances === 3);
    const handler = { kind: 'orchestrator', name: 'collects' };
    expect(client.health()).toMatchObject({ status: 'degraded', isWorker: true, partitionCount: 4, ownedPartitions: 4, parked: [{ ...handler, instances: 3 }] });
    expect(client.health().problems).toContainEqual(expect.objectContaining({ kind: 'parked', handler: expect.objectContaining(handler) as unknown }));
    const said = warnings();
    const partitions = new Set(await Promise.all(['a', 'b', 'c'].map(async (id) => (await engines.row(id))!.partition)));
    expect(said).toHaveLength(partitions.size);
    expect(said[0]).toMatch(/^Instance '[abc]' waits: .* orchestrator 'collects'.* Start a worker that has it, or terminate/);
    await deploy(LACKS);
    await engines.until(() => engines.current.engine.client.health().parked[0]?.instances === 3);
    await deliver('a', { type: 'ExecutionTerminated' });
    await engines.current.finished('a');
    expect(engines.current.engine.client.health().parked).toEqual([{ kind: 'orchestrator', name: 'collects', instances: 2 }]);
    await deploy(HAS);
    await engines.untilRow('b', ({ status }) => status === 'Running');
    expect(engines.current.engine.client.health().parked).toEqual([]);
  });

  it('[Y6] results, timers and events of an instance that has begun are recorded in their order', async () => {
    const working = signal();
    const go = signal<string>();
    await open();
    await engines.start({ ...HAS, activities: { work: () => (working.resolve(), new Promise(() => undefined)) } });
    await engines.current.startNew('works', undefined, 'a');
    await working.promise;
    await deploy({ ...LACKS, activities: { work: () => go.promise } });
    await engines.current.raiseEvent('a', 'e', 'event');
    await untilEvents('a', 1);
    go.resolve('result');
    await engines.untilHistory('a', (history) => history.some(({ type }) => type === 'TaskCompleted'));
    engines.current.clock.advance(5_000);
    await engines.untilHistory('a', (history) => history.some(({ type }) => type === 'TimerFired'));
    expect(await engines.row('a')).toMatchObject({ status: 'Running' });
    await engines.current.engine.close();
    await engines.start({ ...HAS, activities: {} });
    expect(await engines.current.result('a')).toEqual(['result', null, 'event']);
  });

  it('[Y6] a sub-orchestration waits as Pending, and answers its caller when it has run', async () => {
    await open();
    await engines.start(LACKS);
    await engines.current.startNew('parent', 'collects', 'parent');
    await engines.untilRow('child', ({ status }) => status === 'Pending');
    await deploy(HAS);
    expect(await engines.current.result('parent')).toEqual([]);
  });

  it('[K6] [K7] it can be suspended, resumed and terminated, and its status says so at once', async () => {
    await open();
    await engines.start(LACKS);
    await engines.current.startNew('collects', 1, 'a');
    await deliver('a', { type: 'ExecutionSuspended' });
    await engines.untilRow('a', ({ status }) => status === 'Suspended');
    await engines.current.raiseEvent('a', 'e', 1);
    await untilEvents('a', 1);
    await deploy(HAS);
    await engines.until(async () => (await historyOf('a')).at(-1) === 'OrchestratorCompleted');
    expect(await engines.row('a')).toMatchObject({ status: 'Suspended' });
    await deploy(LACKS);
    await deliver('a', { type: 'ExecutionResumed' });
    await engines.untilRow('a', ({ status }) => status === 'Pending');
    await deploy(HAS);
    expect(await engines.current.result('a')).toEqual([1]);

    await deploy(LACKS);
    await engines.current.startNew('collects', 1, 'b');
    await deliver('b', { type: 'ExecutionTerminated', reason: 'enough' });
    expect(await engines.current.finished('b')).toMatchObject({ status: 'Terminated', output: '"enough"' });
    const { partition, executionId } = (await engines.row('b'))!;
    const timers = await engines.store.readTimers(partition, { limit: 10 });
    expect(timers).not.toContainEqual({ partition, instanceId: 'b', executionId, taskId: PARK_TIMER, fireAt: PARKED_SINCE });
  });

  it('[C1] [Y6] a generation that a worker began and did not run waits as well', async () => {
    const orchestrators = {
      *again(ctx: OrchestrationContext, generation: number) {
        if (generation === 1) ctx.continueAsNew(2);
        else engines.die();
      },
    };
    await open();
    await engines.start({ ...LACKS, orchestrators });
    await engines.current.startNew('again', 1, 'a').catch(() => undefined);
    await engines.whenDead();
    await engines.start(LACKS);
    await engines.until(async () => (await inbox()).length === 0);
    await deploy({ ...LACKS, orchestrators: { *again(_ctx: OrchestrationContext, generation: number) { return generation; } } });
    expect(await engines.current.result('a')).toBe(2);
  });

  it('[T1] one that is to begin later keeps its time', async () => {
    await open();
    await engines.start(LACKS);
    const startAt = engines.current.engine.client.now() + 60_000;
    await engines.current.engine.client.start({ name: 'collects', input: '1', instanceId: 'a', startAt }, 'reject');
    await engines.current.raiseEvent('a', 'e', 'early');
    await untilEvents('a', 1);
    await deploy(HAS);
    const { partition, executionId } = (await engines.row('a'))!;
    const timers = async () => (await engines.store.readTimers(partition, { limit: 10 })).filter((timer) => timer.executionId === executionId);
    await engines.until(async () => (await timers()).every(({ taskId }) => taskId === START_TIMER));
    await engines.until(async () => (await inbox()).length === 0);
    expect(await timers()).toMatchObject([{ fireAt: startAt }]);
    expect(await engines.row('a')).toMatchObject({ status: 'Pending' });
    engines.current.clock.advance(60_000);
    expect(await engines.current.result('a')).toEqual(['early']);
  });

  it('[Y8] waiting counts for nothing, however often its worker dies; a death of the worker that has the orchestrator counts', async () => {
    let runs = 0;
    const kills: TestEngineOptions = { ...LACKS, orchestrators: { ...early, collects: () => ((runs += 1), engines.die()) } };
    await open({ settings: { maxDispatchCount: 2 } });
    await engines.start(LACKS);
    await engines.current.startNew('collects', 1, 'a');
    for (let deaths = 0; deaths < 5; deaths += 1) {
      await engines.until(() => engines.current.engine.client.health().parked.length === 1);
      engines.die();
      await engines.start(LACKS);
    }
    await engines.until(() => engines.current.engine.client.health().parked.length === 1);
    expect((await engines.row('a'))!.attempts).toBeUndefined();
    for (let deaths = 1; deaths <= 3; deaths += 1) {
      // As a partition that is handed over: taken without being taken over.
      await engines.current.engine.close();
      await engines.start(kills);
      await engines.whenDead();
      await engines.start(LACKS);
      await engines.untilRow('a', ({ attempts, status }) => attempts === deaths || status === 'Failed');
    }
    expect(await engines.current.finished('a')).toMatchObject({ status: 'Failed', failureDetails: { errorType: 'PoisonMessageError' } });
    expect(runs).toBe(3);
  });

  it('[Y8] nor does what comes for it while its worker dies of something else', async () => {
    await open({ settings: { maxDispatchCount: 2 } });
    await engines.start(LACKS);
    await engines.current.startNew('collects', 5, 'a');
    for (let deaths = 1; deaths <= 5; deaths += 1) {
      await engines.until(() => engines.current.engine.client.health().parked.length === 1);
      engines.current.faults.intercept('commit', () => new Promise<never>(() => undefined));
      await engines.current.raiseEvent('a', 'e', deaths);
      engines.die();
      await engines.start(LACKS);
      await untilEvents('a', deaths);
    }
    expect(await engines.row('a')).toMatchObject({ status: 'Pending', attempts: undefined });
    await deploy(HAS);
    expect(await engines.current.result('a')).toEqual([1, 2, 3, 4, 5]);
  });

  it('[K8] a rewind waits as well', async () => {
    let works = false;
    const activities = { flaky: () => (works ? 'fine' : Promise.reject(new Error('no'))) };
    await open();
    await engines.start({ ...HAS, activities });
    await engines.current.startNew('fails', undefined, 'a');
    expect(await engines.current.finished('a')).toMatchObject({ status: 'Failed' });
    await deploy({ ...LACKS, activities });
    works = true;
    await engines.current.engine.client.rewind('a', 'again');
    await engines.untilHistory('a', (history) => history.some(({ type }) => type === 'ExecutionRewound'));
    expect(await inbox()).toEqual([]);
    await deploy({ ...HAS, activities });
    expect(await engines.current.result('a')).toBe('fine');
  });
});
