/** Several processes of one hub: shares, hand-over, and what a process leaves behind that dies or loses an answer. */
import { OutcomeUnknownError, TransientStoreError } from '../../../lib/storage/errors.js';
import { partitionOf } from '../../../lib/core/ids.js';
import type { DurableStore } from '../../../lib/storage/store.js';
import { sharedStore, signal, TestEngine, type TestEngineOptions } from './support/test-engine.js';

const LEASE = 300;
/** In all four partitions. */
const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const OPTIONS: TestEngineOptions = {
  settings: { leaseDuration: LEASE, maxPollingInterval: 50, shutdownTimeout: 0 },
  orchestrators: {
    *echo(ctx, input) {
      return (yield ctx.callActivity('echo', input)) as unknown;
    },
  },
  activities: { echo: (input) => input },
};

describe('DurableEngine among several', () => {
  let store: DurableStore;
  const engines: TestEngine[] = [];
  const begin = async (options: Partial<TestEngineOptions> = {}) => {
    const created = await TestEngine.start({ ...OPTIONS, ...options, shared: store });
    engines.push(created);
    return created;
  };
  const ownedOf = (engine: TestEngine) => [...engine.engine['parts'].ownership.partitions.values()];
  const owned = (engine: TestEngine) => ownedOf(engine).map(({ index }) => index);
  const incarnation = (engine: TestEngine) => engine.engine['parts'].ownership.members.worker.incarnation;
  /** An instance id of one of its partitions. */
  const idOf = (engine: TestEngine) => IDS.find((each) => owned(engine).includes(partitionOf(each, 4)));
  const heartbeat = (engine: TestEngine) => engine.engine['parts'].ownership.members.refresh();
  /** As kill -9 does: nothing is given back, nothing is prolonged. */
  const kill = (engine: TestEngine) => {
    for (const method of ['heartbeat', 'commit', 'readInbox', 'claimActivities', 'completeForeignActivities', 'returnActivities'] as const) {
      engine.faults.intercept(method, () => new Promise<never>(() => undefined));
    }
  };
  let ended = false;
  const until = async (holds: () => boolean | Promise<boolean>) => {
    while (!ended && !(await holds())) await new Promise((resolve) => setImmediate(resolve));
  };

  beforeEach(async () => {
    ended = false;
    store = await sharedStore();
  });

  afterEach(async () => {
    ended = true;
    for (const engine of engines.splice(0)) {
      engine.faults.fail('heartbeat', () => new TransientStoreError('gone'));
      engine.faults.intercept('releasePartitions', () => Promise.resolve());
      engine.engine['parts'].ownership.members['beating'] = undefined;
      await engine.engine.close();
    }
    await store.close();
  });

  it('shares the partitions with a process that joins, and takes them back when it leaves', async () => {
    const first = await begin();
    expect(owned(first)).toHaveLength(4);
    const second = await begin();
    await heartbeat(first);
    await until(() => owned(first).length === 2);
    await until(async () => (await heartbeat(second), owned(second).length === 2));
    await second.engine.close();
    await heartbeat(first);
    expect(owned(first)).toHaveLength(4);
  });

  it('[A4] keeps the result of an activity for as long as the server does not take it for a reason of its own', async () => {
    const first = await begin({ activities: {} });
    const second = await begin({ orchestrators: {} });
    await heartbeat(first);
    let refused = 0;
    second.faults.fail('completeForeignActivities', () => {
      refused += 1;
      return refused > 3 ? undefined : Object.assign(new Error('denied'), { driverError: { code: 'ER_TABLEACCESS_DENIED_ERROR', errno: 1142 } });
    });
    const id = await first.startNew('echo', 'kept');
    expect(await first.result(id)).toBe('kept');
    expect(refused).toBe(4);
  });

  it('finishes an orchestration whose partition moves', async () => {
    const opened = signal();
    const first = await begin({ activities: { echo: async (input) => (await opened.promise, input) } });
    const ids = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((input) => first.startNew('echo', input)));
    const second = await begin();
    await heartbeat(first);
    await until(async () => (await heartbeat(second), owned(second).length === 2));
    opened.resolve();
    expect(await Promise.all(ids.map((id) => second.result(id)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('[I6] gives back what the database holds for it without its knowing', async () => {
    const first = await begin();
    const second = await begin();
    const stop = first.faults.intercept('releasePartitions', () => Promise.reject(new TransientStoreError('away')));
    await heartbeat(first);
    await until(() => owned(first).length === 2);
    stop();
    await heartbeat(first);
    await until(async () => (await heartbeat(second), owned(second).length === 2));
    expect([...owned(first), ...owned(second)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  });

  it('[Y6] [I6] offers a partition again when the answer to the first offer was lost', async () => {
    const { orchestrators } = OPTIONS;
    const first = await begin({ orchestrators: { ...orchestrators, *ofFirst() {} } });
    const second = await begin({ orchestrators: { ...orchestrators, *ofSecond() { return 'done by the second'; } } });
    await until(() => owned(first).length === 2 && owned(second).length === 2);
    let isFirst = true;
    first.faults.fail('assignPartition', () => {
      const error = isFirst ? new TransientStoreError('away') : undefined;
      isFirst = false;
      return error;
    });
    const id = await first.startNew('ofSecond', undefined, idOf(first));
    expect(await second.result(id)).toBe('done by the second');
    expect(first.faults.calls.get('assignPartition')).toBe(2);
  });

  it('[Y6] [I6] sees that it was given a partition also where the numbers are those of the last time', async () => {
    // So that nothing comes about by a heartbeat.
    const settings = { ...OPTIONS.settings, leaseDuration: 3_600_000 };
    const first = await begin({ settings });
    const second = await begin({ settings });
    await heartbeat(first);
    await until(async () => (await heartbeat(second), owned(first).length === 2 && owned(second).length === 2));
    // Its polls would see in between that nothing is new.
    second.faults.intercept('readInbox', () => new Promise<never>(() => undefined));
    const { ownership } = second.engine['parts'];
    const give = async () => {
      const { lease } = ownedOf(first)[0]!;
      await store.assignPartition(first.engine['parts'].ownership.members.worker, lease, { incarnation: incarnation(second), leaseDuration: LEASE });
      const { workers, partitions } = await store.heartbeat(ownership.members.worker, LEASE);
      const own = partitions.filter(({ owner }) => owner === incarnation(second)).length;
      const taken = second.faults.calls.get('acquirePartitions');
      ownership.noticed({ workers: workers.length, newestWorker: workers.at(-1)!.workerId, free: 0, own });
      await until(() => second.faults.calls.get('acquirePartitions') !== taken);
      return own;
    };
    expect(await give()).toBe(3);
    await until(async () => (await heartbeat(first), owned(first).length === 2 && owned(second).length === 2));
    expect(await give()).toBe(3);
  });

  it('[Y6] releases a partition when the worker that it is offered to has died meanwhile', async () => {
    const { orchestrators } = OPTIONS;
    const first = await begin({ orchestrators: { ...orchestrators, *ofFirst() {} } });
    const second = await begin({ orchestrators: { ...orchestrators, *ofSecond() { return 'done'; } } });
    await until(() => owned(first).length === 2 && owned(second).length === 2);
    const partitions = owned(first).length;
    const stop = first.faults.intercept('assignPartition', async (proceed, worker, lease, to) => {
      stop();
      return await proceed(worker, lease, { ...to, incarnation: 'nobody' });
    });
    const id = await first.startNew('ofSecond', undefined, idOf(first));
    expect(await second.result(id)).toBe('done');
    expect(owned(first).length).toBeLessThanOrEqual(partitions);
  });

  it('[I6] has partitions that it took although the answer was lost', async () => {
    const blocked = TestEngine.create({ ...OPTIONS, shared: store });
    engines.push(blocked);
    const stop = blocked.faults.intercept('acquirePartitions', async (proceed, ...args) => {
      stop();
      throw new OutcomeUnknownError('lost', await proceed(...args));
    });
    await blocked.engine.prepare();
    await blocked.engine.start();
    await heartbeat(blocked);
    expect(owned(blocked)).toHaveLength(4);
    const id = await blocked.startNew('echo', 'hello');
    expect(await blocked.result(id)).toBe('hello');
  });

  it('[A4] runs the activities of a dead process again, also when it fails to take partitions just then', async () => {
    const begun = signal();
    const first = await begin({ activities: {} });
    const dead = await begin({ activities: { echo: () => (begun.resolve(), new Promise(() => undefined)) } });
    await until(() => owned(first).length === 2 && owned(dead).length === 2);
    const id = await first.startNew('echo', 'hello', idOf(first));
    await begun.promise;
    kill(dead);
    first.faults.intercept('acquirePartitions', () => Promise.reject(new TransientStoreError('away')));
    const rescuer = await begin();
    rescuer.faults.intercept('acquirePartitions', () => Promise.resolve([]));
    await until(async () => (await first.engine.client.getInstance(id))?.status === 'Completed' || (await heartbeat(first), false));
    expect(await first.result(id)).toBe('hello');
  });

  it('[A4] a process that was held up for longer than its lease does not begin what another has done meanwhile', async () => {
    const begun: string[] = [];
    const workerOf = (name: string) => ({ activities: { echo: (input: unknown) => (begun.push(name), input) } });
    const [committed, answered, beats] = [signal(), signal(), signal()];
    const first = await begin(workerOf('first'));
    first.faults.intercept('heartbeat', async (proceed, ...call) => {
      await beats.promise;
      return proceed(...call);
    });
    first.faults.intercept('commit', async (proceed, batch) => {
      await proceed(batch);
      if (!batch.checkpoints.some(({ runningActivities }) => runningActivities.length > 0)) return;
      committed.resolve();
      await answered.promise;
    });
    void first.startNew('echo', 1, 'a');
    await committed.promise;
    const second = await begin(workerOf('second'));
    await until(async () => (await heartbeat(second), owned(second).length === 4));
    expect(await second.result('a')).toBe(1);
    answered.resolve();
    await until(() => first.engine['parts'].activities.waiting === 1);
    beats.resolve();
    await until(() => first.engine['parts'].activities.waiting === 0);
    expect(begun).toEqual(['second']);
  });

  it('[K9] aborts an activity whose instance another process ended just before its partition came here', async () => {
    const begun = signal();
    const aborted = signal();
    const first = await begin({ activities: {} });
    const second = await begin({
      activities: {
        echo: (_input, { signal: abort }) => {
          abort.addEventListener('abort', () => aborted.resolve());
          begun.resolve();
          return aborted.promise;
        },
      },
    });
    await until(() => owned(first).length === 2 && owned(second).length === 2);
    const id = await first.startNew('echo', 'hello', idOf(first));
    await begun.promise;
    second.faults.fail('findLostClaims', () => new TransientStoreError('away'));
    await first.engine.client.send(id, { type: 'Deliver', event: { type: 'ExecutionTerminated' } }, ['Running']);
    await first.finished(id);
    await first.engine.close();
    await until(async () => (await heartbeat(second), owned(second).length === 4));
    second.faults.fail('findLostClaims', () => undefined);
    await heartbeat(second);
    await aborted.promise;
  });

  it('[Y8] a partition goes on as a dead process\'s until what was there has been taken up', async () => {
    const first = await begin();
    const client = await begin({ worker: false });
    kill(first);
    for (const id of IDS) await client.startNew('echo', id, id);
    const second = await begin();
    const opened = signal();
    second.faults.intercept('readInbox', async (proceed, ...call) => (await opened.promise, proceed(...call)));
    await until(async () => (await heartbeat(second), owned(second).length === 4));
    const third = await begin();
    await until(async () => (await heartbeat(second), await heartbeat(third), owned(third).length === 2));
    expect(ownedOf(third).map(({ lease }) => lease.takenOverFrom)).toEqual([incarnation(first), incarnation(first)]);
    opened.resolve();
    for (const id of IDS) expect(await client.result(id)).toBe(id);
    const fourth = await begin();
    await until(async () => (await heartbeat(second), await heartbeat(third), await heartbeat(fourth), owned(fourth).length === 1));
    expect(ownedOf(fourth).map(({ lease }) => lease.takenOverFrom)).toEqual([null]);
  });

  it('[N4] looks for messages that came before its own when it gets partitions whose last owner sent them', async () => {
    const first = await begin();
    const second = await begin();
    await heartbeat(first);
    await until(async () => (await heartbeat(second), owned(first).length === 2 && owned(second).length === 2));
    const kept = ownedOf(first);
    await until(() => kept.every(({ hasLeftOut }) => !hasLeftOut));
    first.faults.intercept('readInbox', () => new Promise<never>(() => undefined));
    kill(second);
    await until(async () => (await heartbeat(first), owned(first).length === 4));
    expect(kept.map(({ hasLeftOut }) => hasLeftOut)).toEqual([true, true]);
  });

  describe('while a process stops that still runs an activity', () => {
    let begun: ReturnType<typeof signal<void>>;
    let opened: ReturnType<typeof signal<void>>;
    beforeEach(() => {
      begun = signal<void>();
      opened = signal<void>();
    });
    const stopping = async (options: Partial<TestEngineOptions> = {}) => {
      const activities = { echo: async (input: unknown) => (begun.resolve(), await opened.promise, input) };
      const engine = await begin({ ...options, settings: { ...OPTIONS.settings, shutdownTimeout: 60_000 }, activities });
      await engine.startNew('echo', 'hello');
      await begun.promise;
      return engine;
    };

    it('leaves the partitions also to one that comes only then', async () => {
      const first = await stopping();
      const drained = first.engine.drain();
      const second = await begin();
      await until(async () => (await heartbeat(first), await heartbeat(second), owned(second).length === 4));
      opened.resolve();
      await drained;
    });

    it('[I6] leaves those too that it was offered, or took, too late', async () => {
      const { orchestrators } = OPTIONS;
      const first = await stopping({ orchestrators: { ...orchestrators, *ofFirst() {} } });
      const second = await begin({ orchestrators: { ...orchestrators, *ofSecond() {} } });
      await until(() => owned(first).length === 2 && owned(second).length === 2);
      first.faults.intercept('retireWorker', async (proceed, worker) => {
        const { lease } = [...second.engine['parts'].ownership.partitions.values()][0]!;
        await store.assignPartition(second.engine['parts'].ownership.members.worker, lease, { incarnation: worker.incarnation, leaseDuration: LEASE });
        await proceed(worker);
      });
      const drained = first.engine.drain();
      await until(async () => (await heartbeat(first), await heartbeat(second), owned(second).length === 4));
      opened.resolve();
      await drained;
    });
  });

  it('registers once, although heartbeat and client find out at the same time that its row is gone', async () => {
    const first = await begin();
    const { worker } = first.engine['parts'].ownership.members;
    await store.unregisterWorker(worker);
    const started = first.startNew('echo', 'hello', 'c');
    await Promise.all([heartbeat(first), started]);
    expect(first.faults.calls.get('registerWorker')).toBe(2);
    await heartbeat(first);
    expect(await first.result('c')).toBe('hello');
  });
});
