/** What is due and was forgotten: offered again, and when that is in vain told of. Sweeps come with the virtual clock. */
import type { EntityContext, OrchestrationContext } from '../../../lib/core/index.js';
import { partitionOf } from '../../../lib/core/ids.js';
import type { Partition } from '../../../lib/engine/partition.js';
import type { DurableStore } from '../../../lib/storage/store.js';
import { sharedStore, signal, TestEngine, type TestEngineOptions } from './support/test-engine.js';

/** Longer than sweeps are apart, ms. */
const SWEEP = 40_000;

describe('the sweeper', () => {
  const subjects: TestEngine[] = [];
  let store: DurableStore;

  beforeEach(async () => {
    store = await sharedStore();
  });

  afterEach(async () => {
    await Promise.all(subjects.splice(0).map(({ engine }) => engine.close()));
    await store.close();
  });

  const start = async (options: TestEngineOptions): Promise<TestEngine> => {
    const subject = await TestEngine.start({ ...options, shared: store, settings: { shutdownTimeout: 0, ...options.settings } });
    subjects.push(subject);
    return subject;
  };
  const partitionsOf = ({ engine }: TestEngine): Partition[] => [...engine['parts'].ownership.partitions.values()];
  const overdue = ({ engine }: TestEngine) => engine.client.health().problems.filter(({ kind }) => kind === 'overdue');
  const warnings = ({ log }: TestEngine) => log.lines.filter(({ level, text }) => level === 'warn' && text.startsWith('Overdue')).map(({ text }) => text);
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    // What goes on asking after its test would keep jest from ending.
    const { length } = subjects;
    while (subjects.length === length && !(await holds())) await new Promise((resolve) => setImmediate(resolve));
  };

  /** Lets time pass, and waits for the sweep that it brings. */
  const sweep = async (subject: TestEngine, ms = SWEEP): Promise<void> => {
    const { engine, clock } = subject;
    const swept = signal();
    const sweeper = engine['parts'].observation['sweeper'];
    const port = sweeper['port'] as { swept: () => void };
    const before = () => void engine.client.health();
    port.swept = () => {
      before();
      swept.resolve();
    };
    clock.advance(ms);
    await swept.promise;
    await sweeper['sweeping'];
    port.swept = before;
  };

  function* collects(ctx: OrchestrationContext): Generator<unknown, unknown, unknown> {
    return yield ctx.waitForExternalEvent('item');
  }

  function* sleeps(ctx: OrchestrationContext): Generator<unknown, unknown, unknown> {
    yield ctx.createTimer(100_000_000);
    return 'woken';
  }

  it('takes up a message that memory has forgotten (I6)', async () => {
    const subject = await start({ orchestrators: { collects } });
    await subject.startNew('collects', 1, 'a');
    await until(async () => (await subject.engine.client.getInstance('a'))?.status === 'Running');
    // The message passes for known, and nobody is told of it.
    for (const partition of partitionsOf(subject)) {
      const accept = partition.accept.bind(partition);
      partition.accept = (message) => accept(message) && false;
    }
    await subject.raiseEvent('a', 'item', 7);
    expect(await subject.engine.client.getInstance('a')).toMatchObject({ status: 'Running' });
    await sweep(subject);
    expect(await subject.result('a')).toBe(7);
    await sweep(subject);
    expect(overdue(subject)).toEqual([]);
    expect(warnings(subject)).toEqual([]);
  });

  it('takes up an input that lies in memory and was never given its turn', async () => {
    const subject = await start({ orchestrators: { collects } });
    await subject.startNew('collects', 1, 'a');
    await until(async () => (await subject.engine.client.getInstance('a'))?.status === 'Running');
    const { turns } = subject.engine['parts'].dispatcher as unknown as { turns: { add(slot: unknown): void } };
    const add = turns.add.bind(turns);
    turns.add = () => undefined;
    await subject.raiseEvent('a', 'item', 7);
    turns.add = add;
    await sweep(subject);
    expect(await subject.result('a')).toBe(7);
  });

  it.each(['is not in memory', 'has fired and was lost'])('takes up a timer that %s (I6)', async (how) => {
    const subject = await start({ orchestrators: { sleeps } });
    await subject.startNew('sleeps', undefined, 'a');
    await until(() => partitionsOf(subject).some(({ timers }) => timers.size > 0));
    const partition = partitionsOf(subject).find(({ timers }) => timers.size > 0)!;
    const [timer] = await store.readTimers(partition.index, { limit: 1 });
    if (how === 'is not in memory') partition.timers.remove(timer!);
    else partition.timers.takeDue(Infinity);
    await sweep(subject, 100_000_000 + SWEEP);
    expect(await subject.result('a')).toBe('woken');
  });

  it('takes up what lies in the queue of an entity that nobody looks at', async () => {
    const before = await start({});
    for (let count = 0; count < 3; count += 1) await before.engine.client.signal('@counter@a', { type: 'EntityOperation', operation: 'add' });
    const partition = partitionOf('@counter@a', 4);
    const queued = async () => (await store.loadEntities([{ partition, instanceId: '@counter@a' }], { maxBytes: 1_000_000, queueLimit: 10 })).entities[0]!.queue.length;
    await until(async () => (await queued()) === 3);
    await before.engine.close();
    const counter = (ctx: EntityContext) => ctx.setState(Number(ctx.getState() ?? 0) + 1);
    const subject = TestEngine.create({ entities: { counter }, shared: store, settings: { shutdownTimeout: 0 } });
    subjects.push(subject);
    // The mark that would tell of the queue is overlooked.
    subject.faults.intercept('readTimers', () => Promise.resolve([]));
    await subject.engine.prepare();
    await subject.engine.start();
    await until(() => (subject.faults.calls.get('readTimers') ?? 0) >= 4);
    await until(() => subject.engine['parts'].poller['interval'] > 100);
    expect(await queued()).toBe(3);
    await sweep(subject);
    await until(async () => (await subject.engine.client.getEntity('@counter@a'))?.state === '3');
  });

  it('tells of what stays overdue: once in the log, and in health for as long as it lasts', async () => {
    const subject = await start({ orchestrators: { collects } });
    await subject.startNew('collects', 1, 'a');
    await until(async () => (await subject.engine.client.getInstance('a'))?.status === 'Running');
    const [row] = await store.getInstances([(await subject.engine.client.getInstance('a'))!]);
    const partition = partitionsOf(subject).find(({ index }) => index === row!.partition)!;
    const slot = partition.slot('a');
    slot.busy = true;
    await subject.raiseEvent('a', 'item', 7);
    await sweep(subject);
    expect(overdue(subject)).toEqual([]);
    await sweep(subject);
    const problem = {
      kind: 'overdue', instanceId: 'a', partitions: [partition.index], handler: { kind: 'orchestrator', name: 'collects' }, since: expect.any(Date) as unknown,
      message: expect.stringMatching(/waits for instance 'a' in partition \d/) as unknown,
    };
    expect(overdue(subject)).toEqual([problem]);
    expect(subject.engine.client.health().status).toBe('degraded');
    expect(warnings(subject)).toEqual([expect.stringMatching(/^Overdue for \d+ s: .*instance 'a'/)]);
    await sweep(subject);
    expect(overdue(subject)).toEqual([problem]);
    expect(warnings(subject)).toHaveLength(1);
    slot.busy = false;
    await sweep(subject);
    expect(await subject.result('a')).toBe(7);
    await sweep(subject);
    expect(overdue(subject)).toEqual([]);
  });

  it('tells of activities that wait for a worker, with those that could take them', async () => {
    const gate = signal();
    const subject = await start({
      settings: { maxConcurrentActivityFunctions: 1 },
      activities: { held: () => gate.promise },
      orchestrators: { *two(ctx) { yield ctx.all([ctx.callActivity('held'), ctx.callActivity('held')]); } },
    });
    await subject.startNew('two', undefined, 'a');
    await until(() => subject.engine.client.metrics().activities.running === 1);
    await sweep(subject);
    expect(overdue(subject)).toEqual([]);
    await sweep(subject);
    expect(overdue(subject)).toMatchObject([{ instanceId: 'a', handler: { kind: 'activity', name: 'held' }, message: expect.stringContaining('maxConcurrentActivityFunctions') }]);
    gate.resolve();
    await subject.finished('a');
    await sweep(subject);
    expect(overdue(subject)).toEqual([]);
  });

  describe('tells of what only waits behind other work as one backlog, and not as a defect:', () => {
    const problems = ({ engine }: TestEngine) => engine.client.health().problems.filter(({ kind }) => kind === 'overdue' || kind === 'backlog');
    const warned = ({ log }: TestEngine) => log.lines.filter(({ level }) => level === 'warn').map(({ text }) => text);
    const told = expect.stringMatching(/^Backlog: .*the oldest has waited for \d+ s, and \d+ messages are in memory/) as unknown;

    it('instances whose partition gets on', async () => {
      const subject = await start({ orchestrators: { collects }, settings: { maxConcurrentOrchestratorFunctions: 1 } });
      const ids = Array.from({ length: 100 }, (_, index) => `i${index}`).filter((id) => partitionOf(id, 4) === 0).slice(0, 6);
      for (const id of ids) await subject.startNew('collects', 1, id);
      await until(async () => (await Promise.all(ids.map((id) => subject.engine.client.getInstance(id)))).every((row) => row?.status === 'Running'));
      // Commits end when they are told to: one checkpoint each, since one instance is in the works.
      let next = signal();
      let begun = signal();
      subject.faults.intercept('commit', async (proceed, batch) => {
        begun.resolve();
        await next.promise;
        next = signal();
        return proceed(batch);
      });
      const oneMore = async () => {
        await begun.promise;
        begun = signal();
        next.resolve();
        await begun.promise;
      };
      for (const id of ids) await subject.raiseEvent(id, 'item', 7);
      await sweep(subject);
      expect(problems(subject)).toEqual([]);
      for (let count = 0; count < 2; count += 1) {
        await oneMore();
        await sweep(subject);
        expect(problems(subject)).toMatchObject([{ kind: 'backlog' }]);
        expect(warned(subject)).toEqual([told]);
      }
      // Nothing was done meanwhile: all that still wait are stuck.
      await sweep(subject);
      expect(problems(subject).map(({ kind }) => kind)).toEqual(['overdue', 'overdue', 'overdue', 'overdue']);
      for (let left = 4; left > 1; left -= 1) await oneMore();
      next.resolve();
      await Promise.all(ids.map((id) => subject.finished(id)));
      await sweep(subject);
      expect(problems(subject)).toEqual([]);
    });

    it('activities while others are completed', async () => {
      const gates = Array.from({ length: 5 }, () => signal());
      let running = 0;
      const subject = await start({
        settings: { maxConcurrentActivityFunctions: 1 },
        activities: { held: () => gates[running++]!.promise },
        orchestrators: { *many(ctx) { yield ctx.all(gates.map(() => ctx.callActivity('held'))); } },
      });
      await subject.startNew('many', undefined, 'a');
      await until(() => running === 1);
      await sweep(subject);
      gates[0]!.resolve();
      await until(() => running === 2);
      await sweep(subject);
      expect(problems(subject)).toMatchObject([{ kind: 'backlog' }]);
      expect(warned(subject)).toEqual([told]);
      for (const gate of gates) gate.resolve();
      await subject.finished('a');
      await sweep(subject);
      expect(problems(subject)).toEqual([]);
    });
  });

  it('gives back claims of workers that are gone', async () => {
    const gate = signal();
    const begun = signal();
    const held = () => {
      begun.resolve();
      return gate.promise;
    };
    const orchestrators = { *one(ctx: OrchestrationContext): Generator<unknown, unknown, unknown> { return yield ctx.callActivity('held'); } };
    const subject = await start({ orchestrators, activities: { held } });
    await subject.startNew('one', undefined, 'a');
    await begun.promise;
    const row = (await subject.engine.client.getInstance('a'))!;
    const [claim] = await store.readRunningActivities([row.partition]);
    // As if a worker had taken it, whose end this one has not heard of.
    await store.returnActivities([claim!]);
    await store.claimActivities({ workerId: 99, incarnation: 'gone' }, ['held'], 1);
    for (const { claims } of partitionsOf(subject)) claims.clear();
    gate.resolve();
    await sweep(subject);
    await subject.finished('a');
    expect(await subject.engine.client.getInstance('a')).toMatchObject({ status: 'Completed' });
  });

  it('ends with its engine, and leaves nothing that keeps the process from ending', async () => {
    const subject = await start({ orchestrators: { collects } });
    await subject.engine.close();
    expect(subject.clock.pending.size).toBe(0);
    expect(subject.engine.client.health()).toMatchObject({ status: 'down', problems: [{ kind: 'notRunning' }] });
    subject.clock.advance(SWEEP);
    expect(subject.faults.calls.get('findOverdue')).toBeUndefined();
  });
});
