/** The checker of accounts itself: what a broken engine would lose, double or mix up does not escape it. */
import type { HistoryEvent, RuntimeStatus } from '../../../lib/core/history.js';
import type { AccountState, Entry } from '../accounts.js';
import { OPENING_BALANCE, type TransferPlan } from '../transfer-plan.js';
import type { Gift, TransferRun } from '../transfer-traffic.js';
import { FAILURE } from '../transfers.js';
import { countTorn, countTransfers, readBookings } from './bookings.js';
import { checkAccounts, readAccounts, readReceipts } from './check-accounts.js';
import { checkTransfers } from './check-transfers.js';
import type { StoredTables } from './tables.js';

const BEGIN: HistoryEvent = { type: 'OrchestratorStarted', timestamp: 1 };
const END: HistoryEvent = { type: 'OrchestratorCompleted' };

describe('accounts', () => {
  const called = (taskId: number, account: string, operation: string, posting: object): HistoryEvent => ({
    type: 'EntityOperationCalled', taskId, entityId: `@account@${account}`, operation, input: JSON.stringify(posting),
  });
  const answered = (taskId: number): HistoryEvent => ({ type: 'EntityOperationCompleted', taskId });
  const refused = (taskId: number): HistoryEvent => ({ type: 'EntityOperationFailed', taskId, failureDetails: { errorType: 'Error', errorMessage: 'no', isNonRetriable: false } });
  const started = (name: string, input: unknown): HistoryEvent => ({ type: 'ExecutionStarted', name, input: JSON.stringify(input) });

  /** An earlier generation has paid t0; this one pays t1, is refused t2, and is terminated with a deposit and a withdrawal under way. */
  const CUT = [
    BEGIN, started('transfers', { booked: [{ account: 'a', id: 't0', amount: -1 }, { account: 'b', id: 't0', amount: 1 }] }),
    called(0, 'a', 'balance', {}), called(1, 'a', 'withdraw', { id: 't1', amount: 10 }), called(2, 'b', 'withdraw', { id: 't2', amount: 999 }), END,
    BEGIN, answered(0), answered(1), refused(2), called(3, 'b', 'deposit', { id: 't1', amount: 10 }), called(4, 'b', 'withdraw', { id: 't3', amount: 5 }), END,
    BEGIN, { type: 'ExecutionTerminated' }, called(5, 'c', 'deposit', { id: 't3', amount: 5 }), { type: 'ExecutionCompleted', status: 'Terminated' }, END,
  ] satisfies HistoryEvent[];
  const whole = (events: readonly HistoryEvent[]) => [{ sequence: 0, count: events.length, events }];
  const tables = (accounts: Readonly<Record<string, readonly Entry[]>>, receipts: readonly string[] = ['c g0'], transfers: readonly HistoryEvent[] = CUT): StoredTables => ({
    instances: [
      { instanceId: 't', executionId: 'e', name: 'transfers', status: 'Terminated', historyLength: 0 },
      ...receipts.map((_, index) => ({ instanceId: `r${index}`, executionId: `r${index}`, name: 'receipt', status: 'Completed', historyLength: 0 })),
    ],
    entities: Object.entries(accounts).map(([key, entries]) => {
      const state: AccountState = { balance: entries.reduce((sum, { amount }) => sum + amount, OPENING_BALANCE), entries };
      return { entityId: `@account@${key}`, state };
    }),
    histories: new Map([['e', whole(transfers)], ...receipts.map((receipt, index) => [`r${index}`, whole([started('receipt', receipt)])] as const)]),
    garbage: new Set(), leftovers: new Map(), owners: [],
  });
  const gift = (id: string, account: string, operation: Gift['operation'] = 'deposit', isScheduled = false): Gift => ({ id, account, operation, amount: 7, isScheduled });
  const GIFTS = [gift('g0', 'c'), gift('g1', 'c', 'passOn'), gift('g2', 'c', 'passOn'), gift('g3', 'a', 'passOn')];
  const check = (stored: StoredTables, gifts: readonly Gift[] = GIFTS) => checkAccounts(readAccounts(stored), readBookings(stored), gifts, readReceipts(stored));

  const T0 = { a: { id: 't0', amount: -1 }, b: { id: 't0', amount: 1 } };
  const T1 = { a: { id: 't1', amount: -10 }, b: { id: 't1', amount: 10 } };
  const WITHDRAWN: Entry = { id: 't3', amount: -5 };
  const GIVEN: Entry = { id: 'g0', amount: 7, receipt: true };
  const PASSED = { c1: { id: 'g1', amount: -7, to: 'a' }, a1: { id: 'g1', amount: 7, from: 'c' }, c2: { id: 'g2', amount: -7, to: 'a' }, a2: { id: 'g2', amount: 7, from: 'c' } };
  const A = [T0.a, T1.a, PASSED.a1, PASSED.a2];
  const B = [T0.b, T1.b];
  const C = [GIVEN, PASSED.c1, PASSED.c2];

  it('that hold what the histories and the gifts say pass, whether or not a withdrawal whose answer came too late was carried out', () => {
    expect(check(tables({ a: A, b: B, c: C }))).toEqual([]);
    expect(check(tables({ a: A, b: [...B, WITHDRAWN], c: C }))).toEqual([]);
    const overtaken = [gift('g1', 'c', 'passOn'), gift('g0', 'c', 'deposit', true), gift('g2', 'c', 'passOn')];
    expect(check(tables({ a: A, b: B, c: [PASSED.c1, PASSED.c2, GIVEN] }), overtaken)).toEqual([]);
  });

  it('tell transfers that were broken off', () => {
    const instances = readBookings(tables({}));
    expect([countTransfers(instances), countTorn(instances)]).toEqual([2, 0]);
    const broken = readBookings(tables({}, [], CUT.filter((event) => !('taskId' in event) || event.taskId !== 3)));
    expect([countTransfers(broken), countTorn(broken)]).toEqual([2, 1]);
  });

  it.each<[string, StoredTables]>([
    ["account 'a' has booked t1 twice", tables({ a: [...A, T1.a], b: B, c: C })],
    ["-1 on account 'a' by t0 was never booked", tables({ a: A.slice(1), b: B, c: C })],
    ["-10 on account 'a' by t1 was never booked", tables({ a: A.filter((entry) => entry !== T1.a), b: B, c: C })],
    ["10 on account 'b' by t1 was never booked", tables({ a: A, b: [T0.b], c: C })],
    ["-999 on account 'b' by t2 was booked, though nobody asked", tables({ a: A, b: [...B, { id: 't2', amount: -999 }], c: C })],
    ["5 on account 'c' by t3 was booked, though nobody asked", tables({ a: A, b: B, c: [...C, { id: 't3', amount: 5 }] })],
    ["7 on account 'c' by g0 was never booked", tables({ a: A, b: B, c: C.slice(1) }, [])],
    ["7 on account 'a' by g2 was never booked", tables({ a: [T0.a, T1.a, PASSED.a1], b: B, c: C })],
    ["7 on account 'a' by g2 was booked, though nobody asked", tables({ a: A, b: B, c: [GIVEN, PASSED.c1] })],
    ["account 'c' has booked gifts out of order: g1", tables({ a: A, b: B, c: [GIVEN, PASSED.c2, PASSED.c1] })],
    ["account 'a' has booked what 'c' passed on out of order: g1", tables({ a: [T0.a, T1.a, PASSED.a2, PASSED.a1], b: B, c: C })],
    ['there are 0 receipts in place of 1; missing: c g0', tables({ a: A, b: B, c: C }, [])],
    ['there are 2 receipts in place of 1', tables({ a: A, b: B, c: C }, ['c g0', 'c g0'])],
  ])('fail: %s', (problem, stored) => {
    expect(check(stored)).toContainEqual(expect.stringContaining(problem));
  });

  it('with a balance of its own, or an orchestration that says otherwise, fail', () => {
    const stored = tables({ a: A, b: B, c: C });
    const [first, ...others] = stored.entities;
    const state = first!.state as AccountState;
    expect(check({ ...stored, entities: [{ ...first!, state: { ...state, balance: 5 } }, ...others] })).toEqual(["account 'a' holds 5, its entries make 303"]);
    const completed: HistoryEvent[] = [BEGIN, started('transfers', { booked: [T0.a] }), { type: 'ExecutionCompleted', status: 'Completed', result: '[]' }, END];
    expect(check(tables({ a: A, b: B, c: C }, ['c g0'], completed))).toContainEqual(expect.stringContaining("'t' ended with [] in place of"));
  });
});

