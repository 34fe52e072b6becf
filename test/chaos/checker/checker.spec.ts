/** The checker itself: what would be lost or doubled by a broken engine does not escape it. */
import type { HistoryEvent } from '../../../lib/core/history.js';
import type { Journey } from '../driver.js';
import type { Effect } from '../effects.js';
import { expectedOutput } from '../model.js';
import type { PlacedOrder } from '../order-traffic.js';
import type { Receipt } from '../orders.js';
import type { Plan } from '../plan.js';
import { checkDatabase } from './check-database.js';
import { checkEffects } from './check-effects.js';
import { checkFinishedHistory, checkSequence } from './check-history.js';
import { checkJourneys } from './check-journeys.js';
import { checkOrder } from './check-orders.js';
import type { StoredTables } from './tables.js';

const BEGIN: HistoryEvent[] = [{ type: 'OrchestratorStarted', timestamp: 1 }, { type: 'ExecutionStarted', name: 'journey' }];
const SCHEDULED: HistoryEvent = { type: 'TaskScheduled', taskId: 0, name: 'work', callId: 0, attempt: 1 };
const TIMER: HistoryEvent = { type: 'TimerCreated', taskId: 1, fireAt: 5 };
const STARTED: HistoryEvent = { type: 'OrchestratorStarted', timestamp: 5 };
const COMPLETED: HistoryEvent = { type: 'TaskCompleted', taskId: 0 };
const FIRED: HistoryEvent = { type: 'TimerFired', taskId: 1, fireAt: 5 };
const END: HistoryEvent = { type: 'OrchestratorCompleted' };
const ENDED: HistoryEvent[] = [{ type: 'ExecutionCompleted', status: 'Completed' }, END];
const WHOLE = [...BEGIN, SCHEDULED, TIMER, END, STARTED, COMPLETED, FIRED, ...ENDED];

describe('a history', () => {
  it('that is whole passes, also with an open episode at its beginning', () => {
    expect(checkFinishedHistory(WHOLE)).toEqual([]);
    expect(checkFinishedHistory([...BEGIN, STARTED, ...ENDED])).toEqual([]);
    expect(checkSequence([{ sequence: 0, count: 2, events: BEGIN }, { sequence: 2, count: 1, events: [END] }], 3)).toEqual([]);
  });

  it.each<[string, HistoryEvent[]]>([
    ['task 0 is completed twice', [...BEGIN, SCHEDULED, END, STARTED, COMPLETED, COMPLETED, ...ENDED]],
    ['task 0 (TaskScheduled, event 2) was never completed', [...BEGIN, SCHEDULED, ...ENDED]],
    ['event 2 completes task 0, which no TaskScheduled before it began', [...BEGIN, COMPLETED, ...ENDED]],
    ['event 7 fires timer 1, which is not open or has fired before', [...BEGIN, SCHEDULED, TIMER, END, STARTED, FIRED, FIRED, COMPLETED, ...ENDED]],
    ['timer 1 fired 4 ms early', WHOLE.filter((event) => event !== STARTED).toSpliced(5, 0, BEGIN[0]!)],
    ['event 3 (ExecutionStarted) stands behind the outputs', [...BEGIN, SCHEDULED, BEGIN[1]!, COMPLETED, ...ENDED]],
    ['it has 2 ExecutionStarted', [...BEGIN, BEGIN[1]!, ...ENDED]],
    ['it has 2 ExecutionCompleted', [...BEGIN, ...ENDED, STARTED, ...ENDED]],
    ['it has 0 ExecutionCompleted', [...BEGIN, END]],
    ['the last episode is not complete', [...BEGIN, ENDED[0]!]],
    ['stands outside of an episode', [...WHOLE, COMPLETED]],
    ['begins within an episode', [...BEGIN, SCHEDULED, STARTED, COMPLETED, ...ENDED]],
    ['is earlier than the episode before', [STARTED, BEGIN[1]!, END, ...BEGIN.slice(0, 1), ...ENDED]],
    ['action 0 has the task id 1', [...BEGIN, TIMER, ...ENDED]],
  ])('fails: %s', (problem, history) => {
    expect(checkFinishedHistory(history)).toContainEqual(expect.stringContaining(problem));
  });

  const lock = (taskId: number, entityId: string): HistoryEvent => ({ type: 'EntityLockRequested', taskId, entityId });
  const granted = (taskId: number): HistoryEvent => ({ type: 'EntityLockGranted', taskId });
  const unlock = (taskId: number, entityId: string, lockTaskId: number): HistoryEvent => ({ type: 'EntityUnlockSent', taskId, entityId, lockTaskId });
  const call = (taskId: number, entityId: string): HistoryEvent => ({ type: 'EntityOperationCalled', taskId, entityId, operation: 'add' });
  const LOCKED = [...BEGIN, lock(0, '@a@1'), END, STARTED, granted(0)];
  const terminated = (...outputs: HistoryEvent[]): HistoryEvent[] => [{ type: 'ExecutionTerminated' }, ...outputs, { type: 'ExecutionCompleted', status: 'Terminated' }, END];

  it('[L1] with locks that are given back passes, also when it ends while it waits for one, or asks for one', () => {
    expect(checkFinishedHistory([...LOCKED, call(1, '@a@1'), END, STARTED, { type: 'EntityOperationCompleted', taskId: 1 }, unlock(2, '@a@1', 0), ...ENDED])).toEqual([]);
    expect(checkFinishedHistory([...BEGIN, lock(0, '@a@1'), END, STARTED, ...terminated(unlock(1, '@a@1', 0))])).toEqual([]);
    expect(checkFinishedHistory([...LOCKED, unlock(1, '@a@1', 0), lock(2, '@a@2'), { type: 'ExecutionCompleted', status: 'Failed' }, END])).toEqual([]);
    expect(checkFinishedHistory([...LOCKED, ...terminated(call(1, '@a@1'), lock(2, '@a@2'), unlock(3, '@a@1', 0))])).toEqual([]);
  });

  it.each<[string, HistoryEvent[]]>([
    ["lock 0 of '@a@1' was never given back", [...LOCKED, ...ENDED]],
    ["lock 0 of '@a@1' was never given back", [...LOCKED, ...terminated()]],
    ["event 6 (EntityUnlockSent) gives back lock 0 of '@a@2'", [...LOCKED, unlock(1, '@a@2', 0), ...ENDED]],
    ["event 7 (EntityUnlockSent) gives back lock 0 of '@a@1', which", [...LOCKED, unlock(1, '@a@1', 0), unlock(2, '@a@1', 0), ...ENDED]],
    ['task 0 is completed twice', [...LOCKED, granted(0), unlock(1, '@a@1', 0), ...ENDED]],
    ['task 1 (EntityOperationCalled, event 6) was never completed', [...LOCKED, call(1, '@a@1'), unlock(2, '@a@1', 0), ...ENDED]],
    ["calls '@a@2', which is not locked", [...LOCKED, call(1, '@a@2'), unlock(2, '@a@1', 0), ...ENDED]],
    ["signals '@a@1', which is locked", [...LOCKED, { type: 'EntityOperationSignaled', taskId: 1, entityId: '@a@1', operation: 'add' }, unlock(2, '@a@1', 0), ...ENDED]],
  ])('[L1] [L2] with locks fails: %s', (problem, history) => {
    expect(checkFinishedHistory(history)).toContainEqual(expect.stringContaining(problem));
  });

  it('with a gap, an overlap or a length of its own fails', () => {
    const chunk = (sequence: number, count: number) => ({ sequence, count, events: WHOLE.slice(0, count) });
    expect(checkSequence([chunk(0, 2), chunk(3, 1)], 4)).toContainEqual(expect.stringContaining('events 2 to 3'));
    expect(checkSequence([chunk(0, 2), chunk(1, 2)], 3)).toContainEqual(expect.stringContaining('events 2 to 1'));
    expect(checkSequence([chunk(0, 2)], 3)).toContainEqual(expect.stringContaining('the instance says 3'));
    expect(checkSequence([{ sequence: 0, count: 2, events: [END] }], 2)).toContainEqual(expect.stringContaining('it holds 1'));
  });
});

