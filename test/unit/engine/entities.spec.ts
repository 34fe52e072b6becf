/** The entity runner in an engine: batches, order, locks, scheduled signals, what goes wrong. */
import { EntityId } from '../../../lib/core/entity-id.js';
import type { EntityContext } from '../../../lib/core/index.js';
import { TestEngine } from './support/test-engine.js';

const counter = (ctx: EntityContext<number>): void => {
  if (ctx.operationName === 'add') ctx.setState(ctx.getState(() => 0) + ctx.getInput<number>());
  ctx.return(ctx.getState(() => 0));
};

describe('Entities', () => {
  let subject: TestEngine;
  afterEach(() => subject.engine.close());

  it('[N8] an operation that an orchestration calls is carried out and answered', async () => {
    subject = await TestEngine.start({
      entities: { counter },
      orchestrators: {
        *adds(ctx) {
          const id = new EntityId('counter', 'a');
          yield ctx.callEntity(id, 'add', 2);
          return yield ctx.callEntity(id, 'add', 3);
        },
      },
    });
    expect(await subject.result(await subject.startNew('adds'))).toBe(5);
  });

  it('[L1] a lock is granted, and given back', async () => {
    subject = await TestEngine.start({
      entities: { counter },
      orchestrators: {
        *adds(ctx) {
          const id = new EntityId('counter', 'a');
          const lock = yield* ctx.lock(id);
          const value = yield* ctx.callEntity<number>(id, 'get');
          yield ctx.callEntity(id, 'add', 1);
          lock.release();
          return value;
        },
      },
    });
    const ids = await Promise.all(Array.from({ length: 20 }, () => subject.startNew('adds')));
    const results = await Promise.all(ids.map((id) => subject.result(id)));
    expect(results.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });
});
