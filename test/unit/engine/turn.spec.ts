/** What a turn takes from an instance's queue, and what it leaves. */
import type { HistoryEvent, InputEvent } from '../../../lib/core/history.js';
import type { OrchestrationContext } from '../../../lib/core/orchestration-context.js';
import type { Orchestration } from '../../../lib/core/task.js';
import { InstanceSlot, type PendingInput } from '../../../lib/engine/instance-slot.js';
import { replaySession } from '../../../lib/engine/sessions.js';
import { DEFAULT_SETTINGS } from '../../../lib/engine/settings.js';
import { takeTurn, type TurnContext } from '../../../lib/engine/turn.js';
import { PARK_TIMER, PARKED_SINCE, type InboxMessage, type InstanceRow } from '../../../lib/storage/store.js';
import { TestLog } from './support/test-log.js';
import { eventMessage, testPartition } from './support/test-partition.js';

const context: TurnContext = {
  handlers: {
    findOrchestrator: () => undefined,
    findActivity: () => undefined,
    findEntity: () => undefined,
    list: () => ({ orchestrators: [], activities: [], entities: [] }),
    namesOf: () => new Map(),
    entityOf: () => ({ name: 'counter', operations: new Set() }),
  },
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

  it.each<[stays: boolean, of: string, handler: (ctx: OrchestrationContext) => Orchestration]>([
    [false, 'one that sleeps for long', function* (ctx) { yield* ctx.createTimer(61_001); }],
    [true, 'one that does not', function* (ctx) { yield* ctx.createTimer(60_000); }],
    [true, 'one that will have the result of an activity before', function* (ctx) { ctx.callActivity('pick'); yield* ctx.createTimer(61_001); }],
    [true, 'one that waits for an event for long', function* (ctx) { yield* ctx.waitForExternalEvent('go', { timeout: 61_001 }); }],
  ])('[I7] stays in memory (%s): %s', (stays, _, handler) => {
    const handlers = { ...context.handlers, findOrchestrator: () => ({ name: 'order', handler, source: 'Orders.order' }) };
    const turn = takeTurn(slotOf({ ...finished, status: 'Pending', historyLength: 0 }, [start(1)]), { ...context, handlers });
    expect(turn).toMatchObject({ kind: 'checkpoint', row: { status: 'Running' }, checkpoint: { timers: [{}] } });
    expect(turn.kind === 'checkpoint' && turn.session !== undefined).toBe(stays);
  });

  it('reads the row again when everything came after it was read', () => {
    const slot = slotOf(finished, [], [start(1)]);
    expect(takeTurn(slot, context)).toEqual({ kind: 'reload' });
    expect(keysOf(slot.queue)).toEqual([1]);
  });

  it('[Y6] records what comes for an instance whose orchestrator this process lacks as an open episode, and marks it', () => {
    const pending: InstanceRow = { ...finished, status: 'Pending', historyLength: 0 };
    const turn = takeTurn(slotOf(pending, [start(1), eventMessage(2)]), context);
    const mark = { partition: 0, instanceId: 'a', executionId: 'e', taskId: PARK_TIMER, fireAt: PARKED_SINCE };
    expect(turn).toMatchObject({ kind: 'checkpoint', isParked: true, row: { status: 'Pending', historyLength: 3 }, checkpoint: { timers: [mark], messages: [] } });
    expect(turn.kind === 'checkpoint' && keysOf(turn.taken)).toEqual([1, 2]);
    const events = turn.kind === 'checkpoint' ? turn.checkpoint.history.flatMap((append) => append.events) : [];
    expect(events.map(({ type }) => type)).toEqual(['OrchestratorStarted', 'ExecutionStarted', 'EventRaised']);
  });

  it('[Y6] marks a generation whose first episode nobody has run: its start is not lost', async () => {
    const history: HistoryEvent[] = [{ type: 'OrchestratorStarted', timestamp: 1 }, { type: 'ExecutionStarted', name: 'order' }];
    const slot = slotOf({ ...finished, status: 'Running', historyLength: history.length }, [start(1)]);
    slot.session = await replaySession(slot.row!, history, context);
    expect(takeTurn(slot, context)).toMatchObject({ kind: 'checkpoint', isParked: true, checkpoint: { timers: [{ taskId: PARK_TIMER }] } });
  });

  it('[C3] [K7] such a generation is Running again after suspend and resume', async () => {
    const history: HistoryEvent[] = [{ type: 'OrchestratorStarted', timestamp: 1 }, { type: 'ExecutionStarted', name: 'order' }];
    const deliver = (key: number, event: InputEvent): InboxMessage => ({ ...eventMessage(key), body: { type: 'Deliver', event } });
    const slot = slotOf({ ...finished, status: 'Running', historyLength: history.length }, [deliver(1, { type: 'ExecutionSuspended' }), deliver(2, { type: 'ExecutionResumed' })]);
    slot.session = await replaySession(slot.row!, history, context);
    expect(takeTurn(slot, context)).toMatchObject({ kind: 'checkpoint', isParked: true, row: { status: 'Running' } });
  });

  it('[Y8] ends an instance whose code is not to run any more, whatever came for it', () => {
    const slot = slotOf({ ...finished, status: 'Running' }, [start(1)]);
    slot.poison = { errorType: 'PoisonMessageError', errorMessage: 'enough', isNonRetriable: true };
    expect(takeTurn(slot, context)).toMatchObject({ kind: 'checkpoint', row: { status: 'Failed', failureDetails: slot.poison }, isParked: false });
  });

  it('works on a copy of the queue, so that a turn that throws has taken nothing', () => {
    const slot = slotOf(finished, [eventMessage(1)]);
    const { queue } = slot;
    takeTurn(slot, context);
    expect(keysOf(queue)).toEqual([1]);
  });
});