describe('a database', () => {
  const tables: StoredTables = {
    instances: [{ instanceId: 'a', executionId: 'e', name: 'journey', status: 'Completed', historyLength: WHOLE.length }],
    entities: [{ entityId: '@a@1', state: 0 }],
    histories: new Map([['e', [{ sequence: 0, count: WHOLE.length, events: WHOLE }]]]),
    garbage: new Set(),
    leftovers: new Map([['durable_inbox', []]]),
    owners: [],
  };

  it('that is whole passes', () => {
    expect(checkDatabase(tables)).toEqual([]);
  });

  it('with an entity that is locked, or that is nothing but a row, fails', () => {
    expect(checkDatabase({ ...tables, entities: [{ entityId: '@a@1', state: 0, lock: { taskId: 1 } }] })).toEqual([`entity '@a@1' is still locked by {"taskId":1} [L1]`]);
    expect(checkDatabase({ ...tables, entities: [{ entityId: '@a@1' }] })).toEqual([expect.stringContaining('neither state nor lock')]);
  });

  it('with work left over, an unfinished instance, or a history of nobody fails', () => {
    expect(checkDatabase({ ...tables, leftovers: new Map([['durable_timers', [{}]]]) })).toEqual(['rows are left in durable_timers: [{}]']);
    expect(checkDatabase({ ...tables, instances: [{ ...tables.instances[0]!, status: 'Running' }] })).toEqual(["instance 'a' (journey) is Running"]);
    const histories = new Map([...tables.histories, ['old', []]]);
    expect(checkDatabase({ ...tables, histories })).toEqual([expect.stringContaining('execution old has a history')]);
    expect(checkDatabase({ ...tables, histories, garbage: new Set(['old']) })).toEqual([]);
  });
});

