/** What the database refuses for good ends the instance or the operation that it belongs to, and nothing else. */
import { EntityId } from '../../../lib/core/entity-id.js';
import { TaskFailedError, type EntityContext, type OrchestrationContext } from '../../../lib/core/index.js';
import { StaleMemberError } from '../../../lib/storage/errors.js';
import type { Checkpoint } from '../../../lib/storage/store.js';
import { TestEngine, type TestEngineOptions } from './support/test-engine.js';

const REASON = 'Data too long for column';

describe('DurableEngine whose checkpoints are refused for good', () => {
  let subject: TestEngine;
  let tries: number;
  afterEach(() => subject.engine.close());

  const options: TestEngineOptions = {
    orchestrators: {
      *works(ctx: OrchestrationContext, input: unknown) {
        return (yield ctx.callActivity('echo', input)) as unknown;
      },
      *collects(ctx: OrchestrationContext, count: number) {
        const items: unknown[] = [];
        while (items.length < count) items.push(yield ctx.waitForExternalEvent('item'));
        return items;
      },
      *sleeps(ctx: OrchestrationContext, count: number) {
        yield ctx.all(Array.from({ length: count }, () => ctx.createTimer(60_000)));
        return 'woken';
      },
      *parent(ctx: OrchestrationContext, input: unknown) {
        try {
          return (yield ctx.callSubOrchestrator('works', input)) as unknown;
        } catch (error) {
          return error instanceof TaskFailedError ? error.failureDetails : error;
        }
      },
      *calls(ctx: OrchestrationContext, operation: string) {
        try {
          return (yield ctx.callEntity(new EntityId('counter', 'a'), operation)) as unknown;
        } catch (error) {
          return error instanceof TaskFailedError ? error.failureDetails : error;
        }
      },
    },
    activities: { echo: (input) => input },
    entities: {
      counter: (ctx: EntityContext<number>) => {
        ctx.setState(ctx.getState(() => 0) + 1);
        ctx.return(ctx.operationName === 'large' ? 'large' : ctx.getState(() => 0));
      },
    },
    settings: { maxDispatchCount: 3, partitionCount: 1 },
  };

  const begin = async () => (subject = await TestEngine.start(options));
  /** Every transaction with such a checkpoint is refused. */
  const refuse = (matches: (checkpoint: Checkpoint) => boolean, error = new Error(REASON)) => {
    tries = 0;
    return subject.faults.intercept('commit', (proceed, batch) => {
      if (!batch.checkpoints.some(matches)) return proceed(batch);
      if (batch.checkpoints.length === 1) tries += 1;
      return Promise.reject(error);
    });
  };
  const records = (text: string) => (checkpoint: Checkpoint) => JSON.stringify(checkpoint.history).includes(text);
  const blocked = () => [...subject.engine['parts'].ownership.partitions.values()].flatMap(({ blocked: ids }) => [...ids]);
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('fails the instance with the reason, after maxDispatchCount tries more; the others go on', async () => {
    await begin();
    refuse(records('large'));
    await subject.startNew('collects', 1, 'bad');
    await subject.raiseEvent('bad', 'item', 'large');
    expect(await subject.finished('bad')).toMatchObject({
      status: 'Failed',
      failureDetails: { errorType: 'CheckpointRefusedError', isNonRetriable: true, errorMessage: expect.stringContaining(REASON) },
    });
    // The first try, and three more.
    expect(tries).toBe(4);
    await subject.startNew('works', 'small', 'good');
    expect(await subject.result('good')).toBe('small');
    expect(blocked()).toEqual([]);
  });

  it('takes what is stale again and again for refused, as a row that is left over stays', async () => {
    await begin();
    refuse(records('large'), new StaleMemberError(REASON));
    await subject.startNew('collects', 1, 'bad');
    await subject.raiseEvent('bad', 'item', 'large');
    expect(await subject.finished('bad')).toMatchObject({ status: 'Failed', failureDetails: { errorType: 'CheckpointRefusedError' } });
    // Five that might have passed by themselves, and four as ever.
    expect(tries).toBe(9);
    expect(blocked()).toEqual([]);
  });

  it('[K8] leaves an instance that can be rewound; what was refused is not in its history', async () => {
    await begin();
    const accept = refuse(records('large'));
    await subject.startNew('collects', 2, 'a');
    await subject.raiseEvent('a', 'item', 'first');
    await until(() => subject.engine['parts'].dispatcher.backlog === 0);
    await subject.raiseEvent('a', 'item', 'large');
    expect(await subject.finished('a')).toMatchObject({ status: 'Failed' });
    accept();
    await subject.engine.client.rewind('a', 'repaired');
    await subject.raiseEvent('a', 'item', 'second');
    expect(await subject.result('a')).toEqual(['first', 'second']);
  });

  it('[S2] fails a sub-orchestration whose first checkpoint is refused, and tells its caller', async () => {
    await begin();
    refuse(({ write, history }) => write.kind === 'insert' && write.row.name === 'works' && history.length > 0 && history[0]!.events.length > 0);
    await subject.startNew('parent', 'x', 'caller');
    expect(await subject.result('caller')).toMatchObject({ errorType: 'CheckpointRefusedError' });
  });

  it('[K8] an instance that failed before it had begun begins when it is rewound', async () => {
    await begin();
    const accept = refuse(records('large'));
    await subject.startNew('works', 'large', 'a');
    const failed = await subject.finished('a');
    expect(failed).toMatchObject({ status: 'Failed', historyLength: 0 });
    accept();
    await subject.engine.client.rewind('a', 'repaired');
    expect(await subject.result('a')).toBe('large');
  });

  it('[I6] [I7] leaves an instance whose end is refused too, says so, and does not let it hide what lies behind its messages', async () => {
    await begin();
    const accept = refuse(({ instanceId, write }) => instanceId === 'bad' && write.kind === 'update');
    await subject.startNew('collects', 1, 'good');
    await subject.startNew('collects', 6_000, 'bad');
    await until(() => subject.engine['parts'].dispatcher.backlog === 0);
    await Promise.all(Array.from({ length: 6_000 }, (_, index) => subject.raiseEvent('bad', 'item', index)));
    await subject.raiseEvent('good', 'item', 'seen');
    expect(await subject.result('good')).toEqual(['seen']);
    await until(() => blocked().length > 0);
    expect(blocked()).toEqual([['bad', REASON]]);
    accept();
    await until(() => blocked().length === 0);
  });

  it('[I6] [I7] does not let the timers of an instance that cannot go on keep others from firing', async () => {
    await begin();
    refuse(({ instanceId, deletedTimers }) => instanceId === 'bad' && deletedTimers.length > 0);
    await subject.startNew('sleeps', 3_000, 'bad');
    await until(() => subject.engine['parts'].dispatcher.backlog === 0);
    await subject.startNew('sleeps', 1, 'good');
    await until(() => subject.engine['parts'].dispatcher.backlog === 0);
    subject.clock.advance(120_000);
    expect(await subject.result('good')).toBe('woken');
    await until(() => blocked().length > 0);
    expect(blocked()).toEqual([['bad', REASON]]);
  });

  it('goes on with an instance that was repaired while its end was written', async () => {
    await begin();
    await subject.startNew('collects', 1, 'a');
    await until(() => subject.engine['parts'].dispatcher.backlog === 0);
    const { dispatcher, ownership } = subject.engine['parts'];
    for (const { slots } of ownership.partitions.values()) for (const slot of slots.values()) dispatcher['forget'](slot);
    const repaired = subject.faults.intercept('loadInstances', async (proceed, ...args) => {
      const loaded = await proceed(...args);
      return { ...loaded, instances: loaded.instances.map((instance) => ({ ...instance, unreadable: { reason: 'it is damaged', isNewer: false, end: 1 } })) };
    });
    const written = subject.faults.intercept('commit', (proceed, batch) => {
      if (!batch.checkpoints.some(({ write }) => write.kind === 'update' && write.row.status === 'Failed')) return proceed(batch);
      repaired();
      written();
      return Promise.reject(new StaleMemberError('somebody has changed its row'));
    });
    await subject.raiseEvent('a', 'item', 'kept');
    expect(await subject.result('a')).toEqual(['kept']);
  });

  /** As TypeORM hands it on. */
  const ofServer = (code: string, errno: number) => Object.assign(new Error(code), { driverError: { code, errno } });

  it('[I6] ends no instance and fails no operation for what is wrong with the server itself, however long that lasts', async () => {
    await begin();
    const acceptWrites = subject.faults.intercept('commit', () => Promise.reject(ofServer('ER_TABLEACCESS_DENIED_ERROR', 1142)));
    const acceptReads = subject.faults.intercept('loadEntities', () => Promise.reject(ofServer('ER_ERROR_ON_WRITE', 1026)));
    const hasFailed = (what: string) => () => subject.log.lines.some(({ text }) => text.startsWith(`${what} could not be processed (try 5)`));
    await subject.startNew('calls', 'add', 'caller');
    await until(hasFailed("Instance 'caller'"));
    expect(blocked()).toEqual([['caller', 'ER_TABLEACCESS_DENIED_ERROR']]);
    acceptWrites();
    await until(hasFailed("Entity '@counter@a'"));
    expect(blocked()).toEqual([['@counter@a', 'ER_ERROR_ON_WRITE']]);
    acceptReads();
    expect(await subject.result('caller')).toBe(1);
    expect(blocked()).toEqual([]);
  });

  it('[N5] fails the operation whose step is refused, alone of its batch, and tells its caller', async () => {
    await begin();
    refuse(({ instanceId, messages }) => instanceId.startsWith('@') && JSON.stringify(messages).includes('large'));
    const operations = ['add', 'add', 'large', 'add', 'large', 'add'];
    await Promise.all(operations.map((operation, index) => subject.startNew('calls', operation, `caller-${index}`)));
    const results = await Promise.all(operations.map((_, index) => subject.result(`caller-${index}`)));
    const failed = { errorType: 'CheckpointRefusedError', errorMessage: expect.stringContaining(REASON) };
    expect(results.filter((result) => typeof result === 'object')).toEqual([expect.objectContaining(failed), expect.objectContaining(failed)]);
    // Operations that failed have not counted.
    expect(results.filter((result) => typeof result === 'number').sort((a, b) => Number(a) - Number(b))).toEqual([1, 2, 3, 4]);
    expect(blocked()).toEqual([]);
  });

  it('[N5] fails the operation whose step is stale again and again', async () => {
    await begin();
    refuse(({ instanceId, messages }) => instanceId.startsWith('@') && JSON.stringify(messages).includes('large'), new StaleMemberError(REASON));
    await subject.startNew('calls', 'large', 'caller');
    expect(await subject.result('caller')).toMatchObject({ errorType: 'CheckpointRefusedError' });
    expect(tries).toBe(9);
  });

  it('[N5] fails one operation, not all that wait, where the entity could not be loaded', async () => {
    await begin();
    const accept = subject.faults.intercept('loadEntities', () => Promise.reject(new Error(REASON)));
    await Promise.all(['a', 'b', 'c'].map((id) => subject.startNew('calls', 'add', id)));
    await until(() => subject.log.lines.some(({ text }) => text.startsWith("Entity '@counter@a' could not be processed (try 5)")));
    accept();
    const results = await Promise.all(['a', 'b', 'c'].map((id) => subject.result(id)));
    expect(results.filter((result) => typeof result === 'object')).toEqual([expect.objectContaining({ errorType: 'CheckpointRefusedError' })]);
    expect(results.filter((result) => typeof result === 'number').sort((a, b) => Number(a) - Number(b))).toEqual([1, 2]);
  });

  it('[N5] remembers that where the entity is loaded again before what came for it is read again', async () => {
    await begin();
    const accept = subject.faults.intercept('loadEntities', () => Promise.reject(new Error(REASON)));
    await subject.startNew('calls', 'add', 'caller');
    await until(() => subject.log.lines.some(({ text }) => text.startsWith("Entity '@counter@a' could not be processed (try 5)")));
    let isLoaded = false;
    subject.faults.intercept('readInbox', async (proceed, ...polled) => {
      await until(() => isLoaded);
      return await proceed(...polled);
    });
    accept();
    subject.faults.intercept('loadEntities', async (proceed, ...loaded) => {
      const answer = await proceed(...loaded);
      setImmediate(() => (isLoaded = true));
      return answer;
    });
    expect(await subject.result('caller')).toMatchObject({ errorType: 'CheckpointRefusedError' });
  });

  it('names in its health what came for an id that is none', async () => {
    await begin();
    await subject.engine.client.signal('@damaged', { type: 'EntityOperation', operation: 'add' });
    await until(() => blocked().length > 0);
    const problem = { kind: 'blocked', instanceId: '@damaged', handler: { kind: 'entity', name: 'damaged' } };
    expect(subject.engine.client.health().problems).toEqual([expect.objectContaining(problem)]);
  });

  it('[I6] leaves an entity whose steps are all refused, says so, and goes on when they are taken', async () => {
    await begin();
    const accept = refuse(({ instanceId }) => instanceId === '@counter@a');
    await subject.startNew('calls', 'add', 'caller');
    await until(() => blocked().length > 0 && tries > 5);
    expect(blocked()).toEqual([['@counter@a', REASON]]);
    accept();
    expect(await subject.result('caller')).toMatchObject({ errorType: 'CheckpointRefusedError' });
    expect(blocked()).toEqual([]);
  });
});
