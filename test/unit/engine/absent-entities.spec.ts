/** Entities whose code a process lacks: another worker gets them; where nobody has it, calls fail and signals wait. */
import { EntityId } from '../../../lib/core/entity-id.js';
import { partitionOf } from '../../../lib/core/ids.js';
import type { EntityContext, OrchestrationContext } from '../../../lib/core/index.js';
import { countParked } from '../../../lib/engine/parked-work.js';
import type { DurableStore } from '../../../lib/storage/store.js';
import { sharedStore, TestEngine, WorkerLock, type TestEngineOptions } from './support/test-engine.js';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const LIMIT = 20_000;

describe('Entities whose code a process lacks', () => {
  let store: DurableStore;
  const engines: TestEngine[] = [];
  beforeEach(async () => {
    store = await sharedStore();
  });
  afterEach(async () => {
    await Promise.all(engines.splice(0).map(({ engine }) => engine.close()));
    await store.close();
  });

  const list = (ctx: EntityContext<unknown[]>): void => {
    ctx.setState([...ctx.getState(() => []), ctx.getInput()]);
    ctx.return(ctx.getState());
  };
  const orchestrators = {
    *call(ctx: OrchestrationContext, key: string) {
      return (yield ctx.callEntity(new EntityId('list', key), 'add', 'called')) as unknown;
    },
    *locks(ctx: OrchestrationContext, key: string) {
      const lock = yield* ctx.lock(new EntityId('list', key));
      lock.release();
      return 'had it';
    },
  };

  async function start(options: Partial<TestEngineOptions> = {}): Promise<TestEngine> {
    const engine = await TestEngine.start({ orchestrators, shared: store, ...options, settings: { maxPollingInterval: 20, shutdownTimeout: 0 } });
    engines.push(engine);
    return engine;
  }
  const send = ({ engine }: TestEngine, key: string, input: unknown) =>
    engine.client.signal(`@list@${key}`, { type: 'EntityOperation', operation: 'add', input: JSON.stringify(input) });
  const parked = ({ engine }: TestEngine) => countParked(engine['parts'].ownership.partitions.values());
  const warnings = ({ log }: TestEngine) => log.lines.filter(({ level, text }) => level === 'warn' && text.includes("Entity '@list@"));

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + LIMIT;
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`Waited in vain for ${String(holds)}`);
      await new Promise(setImmediate);
    }
  }
  async function untilState(key: string, expected: unknown): Promise<void> {
    const instanceId = `@list@${key}`;
    await until(async () => (await store.getEntities([{ partition: partitionOf(instanceId, 4), instanceId }]))[0]?.state === JSON.stringify(expected));
  }

  it('[N7] calls in its queue fail, however many there are', async () => {
    const first = await start({ entities: { list: () => new Promise<void>(() => undefined) } });
    const ids = await Promise.all(Array.from({ length: 250 }, () => first.startNew('call', 'a')));
    const queued = async () => (await store.loadEntities([{ partition: partitionOf('@list@a', 4), instanceId: '@list@a' }], { maxBytes: 1e9, queueLimit: 1_000 })).entities[0]!.queue;
    await until(async () => (await queued()).length > 200);
    await first.engine.close();
    const second = await start();
    for (const id of ids) expect(await second.finished(id)).toMatchObject({ status: 'Failed' });
    expect(await queued()).toEqual([]);
  }, LIMIT);

  it('[N7] calling one that nobody has fails, with the names that are known', async () => {
    const subject = await start({ entities: { counter: () => undefined } });
    const row = await subject.finished(await subject.startNew('call', 'a'));
    const text = JSON.stringify(row!.failureDetails);
    for (const part of ['UnknownHandlerError', "There is no entity 'list'", "Known: 'counter'", 'isNonRetriable":true']) expect(text).toContain(part);
  });

  it('[Y6] signals wait in the queue, are told of once, and are carried out in their order when a worker comes that has it', async () => {
    const first = await start();
    for (const key of KEYS) await send(first, key, 1);
    await until(() => parked(first)[0]?.instances === KEYS.length);
    expect(parked(first)).toMatchObject([{ kind: 'entity', name: 'list', instances: KEYS.length }]);
    for (const key of KEYS) await send(first, key, 2);
    await until(async () => (await Promise.all(KEYS.map((key) => queueLength(key)))).every((length) => length === 2));
    expect(warnings(first).length).toBe(new Set(KEYS.map((key) => partitionOf(`@list@${key}`, 4))).size);
    const second = await start({ entities: { list } });
    await send(second, 'a', 3);
    await untilState('a', [1, 2, 3]);
    for (const key of KEYS.slice(1)) await untilState(key, [1, 2]);
    await until(async () => (await Promise.all([0, 1, 2, 3].map((index) => store.readTimers(index, { limit: 10 })))).flat().length === 0);
  });

  it('[L1] locks need no code, but keep their place behind signals that wait', async () => {
    const subject = await start();
    expect(await subject.result(await subject.startNew('locks', 'a'))).toBe('had it');
    await send(subject, 'b', 1);
    await until(() => parked(subject).length > 0);
    const id = await subject.startNew('locks', 'b');
    await until(async () => (await queueLength('b')) === 2);
    await start({ entities: { list } });
    expect(await subject.result(id)).toBe('had it');
    await untilState('b', [1]);
  });

  it('[Y6] what a live worker has is left to it', async () => {
    const first = await start({ orchestrators: { ...orchestrators, own: () => undefined } });
    await start({ entities: { list } });
    for (const key of KEYS) await send(first, key, 1);
    for (const key of KEYS) await untilState(key, [1]);
    expect(warnings(first)).toEqual([]);
  });

  it('[Y6] where one process at a time may work, what only the one that stands by has waits for it, and is told of', async () => {
    const lock = new WorkerLock();
    const first = await start({ lock });
    await start({ lock, entities: { list } });
    const id = await first.startNew('call', 'a');
    await until(() => warnings(first).length > 0);
    expect(parked(first)).toMatchObject([{ kind: 'entity', name: 'list', instances: 1 }]);
    await first.engine.close();
    await untilState('a', ['called']);
    expect((await engines[1]!.finished(id))!.status).toBe('Completed');
  }, LIMIT);

  async function queueLength(key: string): Promise<number> {
    const instanceId = `@list@${key}`;
    const { entities } = await store.loadEntities([{ partition: partitionOf(instanceId, 4), instanceId }], { maxBytes: 1e6, queueLimit: 100 });
    return entities[0]!.queue.length;
  }
});