describe('effects', () => {
  const effect = (kind: Effect['kind'], at: number, rest: Partial<Effect> = {}): Effect =>
    ({ kind, at, worker: 'worker', task: 'e:0', idempotencyKey: 'e:0', attempt: 1, input: { call: 'a' }, ...rest });
  const twice = [effect('begin', 1), effect('begin', 2), effect('end', 3)];

  it('[A4] may happen again while the result is not committed', () => {
    expect(checkEffects(twice, ['a attempt 1'], new Map([['e:0', 4]]))).toEqual([]);
  });

  it('[A4] of an activity that was about to begin when its process was stopped show when that goes on, one for each stop', () => {
    const late = [...twice, effect('begin', 9)];
    const stop = { worker: 'worker', from: 3, to: 8 };
    expect(checkEffects(late, ['a attempt 1'], new Map([['e:0', 4]]), [stop])).toEqual([]);
    expect(checkEffects([...late, effect('begin', 9)], ['a attempt 1'], new Map([['e:0', 4]]), [stop])).toHaveLength(1);
    expect(checkEffects(late, ['a attempt 1'], new Map([['e:0', 4]]), [{ ...stop, worker: 'another' }])).toHaveLength(1);
    // It was known before the stop.
    expect(checkEffects(late, ['a attempt 1'], new Map([['e:0', 4]]), [{ ...stop, from: 5 }])).toHaveLength(1);
  });

  it.each<[string, Effect[], Map<string, number>]>([
    ['began again on worker 1 ms after its result was seen committed', [...twice, effect('begin', 5)], new Map([['e:0', 4]])],
    ['activity a attempt 1 never ran to its end', [effect('begin', 1)], new Map()],
    ['activity a attempt 1 was scheduled as e:0 and f:0', [...twice, effect('begin', 4, { task: 'f:0', idempotencyKey: 'f:0' })], new Map()],
    ['activity b attempt 1 ran, though no orchestrator calls it', [...twice, effect('end', 4, { task: 'e:1', idempotencyKey: 'e:1', input: { call: 'b' } })], new Map()],
    ['task e:0 ran with different inputs', [...twice, effect('begin', 4, { input: { call: 'a', guid: 'another' } })], new Map()],
    ['calls a and b have the same idempotency key', [...twice, effect('end', 4, { task: 'e:1', input: { call: 'b' } })], new Map()],
  ])('fail: %s', (problem, effects, committed) => {
    expect(checkEffects(effects, ['a attempt 1'], committed)).toContainEqual(expect.stringContaining(problem));
  });
});

describe('a journey', () => {
  const plan: Plan = { id: 'a', rounds: [{ sequence: [], fan: [], failures: 0, pause: 1, events: 2, legs: [], doomed: false }] };
  const instances = [{ instanceId: 'a', executionId: 'e', name: 'journey', status: 'Completed', historyLength: 0 }];
  const ended = (events: readonly number[]): Journey => {
    const output = expectedOutput(plan).map((round) => ({ ...round, events }));
    const times = { createdTime: new Date(0), lastUpdatedTime: new Date(0) };
    return { plan, acknowledged: [1, 2], end: { ...times, instanceId: 'a', name: 'journey', runtimeStatus: 'Completed', input: null, output, customStatus: null, tags: {} } };
  };

  it('that applied each acknowledged event once and in order passes', () => {
    expect(checkJourneys([ended([1, 2])], instances)).toEqual([]);
  });

  it.each([[[1]], [[1, 1]], [[2, 1]], [[1, 2, 2]]])('that applied the events %j fails', (events) => {
    expect(checkJourneys([ended(events)], instances)).toContainEqual(expect.stringContaining('was sent the events 1, 2'));
  });

  it('that never ended, or an instance too many, fails', () => {
    expect(checkJourneys([{ plan, acknowledged: [] }], instances)).toEqual([expect.stringContaining("journey 'a' is unfinished")]);
    const twice = [...instances, { ...instances[0]!, instanceId: 'b' }];
    expect(checkJourneys([ended([1, 2])], twice)).toEqual([expect.stringContaining('there are')]);
  });
});

describe('an order', () => {
  const receipt: Receipt = { version: '1', code: '1', parcel: { version: '2', code: '2' } };
  const ended = (output: Receipt, version = '1'): PlacedOrder => {
    const times = { createdTime: new Date(0), lastUpdatedTime: new Date(0) };
    return { instanceId: 'a', version: '1', end: { ...times, instanceId: 'a', name: 'order', version, runtimeStatus: 'Completed', input: null, output, customStatus: null, tags: {} } };
  };

  it('that ended on the version that it started with passes, whatever version its parcel has', () => {
    expect(checkOrder(ended(receipt))).toEqual([]);
  });

  it.each<[string, PlacedOrder]>([
    ['ran the code of version 2', ended({ ...receipt, code: '2' })],
    ['was told version 2', ended({ ...receipt, version: '2' })],
    ['started with version 1 and is of version 2', ended({ ...receipt, version: '2', code: '2' }, '2')],
    ['was told version 1 and ran the code of version 2', ended({ ...receipt, parcel: { version: '1', code: '2' } })],
    ['is unfinished', { instanceId: 'a', version: '1' }],
  ])('fails: %s', (problem, order) => {
    expect(checkOrder(order)).toEqual([expect.stringContaining(problem)]);
  });
});
