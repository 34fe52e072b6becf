/** What a step of an entity writes. */
import type { Caller } from '../../../lib/core/history.js';
import { EntitySlot } from '../../../lib/engine/entities/entity-slot.js';
import { EntityStep } from '../../../lib/engine/entities/entity-step.js';
import { entityMark, signalTimer } from '../../../lib/engine/entities/entity-timers.js';
import type { EntityMessageBody, EntityRow, InboxMessage } from '../../../lib/storage/store.js';
import { testPartition } from './support/test-partition.js';

const ID = '@counter@a';
const NOW = 2_000;
const MARK = entityMark(0, ID);
const holder: Caller = { instanceId: 'x', executionId: 'x-1', taskId: 3 };
const caller: Caller = { instanceId: 'y', executionId: 'y-1', taskId: 4 };
const context = { partitionCount: () => 1, newExecutionId: () => 'new', defaultVersion: () => '7' };
const message = (key: number, body: EntityMessageBody): InboxMessage => ({ partition: 0, key, sender: 1, instanceId: ID, body });
const signal = (key: number, dueAt?: number) => message(key, { type: 'EntityOperation', operation: 'add', dueAt });
const call = (key: number) => message(key, { type: 'EntityOperation', operation: 'add', caller });
const rowOf = (changes: Partial<EntityRow> = {}): EntityRow => ({ partition: 0, instanceId: ID, state: '1', updatedAt: 1_000, rowVersion: 5, ...changes });

function slotOf(row: EntityRow | null, ...inbox: readonly InboxMessage[]): EntitySlot {
  const slot = new EntitySlot(testPartition(), ID);
  slot.row = row;
  for (const each of inbox) slot.line.add(each);
  return slot;
}

/** A step that carries out the next message. */
function stepOf(slot: EntitySlot): EntityStep {
  slot.step = new EntityStep(slot, slot.row ?? null, context);
  slot.step.prepare(NOW);
  return slot.step;
}
const take = (slot: EntitySlot) => slot.line.take(slot.lock, NOW)!;
const done = { kind: 'completed', result: '2', actions: [] } as const;