describe('takeTurn of a recursive terminate', () => {
  const parent = { name: 'order', instanceId: 'parent', executionId: 'parent-run', taskId: 0 };
  const child: InstanceRow = { ...finished, status: 'Pending', historyLength: 0, parent };
  const terminate = (parentExecutionId: string): InboxMessage => ({
    ...eventMessage(2), body: { type: 'Deliver', parentExecutionId, event: { type: 'ExecutionTerminated', reason: 'enough', recursive: true } },
  });
  const statusAfter = (row: InstanceRow, ...messages: InboxMessage[]) => {
    const turn = takeTurn(slotOf(row, messages), context);
    return turn.kind === 'checkpoint' && turn.row?.status;
  };

  it('[K4] ends the sub-orchestration that the parent called, without its code', () => {
    expect(statusAfter(child, start(1), terminate('parent-run'))).toBe('Terminated');
  });

  it.each([
    ['a sub-orchestration of another execution', child, 'another-run'],
    ['an instance of a client', { ...child, parent: undefined }, 'parent-run'],
  ])('[K4] leaves %s that has the id by now as it is', (_, row, parentExecutionId) => {
    expect(statusAfter(row, start(1), terminate(parentExecutionId))).toBe('Pending');
  });

  it('[K4] comes behind the message that creates the sub-orchestration, which so never runs', () => {
    const { executionId, name } = child;
    const create: InboxMessage = { ...eventMessage(1), body: { type: 'CreateInstance', executionId, name, parent, onConflict: 'replaceFinished', isNewId: true } };
    const slot = slotOf(null, [create, terminate('parent-run')]);
    const turn = takeTurn(slot, context);
    expect(turn).toMatchObject({ kind: 'checkpoint', row: { status: 'Terminated', output: '"enough"' }, checkpoint: { write: { kind: 'insert' } } });
    expect(slot.queue).toEqual([]);
  });

  it('[K4] hands itself on to the open sub-orchestrations, also where the orchestrator is missing', async () => {
    const calls = ['a-child', 'b-child'].map((instanceId, taskId) => ({ type: 'SubOrchestrationInstanceCreated', taskId, name: 'x', instanceId, defaultId: false }) as const);
    const history: HistoryEvent[] = [
      { type: 'OrchestratorStarted', timestamp: 1 }, { type: 'ExecutionStarted', name: 'order', parent }, ...calls, { type: 'OrchestratorCompleted' },
      { type: 'OrchestratorStarted', timestamp: 2 }, { type: 'SubOrchestrationInstanceCompleted', taskId: 0 }, { type: 'OrchestratorCompleted' },
    ];
    const slot = slotOf({ ...child, status: 'Running', historyLength: history.length }, [terminate('parent-run')]);
    slot.session = await replaySession(slot.row!, history, context);
    const turn = takeTurn(slot, context);
    const messages = turn.kind === 'checkpoint' ? turn.checkpoint.messages : [];
    expect(messages.map(({ instanceId, body }) => [instanceId, body])).toEqual([
      ['parent', expect.objectContaining({ executionId: 'parent-run', event: expect.objectContaining({ type: 'SubOrchestrationInstanceFailed', taskId: 0 }) })],
      ['b-child', { type: 'Deliver', parentExecutionId: 'e', event: { type: 'ExecutionTerminated', reason: 'enough', recursive: true } }],
    ]);
  });
});
