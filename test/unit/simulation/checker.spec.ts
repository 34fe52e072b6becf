/** The checker of the simulation finds each thing that it is there to find. */
import { CALLS, problemsOf, soundAudit, TRACE, type Change } from './support.js';

const without = (transaction: number, table: string) => soundAudit().filter((change) => change.transaction !== transaction || change.table !== table);
const edited = (transaction: number, table: string, row: (row: Change['row']) => object) =>
  soundAudit().map((change) => (change.transaction === transaction && change.table === table ? { ...change, row: { ...change.row, ...row(change.row) } } : change));
const ended = (output: unknown) => edited(5, 'durable_instances', () => ({ output: JSON.stringify(output) }));
const claim = soundAudit().find(({ table }) => table === 'durable_activities_running')!;
const message = soundAudit().find(({ transaction, table }) => transaction === 3 && table === 'durable_inbox')!;

describe('the checker of the simulation', () => {
  it('finds nothing in a sound run', () => {
    expect(problemsOf(soundAudit())).toEqual([]);
  });

  it.each<[string, readonly Change[], RegExp]>([
    ['an event in history that no message brought', without(5, 'durable_inbox'), /I4: EventRaised 'go' .* was not consumed by the same checkpoint/],
    ['a result that no claim brought', without(4, 'durable_activities_running'), /I4: TaskCompleted 0 .* was not consumed by the same checkpoint/],
    ['a message that is consumed twice', [...soundAudit(), { ...message, transaction: 6, change: 'delete' }], /I4: message 0\/2\/1001 to 'a' was consumed twice/],
    ['a message that is written twice', [...soundAudit(), { ...message, transaction: 6 }], /I4: message 0\/2\/1001 to 'a' was written twice/],
    ['a checkpoint without its history', without(4, 'durable_history'), /I1: the row of instance 'a' says 7 events, its history had 4/],
    ['history that is changed', [...soundAudit(), { ...soundAudit().at(-1)!, transaction: 6, change: 'update' }], /I1: the history of execution execution-1, event 7, was changed/],
    ['history that is deleted', [...soundAudit(), { ...soundAudit().at(-1)!, transaction: 6, change: 'delete' }], /deleted, though the execution is no garbage/],
    ['a row that goes back', edited(4, 'durable_instances', () => ({ row_version: 2 })), /I8: the row of instance 'a' went from version 2 to 2/],
    ['an instance that is deleted alive', [...soundAudit().slice(0, 6), { ...soundAudit()[4]!, transaction: 6, change: 'delete' }], /I8: instance 'a' was deleted while it was Running/],
    ['a claim after the result', [...soundAudit(), { ...claim, transaction: 6 }], /I4: activity execution-1:0 was claimed again/],
    ['an instance that does not end', soundAudit().filter(({ transaction }) => transaction < 4), /instance 'a' \(p0\) is Running, and did not end/],
    ['an event that nobody sent', ended([TRACE[0], { step: 'do', saw: { end: 'ok', value: 'e.p9.0' } }]), /nobody sent this event/],
    ['another result of an activity', ended([{ step: 'do', saw: { end: 'ok', value: { label: 'p0.1', attempt: 2 } } }, TRACE[1]]), /in place of .*"attempt":1/],
    ['a step that is missing', ended([TRACE[0]]), /note 1 is undefined/],
    ['a replay that ends otherwise', edited(5, 'durable_history', ({ body }) => ({ body: String(body).replace('value\\":\\"e.p0.0', 'value\\":\\"e.p0.1') })), /I5: the run ended with/],
    ['a replay that goes another way', edited(2, 'durable_history', ({ body }) => ({ body: String(body).replace('"name":"work"', '"name":"walk"') })), /I5: replay differs from the run/],
    ['a custom status that is not the last one', edited(5, 'durable_instances', () => ({ custom_status: '1' })), /has the custom status 1 in place of undefined/],
  ])('finds %s', (_, audit, problem) => {
    expect(problemsOf(audit)).toContainEqual(expect.stringMatching(problem));
  });

  it('finds an activity that begins before its claim is committed', () => {
    const effects = [{ kind: 'begin', work: 'execution-1:0', at: 1, process: 'w1', detail: 'p0.1' }] as const;
    expect(problemsOf(soundAudit(), { effects })).toContainEqual(expect.stringMatching(/I3: activity p0\.1 .* began for the 1\. time at 1 in w1, claimed were 0/));
  });

  it('finds an event that was consumed and not recorded, unless it came before the client put its instance there', () => {
    const lost = (cameIn: number): Change[] => {
      const row = { ...message.row, msg_key: 3, body: String(message.row['body']).replace('e.p0.0', 'e.p0.1') };
      const came: Change = { ...message, transaction: cameIn, row };
      const consumed: Change = { ...message, transaction: 4, change: 'delete', row };
      return [...soundAudit(), came, consumed].toSorted((one, other) => one.transaction - other.transaction);
    };
    const expected = /I4: EventRaised 'go' "e\.p0\.1" .* was consumed, but is not in its history/;
    expect(problemsOf(lost(3))).toContainEqual(expect.stringMatching(expected));
    expect(problemsOf(lost(0))).not.toContainEqual(expect.stringMatching(expected));
  });

  it('finds an acknowledged event of which there is no message', () => {
    const audit = soundAudit().filter(({ transaction, table }) => transaction !== 3 && (transaction !== 5 || table !== 'durable_inbox'));
    expect(problemsOf(audit)).toContainEqual(expect.stringMatching(/call 'raise' \(answered\): there are 0 messages with the event/));
  });

  it('finds a refused start that was carried out all the same', () => {
    const outcomes = [{ call: CALLS[0]!, began: 0, ended: 1, kind: 'failed' }] as const;
    expect(problemsOf(soundAudit(), { outcomes })).toContainEqual(expect.stringMatching(/call 'start' \(failed\): there are 1 instances of it, in place of 0/));
  });

  it('finds a lock and a row that are left', () => {
    const tables = { instances: [], histories: new Map(), garbage: new Set<string>(), owners: ['w1'], entities: [{ entityId: '@ledger@a', state: { balance: 100, entries: [] }, lock: { instanceId: 'a' } }], leftovers: new Map([['durable_inbox', [{ msg_key: 1 }]]]) };
    expect(problemsOf(soundAudit(), { tables })).toEqual([expect.stringMatching(/is still locked/), expect.stringMatching(/I6: rows are left in durable_inbox/)]);
  });
});
