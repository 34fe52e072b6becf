/** What comes for an entity while its messages are being moved to its queue [N4, L1]. */
import { EntityId } from '../../../lib/core/entity-id.js';
import type { EntityContext, OrchestrationContext } from '../../../lib/core/index.js';
import { partitionOf } from '../../../lib/core/ids.js';
import type { EntitySlot } from '../../../lib/engine/entities/entity-slot.js';
import { StaleMemberError } from '../../../lib/storage/errors.js';
import type { CommitBatch } from '../../../lib/storage/store.js';
import { turn } from './support/manual-clock.js';
import { signal, TestEngine } from './support/test-engine.js';

const A = new EntityId('list', 'a');
const ID = String(A);
/** More than may stay in the inbox. */
const VALUES = Array.from({ length: 150 }, (_, value) => value);

const isMove = ({ checkpoints }: CommitBatch) => checkpoints.some(({ entity }) => entity !== undefined && entity.queued.length > 0);

describe('Messages that are being moved', () => {
  let subject: TestEngine;
  /** Ends the commit that moves. */
  let proceed: ReturnType<typeof signal<void>>;

  beforeEach(async () => {
    proceed = signal();
    subject = await TestEngine.start({ entities, orchestrators, settings: { maxPollingInterval: 20, shutdownTimeout: 0 } });
  });
  afterEach(async () => {
    proceed.resolve();
    await subject.engine.close();
  });

  const entities = {
    list: (ctx: EntityContext<unknown[]>): void => ctx.setState([...ctx.getState(() => []), ctx.getInput()]),
  };
  const orchestrators = {
    *holds(ctx: OrchestrationContext) {
      const lock = yield* ctx.lock(A);
      ctx.setCustomStatus('locked');
      yield ctx.waitForExternalEvent('go');
      lock.release();
    },
  };

  const slot = (): EntitySlot => subject.engine['parts'].ownership.partitions.get(partitionOf(ID, 4))!.entity(ID);
  const add = (value: unknown) => subject.engine.client.signal(ID, { type: 'EntityOperation', operation: 'add', input: JSON.stringify(value) });
  const state = async () => (JSON.parse((await subject.engine.client.getEntity(ID))?.state ?? '[]') as unknown[]);
  const unlock = (instanceId: string, executionId: string, taskId = 0) =>
    subject.engine.client.signal(ID, { type: 'UnlockEntity', holder: { instanceId, executionId, taskId } });

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise(setImmediate);
  }

  async function lockedBy(): Promise<string> {
    const holder = await subject.startNew('holds');
    await until(() => slot().row?.lock?.instanceId === holder);
    return holder;
  }

  /** Sends more than may stay in the inbox; resolves when it is being moved, which does not end before `proceed`. */
  async function crowd(): Promise<void> {
    const moving = signal();
    subject.faults.intercept('commit', async (commit, batch) => {
      if (isMove(batch)) {
        moving.resolve();
        await proceed.promise;
      }
      return commit(batch);
    });
    await Promise.all(VALUES.map((value) => add(value)));
    await moving.promise;
  }

  it('[N4] what comes meanwhile is behind it when the entity is unlocked', async () => {
    await lockedBy();
    await crowd();
    await add('last');
    const { instanceId, executionId, taskId } = slot().row!.lock!;
    await unlock(instanceId, executionId, taskId);
    await turn();
    proceed.resolve();
    await until(async () => (await state()).length === VALUES.length + 1);
    expect(await state()).toEqual([...VALUES, 'last']);
  });

  it('[L1] a request among it that is taken back meanwhile is never granted', async () => {
    const holder = await lockedBy();
    const second = await subject.startNew('holds');
    await until(() => slot().line.inboxLength === 1);
    await crowd();
    const { executionId } = (await subject.engine.client.getInstance(second))!;
    await unlock(second, executionId);
    await turn();
    proceed.resolve();
    await subject.raiseEvent(holder, 'go');
    await until(async () => (await state()).length === VALUES.length);
    expect((await subject.engine.client.getEntity(ID))!.lock).toBeUndefined();
    expect((await subject.engine.client.getInstance(second))!.customStatus).toBeUndefined();
  });

  it('[N4] what could not be moved, while the entity was left for another worker, is read again', async () => {
    const has = jest.spyOn(subject.engine['parts'].ownership.members.workers, 'hasEntity').mockReturnValue(true);
    const find = jest.spyOn(subject.engine['options'].handlers, 'findEntity').mockReturnValue(undefined);
    let isStale = false;
    subject.faults.fail('commit', () => {
      isStale = slot().inHand.size > 100;
      return isStale ? new StaleMemberError('test') : undefined;
    });
    await Promise.all(VALUES.map((value) => add(value)));
    await until(() => isStale);
    subject.faults.fail('commit', () => undefined);
    has.mockRestore();
    find.mockRestore();
    await until(async () => (await state()).length === VALUES.length);
    expect(await state()).toEqual(VALUES);
  }, 20_000);
});
