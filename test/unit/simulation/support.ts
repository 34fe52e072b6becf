/** Records of runs, as the simulation makes them, of which a test changes one thing. */
import type { HistoryEvent } from '../../../lib/core/history.js';
import type { AuditEntry, RunRecord } from '../../simulation/contract.js';
import { checkRun } from '../../simulation/scenario/checker.js';
import type { PlannedCall } from '../../simulation/scenario/calls.js';
import { firstInput } from '../../simulation/scenario/interpreter.js';
import type { Note, Program } from '../../simulation/scenario/program.js';
import type { Root } from '../../simulation/scenario/roots.js';

const WORK = { kind: 'activity', label: 'p0.1', ms: 5, failures: 0 } as const;
export const PROGRAM_0: Program = { id: 'p0', generations: [{ preserves: true, steps: [{ kind: 'do', work: WORK }, { kind: 'do', work: { kind: 'wait', event: 'go' } }] }] };
export const ROOT: Root = { kind: 'steady', program: PROGRAM_0, instanceId: 'a' };
export const TRACE: readonly Note[] = [
  { step: 'do', saw: { end: 'ok', value: { label: 'p0.1', attempt: 1 } } },
  { step: 'do', saw: { end: 'ok', value: 'e.p0.0' } },
];

const EXECUTION = 'execution-1';
const EVENT: HistoryEvent = { type: 'EventRaised', name: 'go', input: '"e.p0.0"' };
const RESULT: HistoryEvent = { type: 'TaskCompleted', taskId: 0, result: '{"label":"p0.1","attempt":1}' };

export type Change = Omit<AuditEntry, 'order' | 'at'> & { readonly at?: number };

const instance = (row: object) => ({
  instance_id: 'a', execution_id: EXECUTION, name: 'program', status: 'Running', input: JSON.stringify(firstInput(PROGRAM_0)), output: null, failure: null,
  custom_status: null, parent: null, history_length: 0, row_version: 1, ...row,
});
const history = (sequence_no: number, events: readonly HistoryEvent[]) => ({ execution_id: EXECUTION, sequence_no, event_count: events.length, body: JSON.stringify(events) });
const inbox = (msg_key: number, body: object) => ({ partition_no: 0, msg_key, sender: 1_001, instance_id: 'a', body: JSON.stringify(body) });
const running = { execution_id: EXECUTION, task_id: 0, claim_token: 'token-1', claimed_by: 'w1' };

/** An instance that calls an activity, waits for an event and completes. */
export function soundAudit(): Change[] {
  const begun = history(0, [
    { type: 'OrchestratorStarted', timestamp: 1 }, { type: 'ExecutionStarted', name: 'program', input: JSON.stringify(firstInput(PROGRAM_0)) },
    { type: 'TaskScheduled', taskId: 0, name: 'work', input: JSON.stringify(WORK), callId: 0, attempt: 1 }, { type: 'OrchestratorCompleted' },
  ]);
  const worked = history(4, [{ type: 'OrchestratorStarted', timestamp: 2 }, RESULT, { type: 'OrchestratorCompleted' }]);
  const ended = history(7, [
    { type: 'OrchestratorStarted', timestamp: 3 }, EVENT, { type: 'ExecutionCompleted', status: 'Completed', result: JSON.stringify(TRACE) }, { type: 'OrchestratorCompleted' },
  ]);
  const rows = [
    instance({ status: 'Pending' }), instance({ history_length: 4, row_version: 2 }), instance({ history_length: 7, row_version: 3 }),
    instance({ history_length: 11, row_version: 4, status: 'Completed', output: JSON.stringify(TRACE) }),
  ];
  return [
    { transaction: 1, table: 'durable_instances', change: 'insert', row: rows[0]! },
    { transaction: 1, table: 'durable_inbox', change: 'insert', row: inbox(1, { type: 'StartInstance' }) },
    { transaction: 2, table: 'durable_inbox', change: 'delete', row: inbox(1, { type: 'StartInstance' }) },
    { transaction: 2, table: 'durable_activities_running', change: 'insert', row: running },
    { transaction: 2, table: 'durable_instances', change: 'update', row: rows[1]!, before: rows[0]! },
    { transaction: 2, table: 'durable_history', change: 'insert', row: begun },
    { transaction: 3, table: 'durable_inbox', change: 'insert', row: inbox(2, { type: 'Deliver', event: EVENT }) },
    { transaction: 4, table: 'durable_activities_running', change: 'delete', row: running },
    { transaction: 4, table: 'durable_instances', change: 'update', row: rows[2]!, before: rows[1]! },
    { transaction: 4, table: 'durable_history', change: 'insert', row: worked },
    { transaction: 5, table: 'durable_inbox', change: 'delete', row: inbox(2, { type: 'Deliver', event: EVENT }) },
    { transaction: 5, table: 'durable_instances', change: 'update', row: rows[3]!, before: rows[2]! },
    { transaction: 5, table: 'durable_history', change: 'insert', row: ended },
  ];
}

export const CALLS: readonly PlannedCall[] = [
  { at: 0, from: 'client', title: 'start', intent: { kind: 'start', root: ROOT, policy: 'reject' }, run: () => Promise.resolve() },
  { at: 0, from: 'client', title: 'raise', intent: { kind: 'raise', root: ROOT, sending: { to: 'a', event: 'go', mark: 'e.p0.0' } }, run: () => Promise.resolve() },
];

/** What the checker says of a run with this audit. */
export function problemsOf(audit: readonly Change[], changes: Partial<RunRecord> = {}): string[] {
  const run: RunRecord = {
    isSettled: true, log: [],
    audit: audit.map((change, order) => ({ order, at: change.transaction, ...change })),
    tables: { instances: [], entities: [], histories: new Map(), garbage: new Set(), leftovers: new Map(), owners: ['w1'] },
    effects: [{ kind: 'begin', work: `${EXECUTION}:0`, at: 2, process: 'w1', detail: 'p0.1' }],
    outcomes: CALLS.map((call) => ({ call, began: 0, ended: 1, kind: 'answered' })),
    ...changes,
  };
  return checkRun(run, [ROOT], CALLS, () => false);
}
