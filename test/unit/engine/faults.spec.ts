/** What the engine does when the database is away, refuses, or does not answer, at each kind of call. */
import { FenceLostError, OutcomeUnknownError, TransientStoreError } from '../../../lib/storage/errors.js';
import type { CommitBatch, DurableStore } from '../../../lib/storage/store.js';
import { ORDER } from './support/order.js';
import { signal, TestEngine, type TestEngineOptions } from './support/test-engine.js';

describe('DurableEngine with a failing database', () => {
  let subject: TestEngine;
  afterEach(() => subject.engine.close());

  const begin = async (options: TestEngineOptions = ORDER) => (subject = await TestEngine.start(options));

  const METHODS = ['commit', 'applyClientBatch', 'loadInstances', 'readInbox', 'heartbeat', 'claimActivities'] as const;
  it.each(METHODS)('goes on after %s failed for a while', async (method) => {
    // More activities than there are places for: some wait until they are claimed.
    await begin({ ...ORDER, settings: { extendedSessionsEnabled: false, maxConcurrentActivityFunctions: 1 } });
    let calls = 0;
    let failures = 0;
    const isAway = () => (calls += 1) < 10 && calls % 2 === 1;
    subject.faults.fail(method, () => (isAway() ? ((failures += 1), new TransientStoreError('the database is away')) : undefined));
    const ids = ['order-1', 'order-2', 'order-3'];
    // A heartbeat would come in some seconds only.
    void subject.engine['parts'].ownership.members.refresh();
    await Promise.all(ids.map((id) => subject.startNew('order', undefined, id)));
    for (const id of ids) expect(await subject.result(id)).toEqual(['a!', 'b!', 'c!']);
    expect(failures).toBeGreaterThan(0);
    expect(subject.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('[I4] counts a checkpoint once whose answer was lost, written or not', async () => {
    await begin();
    let commits = 0;
    subject.faults.intercept('commit', async (proceed, batch) => {
      commits += 1;
      if (commits % 2 === 0) throw new OutcomeUnknownError('before');
      await proceed(batch);
      if (commits % 3 === 0) throw new OutcomeUnknownError('after');
    });
    const id = await subject.startNew('order');
    expect(await subject.result(id)).toEqual(['a!', 'b!', 'c!']);
    const row = await subject.engine.client.getInstance(id);
    const history = await subject.engine.client.readHistory(row!);
    expect(history.filter(({ type }) => type === 'TaskCompleted')).toHaveLength(3);
  });

  it('[I4] carries a client call out once whose answer was lost', async () => {
    await begin();
    const id = await subject.startNew('approval');
    subject.faults.intercept('applyClientBatch', async (proceed, worker, batch) => {
      const results = await proceed(worker, batch);
      throw new OutcomeUnknownError('after', results);
    });
    expect(await subject.raiseEvent(id, 'approved', 1)).toEqual({ kind: 'done' });
    expect(await subject.result(id)).toBe(1);
  });

  it('[I4] takes up once what a poll brought and a checkpoint consumed before the answer to the call came', async () => {
    await begin();
    const id = await subject.startNew('approval');
    const { poller } = subject.engine['parts'];
    subject.faults.intercept('applyClientBatch', async (proceed, worker, batch) => {
      const results = await proceed(worker, batch);
      poller.nudge();
      await subject.finished(id);
      return results;
    });
    const commits: CommitBatch[] = [];
    subject.faults.intercept('commit', (proceed, batch) => {
      commits.push(batch);
      return proceed(batch);
    });
    expect(await subject.raiseEvent(id, 'approved', 'once')).toEqual({ kind: 'done' });
    expect(await subject.result(id)).toBe('once');
    // Whatever has come until now is taken up.
    await subject.engine.drain();
    expect(commits.flatMap(({ checkpoints }) => checkpoints.flatMap(({ consumedMessages }) => consumedMessages))).toHaveLength(1);
  });

  it('[K8] keeps what a poll has claimed and run of a rewind whose answer comes late', async () => {
    const [begun, gate] = [signal(), signal()];
    let [slow, bad] = [0, 0];
    await begin({
      orchestrators: {
        *both(ctx) {
          return (yield ctx.all([ctx.callActivity('slow', 'a'), ctx.callActivity('slow', 'b'), ctx.callActivity('bad')])) as unknown;
        },
      },
      activities: {
        async slow(input) {
          if ((slow += 1) === 2) begun.resolve();
          if (slow <= 2) await gate.promise;
          return `${String(input)}, run ${slow}`;
        },
        async bad() {
          await begun.promise;
          if ((bad += 1) === 1) throw new Error('once');
          return 'good';
        },
      },
      settings: { maxConcurrentActivityFunctions: 3 },
    });
    const id = await subject.startNew('both');
    expect((await subject.finished(id))?.status).toBe('Failed');
    const { activities } = subject.engine['parts'];
    let late = 0;
    subject.faults.intercept('commit', async (proceed, batch) => {
      await proceed(batch);
      const ready = batch.checkpoints.filter(({ abandonedActivities }) => abandonedActivities.length > 0).flatMap(({ readyActivities }) => readyActivities);
      if (ready.length === 0) return;
      late += ready.length;
      gate.resolve();
      await activities.whenDone();
      while (await activities.claim()) await activities.whenDone();
    });
    await subject.engine.client.rewind(id, 'try again');
    expect(await subject.result(id)).toEqual([expect.stringContaining('a, run'), expect.stringContaining('b, run'), 'good']);
    expect(late).toBeGreaterThan(0);
  });

  it('[I2] drops what it remembers of a partition that somebody else has taken, and goes on with it when it has it again', async () => {
    await begin({ ...ORDER, settings: { leaseDuration: 250 } });
    const id = await subject.startNew('approval');
    const { partition } = (await subject.engine.client.getInstance(id))!;
    const stop = subject.faults.intercept('commit', () => {
      stop();
      return Promise.reject(new FenceLostError('taken', [partition]));
    });
    await subject.raiseEvent(id, 'approved', 'late');
    expect(await subject.result(id)).toBe('late');
  });

  it('loads the others when one instance cannot be loaded', async () => {
    await begin({ ...ORDER, settings: { extendedSessionsEnabled: false } });
    const ids = ['good-1', 'bad', 'good-2'];
    await Promise.all(ids.map((id) => subject.startNew('approval', undefined, id)));
    subject.faults.intercept('loadInstances', (proceed: DurableStore['loadInstances'], keys, options) =>
      keys.some(({ instanceId }) => instanceId === 'bad') ? Promise.reject(new Error('unreadable')) : proceed(keys, options),
    );
    await Promise.all(ids.map((id) => subject.raiseEvent(id, 'approved', id)));
    expect(await subject.result('good-1')).toBe('good-1');
    expect(await subject.result('good-2')).toBe('good-2');
    const failed = subject.log.lines.flatMap(({ text }) => /Instance '(.+)' could not be processed/.exec(text)?.[1] ?? []);
    expect(new Set(failed)).toEqual(new Set(['bad']));
  });

  it('tells the caller of an eager start whose checkpoint the database refuses', async () => {
    await begin();
    subject.faults.intercept('commit', () => Promise.reject(new Error('Data too long')));
    subject.faults.intercept('applyClientBatch', () => Promise.reject(new Error('Data too long')));
    await expect(subject.startNew('order')).rejects.toThrow('Data too long');
  });

  it('keeps the inputs of a turn that failed', async () => {
    await begin();
    const id = await subject.startNew('approval');
    const { context } = subject.engine['parts'].dispatcher['port'];
    const now = jest.spyOn(context, 'now').mockImplementationOnce(() => {
      throw new Error('a defect');
    });
    await subject.raiseEvent(id, 'approved', 'kept');
    expect(await subject.result(id)).toBe('kept');
    expect(now).toHaveBeenCalled();
  });
});
