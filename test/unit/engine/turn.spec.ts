/** What a turn takes from an instance's queue, and what it leaves. */
import { InstanceSlot, type PendingInput } from '../../../lib/engine/instance-slot.js';
import { DEFAULT_SETTINGS } from '../../../lib/engine/settings.js';
import { takeTurn, type TurnContext } from '../../../lib/engine/turn.js';
import type { InboxMessage, InstanceRow } from '../../../lib/storage/store.js';
import { TestLog } from './support/test-log.js';
import { eventMessage, testPartition } from './support/test-partition.js';

const context: TurnContext = {
  handlers: { findOrchestrator: () => undefined, findActivity: () => undefined, list: () => ({ orchestrators: [], activities: [] }), namesOf: () => new Map() },
  settings: DEFAULT_SETTINGS,
  log: new TestLog(),
  partitionCount: () => 4,
  now: () => 1_000,
  newExecutionId: () => 'next',
  isOrchestratorKnown: () => false,
  reserveActivity: () => undefined,
};
const finished: InstanceRow = {
  partition: 0, instanceId: 'a', executionId: 'e', name: 'order', status: 'Completed', createdAt: 0, updatedAt: 0, historyLength: 4, rowVersion: 2,
};
const message = (each: InboxMessage): PendingInput => ({ kind: 'message', message: each });
const start = (key: number): InboxMessage => ({ ...eventMessage(key), body: { type: 'StartInstance' } });

/** An instance whose row was read while only `before` was there. */
function slotOf(row: InstanceRow | null, before: readonly InboxMessage[], since: readonly InboxMessage[] = []): InstanceSlot {
  const slot = new InstanceSlot(testPartition(), 'a');
  slot.queue = [...before, ...since].map(message);
  slot.lastBeforeRead = slot.queue[before.length - 1];
  slot.row = row;
  return slot;
}

const keysOf = (inputs: readonly PendingInput[]) => inputs.map((input) => (input.kind === 'message' ? input.message.key : undefined));

describe('takeTurn', () => {
  it.each([['missing', null], ['finished', finished]])('[E5] drops what came for a %s instance before its row was read', (_, row) => {
    const turn = takeTurn(slotOf(row, [eventMessage(1), eventMessage(2)]), context);
    expect(turn).toMatchObject({ kind: 'checkpoint', checkpoint: { write: { kind: 'none' } } });
    expect(turn.kind === 'checkpoint' && keysOf(turn.taken)).toEqual([1, 2]);
  });

  it.each([['missing', null], ['finished', finished]])('[E4] keeps what came after the row of a %s instance was read: it may be for the next one', (_, row) => {
    const slot = slotOf(row, [eventMessage(1)], [eventMessage(2), start(3)]);
    const turn = takeTurn(slot, context);
    expect(turn.kind === 'checkpoint' && keysOf(turn.taken)).toEqual([1]);
    expect(keysOf(slot.queue)).toEqual([2, 3]);
  });

  it('reads the row again when everything came after it was read', () => {
    const slot = slotOf(finished, [], [start(1)]);
    expect(takeTurn(slot, context)).toEqual({ kind: 'reload' });
    expect(keysOf(slot.queue)).toEqual([1]);
  });

  it('takes nothing when this process lacks the orchestrator', () => {
    const slot = slotOf({ ...finished, status: 'Pending', historyLength: 0 }, [start(1), eventMessage(2)]);
    expect(takeTurn(slot, context)).toMatchObject({ kind: 'unknown-handler', name: 'order' });
    expect(keysOf(slot.queue)).toEqual([1, 2]);
  });

  it('works on a copy of the queue, so that a turn that throws has taken nothing', () => {
    const slot = slotOf(finished, [eventMessage(1)]);
    const { queue } = slot;
    takeTurn(slot, context);
    expect(keysOf(queue)).toEqual([1]);
  });
});
