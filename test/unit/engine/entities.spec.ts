/** Entities in an engine: batches, crowds, what is slow, what goes wrong, stops and restarts. */
import { EntityId } from '../../../lib/core/entity-id.js';
import type { EntityContext, OrchestrationContext } from '../../../lib/core/index.js';
import { partitionOf } from '../../../lib/core/ids.js';
import type { DurableStore } from '../../../lib/storage/store.js';
import { StaleMemberError } from '../../../lib/storage/errors.js';
import { sharedStore, signal, TestEngine, type TestEngineOptions } from './support/test-engine.js';

const A = new EntityId('list', 'a');

/** As long as a test may ask, ms. */
const LIMIT = 20_000;

describe('Entities', () => {
  let store: DurableStore;
  let gate: ReturnType<typeof signal<void>>;
  let begun: ReturnType<typeof signal<void>>;
  const engines: TestEngine[] = [];

  beforeEach(async () => {
    store = await sharedStore();
    gate = signal();
    begun = signal();
  });
  afterEach(async () => {
    gate.resolve();
    await Promise.all(engines.splice(0).map(({ engine }) => engine.close()));
    await store.close();
  });

  const entities = {
    list: async (ctx: EntityContext<unknown[]>): Promise<void> => {
      if (ctx.operationName === 'wait') {
        begun.resolve();
        await gate.promise;
      }
      if (ctx.operationName === 'fail') throw new Error('no');
      if (ctx.operationName !== 'read') ctx.setState([...ctx.getState(() => []), ctx.getInput()]);
      ctx.return(ctx.getState(() => []));
    },
  };
  const orchestrators = {
    *call(ctx: OrchestrationContext, [operation, input, key = 'a']: [string, unknown, string?]) {
      return (yield ctx.callEntity(new EntityId('list', key), operation, input)) as unknown;
    },
    *holds(ctx: OrchestrationContext) {
      const lock = yield* ctx.lock(A);
      ctx.setCustomStatus('locked');
      yield ctx.waitForExternalEvent('go');
      yield ctx.callEntity(A, 'add', 'holder');
      lock.release();
    },
    echo: (_: OrchestrationContext, input: unknown) => input,
  };

  async function start(options: Partial<TestEngineOptions> = {}): Promise<TestEngine> {
    const engine = await TestEngine.start({ entities, orchestrators, shared: store, ...options, settings: { maxPollingInterval: 20, shutdownTimeout: 0, ...options.settings } });
    engines.push(engine);
    return engine;
  }

  const send = ({ engine }: TestEngine, operation: string, input?: unknown, { key = 'a', dueAt }: { key?: string; dueAt?: number } = {}) =>
    engine.client.signal(String(new EntityId('list', key)), { type: 'EntityOperation', operation, input: JSON.stringify(input), dueAt });

  async function state(key = 'a'): Promise<unknown> {
    const instanceId = String(new EntityId('list', key));
    const [row] = await store.getEntities([{ partition: partitionOf(instanceId, 4), instanceId }]);
    return row?.state === undefined ? undefined : JSON.parse(row.state);
  }

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + LIMIT;
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`Waited in vain for ${String(holds)}`);
      await new Promise(setImmediate);
    }
  }

  const untilState = (expected: unknown, key = 'a') => until(async () => JSON.stringify(await state(key)) === JSON.stringify(expected));
  const rowsOf = (what: 'entities' | 'queue' | 'timers') => rows(what);
  async function rows(what: 'entities' | 'queue' | 'timers'): Promise<number> {
    if (what === 'timers') return (await Promise.all([0, 1, 2, 3].map((index) => store.readTimers(index, { limit: 100 })))).flat().length;
    if (what === 'entities') return (await store.queryEntities({ which: 'residual', fetchState: false, limit: 10 })).length;
    const { entities: [loaded] } = await store.loadEntities([{ partition: partitionOf(String(A), 4), instanceId: String(A) }], { maxBytes: 1e9, queueLimit: 100_000 });
    return loaded!.queue.length;
  }

  it('[N4] operations that wait are written together', async () => {
    const subject = await start();
    const waiting = subject.startNew('call', ['wait', 0]);
    await begun.promise;
    for (let value = 1; value <= 100; value += 1) void send(subject, 'add', value);
    await waiting;
    await until(() => subject.engine['parts'].ownership.partitions.get(partitionOf(String(A), 4))!.entity(String(A)).line.inboxLength === 100);
    const before = subject.engine.client.metrics();
    gate.resolve();
    await untilState(Array.from({ length: 101 }, (_, index) => index));
    const { entities, commits } = subject.engine.client.metrics();
    expect(entities.operations - before.entities.operations).toBe(101);
    expect(commits.count - before.commits.count).toBeLessThan(20);
  });

  it('[N4] a caller does not wait for a slow operation behind its own', async () => {
    const subject = await start();
    const first = subject.faults.intercept('loadEntities', async (proceed, ...args) => {
      await until(() => subject.engine['parts'].ownership.partitions.get(partitionOf(String(A), 4))!.entity(String(A)).line.inboxLength === 2);
      return proceed(...args);
    });
    const id = await subject.startNew('call', ['add', 'fast']);
    await send(subject, 'wait', 'slow');
    expect(await subject.result(id)).toEqual(['fast']);
    first();
    expect(await state()).toEqual(['fast']);
    gate.resolve();
    await untilState(['fast', 'slow']);
  });

  it('[I6] a signal that waits behind a lock stays in memory when the cache is full', async () => {
    const subject = await start({ settings: { maxCachedInstances: 1 } });
    await send(subject, 'add', 'before');
    const holder = await subject.startNew('holds');
    await until(async () => (await subject.engine.client.getInstance(holder))?.customStatus === '"locked"');
    await send(subject, 'add', 'behind');
    for (const key of ['b', 'c']) {
      await send(subject, 'add', key, { key });
      await untilState([key], key);
    }
    await subject.raiseEvent(holder, 'go');
    await untilState(['before', 'holder', 'behind']);
  });

  it.each(['busy', 'locked'] as const)('[N4] more than the inbox may hold waits for a %s entity; others go on, order and all messages are kept', async (how) => {
    const subject = await start();
    const partition = partitionOf(String(A), 4);
    let holder = '';
    if (how === 'busy') {
      await send(subject, 'wait', 'first');
      await begun.promise;
    } else {
      holder = await subject.startNew('holds');
      await until(async () => (await subject.engine.client.getInstance(holder))?.customStatus === '"locked"');
    }
    const values = Array.from({ length: 6_000 }, (_, value) => value);
    await Promise.all(values.map((value) => send(subject, 'add', value)));
    // Others of the same partition: what comes last is behind all of them in the inbox.
    const other = Array.from({ length: 100 }, (_, key) => `k${key}`).find((key) => partitionOf(String(new EntityId('list', key)), 4) === partition)!;
    const echo = Array.from({ length: 100 }, (_, key) => `echo-${key}`).find((key) => partitionOf(key, 4) === partition)!;
    await send(subject, 'add', 'other', { key: other });
    expect(await subject.result(await subject.startNew('echo', 'alive', echo))).toBe('alive');
    await untilState(['other'], other);
    await until(async () => (await rowsOf('queue')) > 5_500);
    if (how === 'busy') gate.resolve();
    else await subject.raiseEvent(holder, 'go');
    await untilState([how === 'busy' ? 'first' : 'holder', ...values]);
    expect(await rowsOf('queue')).toBe(0);
    await until(async () => (await rowsOf('timers')) === 0);
  }, 60_000);

  it('[N4] what waits in the queue is taken up by the next owner, before what came later', async () => {
    const first = await start();
    await send(first, 'wait', 'never');
    await begun.promise;
    const values = Array.from({ length: 300 }, (_, value) => value);
    await Promise.all(values.map((value) => send(first, 'add', value)));
    await until(async () => (await rowsOf('queue')) > 100);
    await first.engine.close();
    expect(await state()).toBeUndefined();
    gate.resolve();
    const second = await start();
    await send(second, 'add', 'later');
    await untilState(['never', ...values, 'later']);
    expect([await rowsOf('queue'), await rowsOf('timers')]).toEqual([0, 0]);
  });

  it('[N7] scheduled signals survive a restart, and are never early', async () => {
    const first = await start();
    const now = await store.time();
    await send(first, 'add', 'second', { dueAt: now + 120_000 });
    await send(first, 'add', 'first', { dueAt: now + 60_000 });
    await until(async () => (await rowsOf('timers')) === 2);
    await first.engine.close();
    const second = await start();
    second.clock.advance(50_000);
    await send(second, 'add', 'before');
    await untilState(['before']);
    second.clock.advance(30_000);
    await untilState(['before', 'first']);
    second.clock.advance(60_000);
    await untilState(['before', 'first', 'second']);
    expect(await rowsOf('timers')).toBe(0);
  });

  it('[N4] an operation that takes too long fails, and has no effect any more; the next one begins with the state of before', async () => {
    let goesOn: Promise<void> | undefined;
    const lateError = signal<Error>();
    const subject = await start({
      settings: { entityOperationTimeout: 30 },
      entities: {
        list: (ctx: EntityContext<unknown[]>) => {
          if (ctx.operationName !== 'wait') return entities.list(ctx);
          ctx.setState(['lost']);
          goesOn = gate.promise.then(() => ctx.setState(['too late'])).catch((error: Error) => lateError.resolve(error));
          return goesOn;
        },
      },
    });
    const id = await subject.startNew('call', ['wait', 1]);
    const row = await subject.finished(id);
    expect(row).toMatchObject({ status: 'Failed' });
    expect(JSON.stringify(row!.failureDetails)).toContain("Operation 'wait' of entity '@list@a' took longer than entityOperationTimeout, 30 ms");
    expect(await subject.result(await subject.startNew('call', ['add', 2]))).toEqual([2]);
    gate.resolve();
    expect((await lateError.promise).message).toContain('after the operation had ended');
    expect(await state()).toEqual([2]);
  });

  it('[N5] code that cannot be created fails the operation', async () => {
    const subject = await start();
    jest.spyOn(subject.engine['options'].handlers, 'findEntity').mockReturnValue({
      name: 'list', source: 'Test.list', create: () => Promise.reject(new Error('no constructor')),
    });
    const row = await subject.finished(await subject.startNew('call', ['add', 1]));
    expect(JSON.stringify(row!.failureDetails)).toContain('no constructor');
  });

  it('[N5] the failure of a signal is logged', async () => {
    const subject = await start();
    await send(subject, 'fail', 1);
    await until(() => subject.log.lines.some(({ level, text }) => level === 'error' && text.includes("signal 'fail' of entity '@list@a'") && text.includes('Error: no')));
    expect(await rowsOf('entities')).toBe(0);
  });

  it('[N4] a stop waits for operations that run, within its deadline, and writes what they did', async () => {
    const subject = await start({ settings: { shutdownTimeout: 10_000 } });
    await send(subject, 'wait', 1);
    await send(subject, 'add', 2);
    await begun.promise;
    const closed = subject.engine.close();
    gate.resolve();
    await closed;
    expect(await state()).toEqual([1]);
    await start();
    await untilState([1, 2]);
  });

  it('[N4] after the deadline operations are aborted, and run again elsewhere', async () => {
    const aborted = signal();
    const hangs = (ctx: EntityContext<unknown[]>) => {
      begun.resolve();
      ctx.signal.addEventListener('abort', () => aborted.resolve());
      return gate.promise;
    };
    const subject = await start({ entities: { list: hangs } });
    const id = await subject.startNew('call', ['add', 1]);
    await begun.promise;
    await subject.engine.close();
    await aborted.promise;
    expect(subject.clock.pending.size).toBe(0);
    const second = await start();
    expect(await second.result(id)).toEqual([1]);
  });

  it('[N4] an operation whose partition is lost is aborted and does not count', async () => {
    const aborted = signal();
    const subject = await start({
      entities: {
        list: async (ctx: EntityContext<unknown[]>) => {
          if (ctx.signal.aborted) return;
          ctx.signal.addEventListener('abort', () => aborted.resolve());
          begun.resolve();
          await gate.promise;
          await entities.list(ctx);
        },
      },
    });
    await send(subject, 'add', 1);
    await begun.promise;
    const { ownership } = subject.engine['parts'];
    ownership.drop([ownership.partitions.get(partitionOf(String(A), 4))!]);
    await aborted.promise;
    expect(await state()).toBeUndefined();
  });

  it('[N4] a partition is handed over when its operations have ended: none runs twice', async () => {
    const keys = Array.from({ length: 8 }, (_, index) => `key-${index}`);
    let runs = 0;
    const slow = async (ctx: EntityContext<unknown[]>): Promise<void> => {
      runs += 1;
      if (runs === keys.length) begun.resolve();
      await gate.promise;
      await entities.list(ctx);
    };
    const settings = { shutdownTimeout: 10_000 };
    const first = await start({ entities: { list: slow }, settings });
    for (const key of keys) await send(first, 'add', key, { key });
    await begun.promise;
    const partitionsOf = ({ engine }: TestEngine) => [...engine['parts'].ownership.partitions.values()];
    const second = await start({ entities: { list: slow }, settings });
    await until(() => partitionsOf(first).filter(({ state: is }) => is === 'releasing').length === 2);
    expect(partitionsOf(second)).toEqual([]);
    gate.resolve();
    for (const key of keys) await untilState([key], key);
    await until(() => partitionsOf(second).length === 2);
    expect(runs).toBe(keys.length);
  });

  it('[N4] an operation that never ends is aborted when its partition goes to another worker', async () => {
    const keys = Array.from({ length: 8 }, (_, index) => `key-${index}`);
    const first = await start({ settings: { shutdownTimeout: 100 } });
    for (const key of keys) await send(first, 'wait', key, { key });
    await until(() => keys.every((key) => first.engine['parts'].ownership.partitions.get(partitionOf(`@list@${key}`, 4))?.entity(`@list@${key}`).abort));
    const second = await start({ entities: { list: (ctx) => ctx.setState('elsewhere') } });
    await until(() => second.engine['parts'].ownership.partitions.size === 2);
    const moved = keys.filter((key) => second.engine['parts'].ownership.owns(partitionOf(`@list@${key}`, 4)));
    expect(moved).not.toEqual([]);
    for (const key of moved) await untilState('elsewhere', key);
  });

  it('[N4] what stands behind an operation that a stop interrupts waits for it, a request for the lock too', async () => {
    const first = await start();
    await send(first, 'wait', 'signal');
    await begun.promise;
    const holder = await first.startNew('holds');
    await until(() => first.engine['parts'].ownership.partitions.get(partitionOf(String(A), 4))!.entity(String(A)).line.inboxLength === 1);
    await first.engine.close();
    const [row] = await store.getEntities([{ partition: partitionOf(String(A), 4), instanceId: String(A) }]);
    expect(row?.lock).toBeUndefined();
    gate.resolve();
    const second = await start();
    await until(async () => (await second.engine.client.getInstance(holder))?.customStatus === '"locked"');
    expect(await state()).toEqual(['signal']);
  });

  it('a step that was stale is done again with what the database has', async () => {
    const subject = await start();
    await send(subject, 'add', 1);
    await untilState([1]);
    let failures = 1;
    subject.faults.fail('commit', () => (failures-- > 0 ? new StaleMemberError('test') : undefined));
    await send(subject, 'add', 2);
    await send(subject, 'add', 3);
    await untilState([1, 2, 3]);
    expect(failures).toBeLessThan(0);
  });

  it('[L1] the lock of an orchestration that vanished is released', async () => {
    const first = await start();
    const holder = await first.startNew('holds');
    await until(async () => (await first.engine.client.getInstance(holder))?.customStatus === '"locked"');
    const id = await first.startNew('call', ['add', 'waits']);
    await first.engine.close();
    const heads = store.getInstanceHeads.bind(store);
    jest.spyOn(store, 'getInstanceHeads').mockImplementation(async (keys) => (await heads(keys)).filter(({ instanceId }) => instanceId !== holder));
    const second = await start();
    expect(await second.result(id)).toEqual(['waits']);
  });

  it('[L1] the lock of an orchestration that lives stays', async () => {
    const first = await start();
    const holder = await first.startNew('holds');
    await until(async () => (await first.engine.client.getInstance(holder))?.customStatus === '"locked"');
    const id = await first.startNew('call', ['add', 'waits']);
    await first.engine.close();
    const second = await start();
    await until(() => (second.faults.calls.get('getInstanceHeads') ?? 0) > 0);
    await second.raiseEvent(holder, 'go');
    expect(await second.result(id)).toEqual(['holder', 'waits']);
  });

  it.each([[true, 1], [false, 2]])('states stay in memory between batches when extendedSessionsEnabled is %s: %d loads', async (extendedSessionsEnabled, loads) => {
    const subject = await start({ settings: { extendedSessionsEnabled } });
    await send(subject, 'add', 1);
    await untilState([1]);
    await send(subject, 'add', 2);
    await untilState([1, 2]);
    expect(subject.faults.calls.get('loadEntities')).toBe(loads);
  });
});