describe('an orchestration of transfers', () => {
  const ended = (kind: TransferPlan['end']['kind'], runtimeStatus: RuntimeStatus, errorMessage?: string): TransferRun => {
    const end = kind === 'terminated' ? { kind, after: 1, recursive: false } : { kind };
    const times = { createdTime: new Date(0), lastUpdatedTime: new Date(0) };
    const failure = errorMessage !== undefined && { failureDetails: { errorType: 'Error', errorMessage, isNonRetriable: false } };
    const status = { ...times, instanceId: 't', name: 'transfers', runtimeStatus, input: null, output: null, customStatus: null, tags: {}, ...failure };
    return { plan: { id: 't', rounds: [], end }, end: status };
  };

  it('that ended as planned passes', () => {
    expect([ended('completes', 'Completed'), ended('fails', 'Failed', FAILURE), ended('terminated', 'Terminated')].flatMap(checkTransfers)).toEqual([]);
  });

  it.each<[string, TransferRun]>([
    ["'t' is Failed in place of Completed", ended('completes', 'Failed', FAILURE)],
    ["'t' is Failed in place of Failed", ended('fails', 'Failed', 'somebody else was in its section')],
    ["'t' is Completed in place of Terminated", ended('terminated', 'Completed')],
    ["'t' is unfinished in place of Completed", { plan: { id: 't', rounds: [], end: { kind: 'completes' } } }],
  ])('fails: %s', (problem, run) => {
    expect(checkTransfers(run)).toEqual([expect.stringContaining(problem)]);
  });
});
