/** Stopping: what runs ends or is given back, callers are told, and nothing keeps the process from ending. */
import { OutcomeUnknownError, TransientStoreError } from '../../../lib/storage/errors.js';
import { sharedStore, signal, TestEngine, type TestEngineOptions } from './support/test-engine.js';

describe('DurableEngine that stops', () => {
  const gate = () => signal<string>();
  let opened: ReturnType<typeof gate>;
  let begun: ReturnType<typeof gate>;
  let options: TestEngineOptions;

  beforeEach(() => {
    opened = gate();
    begun = gate();
    options = {
      settings: { shutdownTimeout: 0 },
      orchestrators: {
        *slow(ctx) {
          return (yield ctx.callActivity('wait')) as unknown;
        },
        *approval(ctx) {
          return (yield ctx.waitForExternalEvent('approved')) as unknown;
        },
      },
      activities: {
        wait: () => {
          begun.resolve('begun');
          return opened.promise;
        },
      },
    };
  });

  it('writes the result of an activity that ends before the deadline', async () => {
    const store = await sharedStore();
    const first = await TestEngine.start({ ...options, shared: store, settings: { shutdownTimeout: 5_000 } });
    const id = await first.startNew('slow');
    await begun.promise;
    const closed = first.engine.close();
    opened.resolve('done');
    await closed;
    const second = await TestEngine.start({ ...options, shared: store });
    expect(await second.result(id)).toBe('done');
    await second.engine.close();
    await store.close();
  });

  it('ignores the result of an activity that goes on after the engine has closed', async () => {
    const subject = await TestEngine.start(options);
    await subject.startNew('slow');
    await begun.promise;
    await subject.engine.close();
    const completed = jest.spyOn(subject.engine['parts'].activities, 'completeForeign');
    opened.resolve('too late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(completed).not.toHaveBeenCalled();
  });

  it('leaves nothing scheduled, not even for instances that wait for their handler', async () => {
    const store = await sharedStore();
    const newer = await TestEngine.start({ ...options, shared: store });
    await newer.startNew('approval', undefined, 'a');
    await newer.engine.close();
    const older = await TestEngine.start({ shared: store });
    await older.raiseEvent('a', 'approved');
    while (!older.log.lines.some(({ text }) => text.includes('waits'))) await new Promise((resolve) => setImmediate(resolve));
    await older.engine.close();
    expect(older.clock.pending.size).toBe(0);
    await store.close();
  });

  it('leaves nothing scheduled while the database is away', async () => {
    const subject = await TestEngine.start(options);
    for (const method of ['readInbox', 'releasePartitions', 'heartbeat'] as const) {
      subject.faults.fail(method, () => new TransientStoreError('away'));
    }
    subject.faults.intercept('claimActivities', () => Promise.reject(new OutcomeUnknownError('lost')));
    await subject.engine['parts'].activities.claim();
    await subject.engine.close();
    expect(subject.clock.pending.size).toBe(0);
  });

  it('tells who waits for an instance, and who starts one, that it has stopped', async () => {
    const subject = await TestEngine.start(options);
    const id = await subject.startNew('approval');
    const waited = subject.finished(id).catch((error: unknown) => error);
    await subject.engine.close();
    expect(await waited).toMatchObject({ name: 'ModuleStoppedError', message: expect.stringContaining(`instance '${id}' is not waited for any more`) });
    await expect(subject.startNew('approval')).rejects.toThrow('has stopped');
  });

  it('tells whose call the database has not taken that it was not carried out', async () => {
    const subject = await TestEngine.start(options);
    const id = await subject.startNew('approval');
    const [tried, last] = [signal(), new TransientStoreError('away')];
    subject.faults.fail('applyClientBatch', () => {
      tried.resolve();
      return last;
    });
    const calls = ['approved', 'rejected'].map((name) => subject.raiseEvent(id, name).catch((error: unknown) => error));
    await tried.promise;
    await subject.engine.close();
    const refusal = { name: 'ModuleStoppedError', message: expect.stringMatching(/not carried out.*away/), cause: last };
    expect(await Promise.all(calls)).toEqual([expect.objectContaining(refusal), expect.objectContaining({ name: 'ModuleStoppedError' })]);
  });

  it('tells whose call may have been carried out that this is not known', async () => {
    const subject = await TestEngine.start(options);
    const id = await subject.startNew('approval');
    const asked = signal();
    subject.faults.intercept('applyClientBatch', () => Promise.reject(new OutcomeUnknownError('no answer')));
    subject.faults.fail('resolveClientBatch', () => {
      asked.resolve();
      return new TransientStoreError('away');
    });
    const call = subject.raiseEvent(id, 'approved').catch((error: unknown) => error);
    await asked.promise;
    await subject.engine.close();
    expect(await call).toMatchObject({ name: 'UnresolvedCallError', message: expect.stringMatching(/not known.*stopped.*no answer/) });
  });

  it('stops once, however often and in whatever order it is asked to', async () => {
    const subject = await TestEngine.start({ ...options, settings: { shutdownTimeout: 5_000 } });
    await subject.startNew('slow');
    await begun.promise;
    const stops = [subject.engine.close(), subject.engine.release(), subject.engine.drain(), subject.engine.close()];
    expect(subject.engine['parts'].ownership.partitions.size).toBe(4);
    opened.resolve('done');
    await Promise.all(stops);
    expect(subject.faults.calls.get('releasePartitions')).toBe(1);
  });

  it('does not wait for the deadline when the last work ends without a checkpoint', async () => {
    const subject = await TestEngine.start({ ...options, settings: { shutdownTimeout: 60_000, extendedSessionsEnabled: false } });
    await subject.startNew('approval', undefined, 'a');
    const asked = signal();
    const answered = signal();
    subject.faults.intercept('loadInstances', async (proceed, keys, limits) => {
      asked.resolve();
      await answered.promise;
      return proceed(keys, limits);
    });
    await subject.raiseEvent('a', 'approved');
    await asked.promise;
    // No timer brings this on: neither a deadline nor the instance's next try.
    const after = jest.spyOn(subject.clock, 'after').mockReturnValue(() => undefined);
    const drained = subject.engine.drain();
    jest.spyOn(subject.engine['options'].handlers, 'findOrchestrator').mockReturnValue(undefined);
    answered.resolve();
    await drained;
    after.mockRestore();
    await subject.engine.close();
  });

  it.each(['open', 'time', 'registerWorker', 'heartbeat'] as const)('closes while it starts, wherever that is: %s', async (method) => {
    const subject = TestEngine.create(options);
    const asked = signal();
    const answered = signal();
    const held = async (proceed: (...args: unknown[]) => unknown, ...args: unknown[]) => {
      asked.resolve();
      await answered.promise;
      return proceed(...args);
    };
    subject.faults.intercept(method, held as never);
    const started = subject.engine.prepare().then(() => subject.engine.start()).then(() => undefined, (error: unknown) => error);
    await asked.promise;
    const closed = subject.engine.close();
    answered.resolve();
    await Promise.all([closed, started]);
    expect(subject.clock.pending.size).toBe(0);
    await expect(subject.startNew('approval')).rejects.toThrow('has ');
    expect(subject.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('closes while it tries in vain to reach the database at its start', async () => {
    const subject = TestEngine.create(options);
    const asked = signal();
    subject.faults.fail('open', () => {
      asked.resolve();
      return new TransientStoreError('away');
    });
    const prepared = subject.engine.prepare().then(() => 'prepared', () => 'failed');
    await asked.promise;
    await subject.engine.close();
    expect(await prepared).toBe('failed');
    expect(subject.clock.pending.size).toBe(0);
  });

  it('closes when it never started', async () => {
    const subject = TestEngine.create(options);
    await subject.engine.prepare();
    await subject.engine.close();
    await expect(subject.startNew('approval')).rejects.toThrow('is not running');
    expect(subject.clock.pending.size).toBe(0);
  });
});