describe('EntityStep', () => {
  it('[N4] writes state, answer and what was consumed together', () => {
    const slot = slotOf(rowOf(), call(1));
    const step = stepOf(slot);
    step.carriedOut(take(slot), done, '2');
    const { checkpoint, row } = step.build(NOW);
    expect(checkpoint.consumedMessages).toEqual([call(1)]);
    expect(checkpoint.messages).toMatchObject([
      { instanceId: 'y', body: { type: 'Deliver', executionId: 'y-1', event: { type: 'EntityOperationCompleted', taskId: 4, result: '2' } } },
    ]);
    expect(row).toEqual(rowOf({ state: '2', updatedAt: NOW, rowVersion: 6 }));
    expect(checkpoint.entity!.row).toEqual({ kind: 'update', row, expected: rowOf() });
  });

  it.each([
    ['is inserted', null, '2', 'insert'],
    ['is deleted with the state', rowOf(), undefined, 'delete'],
    ['never comes to be', null, undefined, 'none'],
    ['stays with a lock', rowOf({ lock: holder }), undefined, 'update'],
  ] as const)('[N6] the row %s', (_, before, state, kind) => {
    const slot = slotOf(before, { ...call(1), body: { type: 'EntityOperation', operation: 'add', caller: { ...holder, taskId: 9 } } });
    const step = stepOf(slot);
    step.carriedOut(take(slot), done, state);
    expect(step.build(NOW).checkpoint.entity!.row.kind).toBe(kind);
  });

  it('[N6] nothing is left of a row without state, lock and counted attempts, also when it was found so', () => {
    const unlock = message(1, { type: 'UnlockEntity', holder });
    for (const row of [rowOf({ state: undefined }), rowOf({ state: undefined, lock: holder }), rowOf({ state: undefined, attempts: 1 })]) {
      expect(stepOf(slotOf(row, unlock)).build(NOW).checkpoint.entity!.row).toEqual({ kind: 'delete', expected: row });
    }
  });

  it('[L1] grants and unlocks leave the time of the last operation as it is', () => {
    const slot = slotOf(rowOf(), message(1, { type: 'LockEntity', holder }));
    const step = stepOf(slot);
    step.grant(take(slot), holder);
    const { checkpoint, row } = step.build(NOW);
    expect(row).toEqual(rowOf({ lock: holder, rowVersion: 6 }));
    expect(checkpoint.messages).toMatchObject([{ instanceId: 'x', body: { type: 'Deliver', executionId: 'x-1', event: { type: 'EntityLockGranted', taskId: 3 } } }]);
  });

  it('[N7] a signal for later goes to the queue, with a timer', () => {
    const later = signal(1, NOW + 1);
    const slot = slotOf(rowOf(), later);
    const { checkpoint } = stepOf(slot).build(NOW);
    expect(checkpoint.entity).toMatchObject({ row: { kind: 'none' }, queued: [{ ...later, dueAt: NOW + 1 }] });
    expect([checkpoint.consumedMessages, checkpoint.timers]).toEqual([[later], [signalTimer(later, NOW + 1)]]);
  });

  it('[N4] what is moved goes with what runs in front of it, and is marked; the row is not touched', () => {
    const slot = slotOf(rowOf(), signal(1), signal(2));
    const running = stepOf(slot);
    const entry = take(slot);
    running.begin(entry);
    const move = new EntityStep(slot, slot.row!, context);
    move.relocate(running.inWork);
    move.move(slot.line.takeMovable(undefined));
    const { checkpoint, isMarked } = move.build(NOW);
    expect(checkpoint.entity).toMatchObject({ row: { kind: 'none' }, queued: [signal(1), signal(2)], dequeued: [] });
    expect([checkpoint.consumedMessages, checkpoint.cancelledTimers, checkpoint.timers]).toEqual([[signal(1), signal(2)], [MARK], [MARK]]);
    slot.isMarked = isMarked;
    move.committed(NOW);
    expect(slot.line.wantsRead(undefined)).toBe(true);
    running.carriedOut(entry, done, '2');
    const after = running.build(NOW).checkpoint;
    expect([after.consumedMessages, after.entity!.dequeued.map(({ key }) => key), after.cancelledTimers]).toEqual([[], [1], []]);
  });

  it('the mark goes when the queue is drained, and not before', () => {
    const slot = slotOf(rowOf());
    slot.isMarked = true;
    slot.line.load([signal(1), signal(2)], false);
    const step = stepOf(slot);
    step.carriedOut(take(slot), done, '2');
    expect(step.build(NOW).checkpoint.cancelledTimers).toEqual([]);
    const last = take(slot);
    step.begin(last);
    step.suspend();
    // The last one runs: it is in the queue until it is written.
    expect(step.build(NOW).checkpoint.cancelledTimers).toEqual([]);
    step.carriedOut(last, done, '3');
    expect(step.build(NOW)).toMatchObject({ checkpoint: { cancelledTimers: [MARK] }, isMarked: false });
  });

  it('[N2] signals and starts become messages in their order, before the answer', () => {
    const slot = slotOf(rowOf(), call(1));
    const step = stepOf(slot);
    const actions = [
      { type: 'signal', entityId: '@other@b', operation: 'poke', input: '1', scheduledTime: 9_000 },
      { type: 'start', instanceId: 'i', isNewId: true, name: 'order', input: '2' },
      { type: 'start', instanceId: 'j', isNewId: false, name: 'order', version: '3', startAt: 9_000 },
    ] as const;
    step.carriedOut(take(slot), { ...done, actions }, '2');
    const { messages } = step.build(NOW).checkpoint;
    expect(messages.map(({ instanceId, body }) => [instanceId, body])).toEqual([
      ['@other@b', { type: 'EntityOperation', operation: 'poke', input: '1', dueAt: 9_000 }],
      ['i', { type: 'CreateInstance', executionId: 'new', name: 'order', version: '7', input: '2', tags: undefined, startAt: undefined, onConflict: 'replaceFinished', isNewId: true }],
      ['j', { type: 'CreateInstance', executionId: 'new', name: 'order', version: '3', input: undefined, tags: undefined, startAt: 9_000, onConflict: 'replaceFinished', isNewId: false }],
      ['y', expect.objectContaining({ type: 'Deliver' })],
    ]);
    expect(messages.map(({ key }) => key)).toEqual(messages.map(({ key }) => key).toSorted((a, b) => a - b));
  });

  it('[N5] a failed call is answered, a failed signal only told of', () => {
    const slot = slotOf(rowOf(), signal(1), call(2));
    const step = stepOf(slot);
    const failureDetails = { errorType: 'Error', errorMessage: 'no', isNonRetriable: false };
    for (let count = 0; count < 2; count += 1) step.carriedOut(take(slot), { kind: 'failed', failureDetails }, '1');
    expect(step.failedSignals).toEqual([{ operation: 'add', failureDetails }]);
    expect(step.build(NOW).checkpoint.messages).toMatchObject([{ body: { event: { type: 'EntityOperationFailed', taskId: 4, failureDetails } } }]);
  });
});
