/** Many instances at once: what was begun ends before all are open, and results that cannot be taken up do not pile up in memory. */
import type { OrchestrationContext } from '../../../lib/core/index.js';
import { Claims } from '../../../lib/engine/claims.js';
import { sharedStore, signal, TestEngine, type TestEngineOptions } from './support/test-engine.js';

const MEBIBYTE = 1_024 * 1_024;

describe('An engine with more to do than it can do at once', () => {
  let subject: TestEngine;
  afterEach(() => subject.engine.close());
  const begin = async (options: TestEngineOptions) => (subject = await TestEngine.start({ ...options, settings: { partitionCount: 1, ...options.settings } }));
  const turns = async (count: number) => {
    for (let index = 0; index < count; index += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  it('[I7] instances that were started while no worker ran: those that go on come before those that begin', async () => {
    const count = 200;
    const store = await sharedStore();
    const client = await TestEngine.start({ shared: store, worker: false });
    jest.spyOn(client.engine['parts'].ownership.members.workers, 'hasOrchestrator').mockReturnValue(true);
    await Promise.all(Array.from({ length: count }, (_, index) => client.startNew('steps', undefined, `i${index}`)));
    await client.engine.close();
    let begun = 0;
    const begunBefore: number[] = [];
    await begin({
      shared: store,
      activities: { note: () => undefined },
      orchestrators: {
        *steps(ctx: OrchestrationContext): Generator<unknown, void, unknown> {
          begun += 1;
          for (let step = 0; step < 3; step += 1) yield ctx.callActivity('note');
          begunBefore.push(begun);
        },
      },
      settings: { maxConcurrentOrchestratorFunctions: 10 },
    });
    await Promise.all(Array.from({ length: count }, (_, index) => subject.finished(`i${index}`)));
    expect(begunBefore).toHaveLength(count);
    begunBefore.forEach((open, ended) => expect(open - ended).toBeLessThan(50));
    await subject.engine.close();
    await store.close();
  });

  it('[I7] takes up no more activities while results wait that fill memory, and goes on when there is room', async () => {
    const count = 60;
    let ran = 0;
    await begin({
      activities: { large: () => ((ran += 1), 'x'.repeat(MEBIBYTE)) },
      orchestrators: {
        *wide(ctx: OrchestrationContext): Generator<unknown, unknown, unknown> {
          const results = (yield ctx.all(Array.from({ length: count }, () => ctx.callActivity('large')))) as string[];
          return results.length;
        },
      },
      settings: { maxConcurrentActivityFunctions: 4 },
    });
    const open = signal();
    let commits = 0;
    // From the second on: the first brings the activities.
    subject.faults.intercept('commit', async (proceed, batch) => {
      commits += 1;
      if (commits > 1) await open.promise;
      return proceed(batch);
    });
    await subject.startNew('wide', undefined, 'a');
    while (ran < 30) await turns(1);
    await turns(200);
    expect(ran).toBeGreaterThanOrEqual(32);
    expect(ran).toBeLessThanOrEqual(32 + 4);
    open.resolve();
    expect(await subject.result('a')).toBe(count);
    expect(ran).toBe(count);
    const { ownership } = subject.engine['parts'];
    for (const { claims } of ownership.partitions.values()) expect([claims.size, claims.results, claims.resultBytes]).toEqual([0, 0, 0]);
  });

  it('[I7] results for an instance that cannot take them up do not keep the activities of others from running', async () => {
    const count = 40;
    await begin({
      activities: { large: () => 'x'.repeat(MEBIBYTE), small: () => 'small' },
      orchestrators: {
        *wide(ctx: OrchestrationContext): Generator<unknown, unknown, unknown> {
          const results = (yield ctx.all(Array.from({ length: count }, () => ctx.callActivity('large')))) as string[];
          return results.length;
        },
        *other(ctx: OrchestrationContext): Generator<unknown, unknown, unknown> {
          return yield ctx.callActivity('small');
        },
      },
      settings: { maxDispatchCount: 1_000 },
    });
    let refuses = true;
    subject.faults.intercept('commit', (proceed, batch) => {
      const concerns = batch.checkpoints.some(({ instanceId, consumedActivities, consumedMessages }) => instanceId === 'a' && consumedActivities.length + consumedMessages.length > 1);
      return refuses && concerns ? Promise.reject(new Error('Data too long for column')) : proceed(batch);
    });
    await subject.startNew('wide', undefined, 'a');
    const { ownership } = subject.engine['parts'];
    const [partition] = ownership.partitions.values();
    while (!partition!.blocked.has('a')) {
      subject.clock.advance(1_000);
      await turns(5);
    }
    await subject.startNew('other', undefined, 'b');
    expect(await subject.result('b')).toBe('small');
    expect(partition!.claims.resultBytes).toBe(0);
    refuses = false;
    const ended = subject.result('a');
    while (partition!.blocked.has('a')) {
      subject.clock.advance(60_000);
      await turns(5);
    }
    expect(await ended).toBe(count);
  });
});

describe('Claims', () => {
  const activity = { partition: 0, instanceId: 'a', executionId: 'x', taskId: 1, name: 'n', callId: 1, attempt: 1, claimToken: 't', claimedBy: 'w' };

  it('counts the results of what still is a claim, once', () => {
    const claims = new Claims();
    claims.ended('t', 5);
    expect(claims.results).toBe(0);
    claims.set('t', activity);
    claims.ended('t', 5);
    claims.ended('t', 5);
    expect([claims.results, claims.resultBytes]).toEqual([1, 5]);
    claims.delete('t');
    expect([claims.results, claims.resultBytes]).toEqual([0, 0]);
    claims.delete('t');
    expect(claims.resultBytes).toBe(0);
  });

  it('is empty after it was cleared', () => {
    const claims = new Claims();
    claims.set('t', activity);
    claims.ended('t', 5);
    claims.clear();
    expect([claims.size, claims.results, claims.resultBytes]).toEqual([0, 0, 0]);
  });
});
