import type { FailureDetails } from '../../../lib/core/failure.js';
import type { InboxMessage, InstanceRow } from '../../../lib/storage/store.js';
import { activity, event, idIn, inserted, message, newRow, updated } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import type { TestProcess } from '../support/test-process.js';

const MIB = 1024 * 1024;

export function textCases(fixture: StoreFixture): void {
  let process: TestProcess;

  beforeEach(async () => {
    process = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
  });

  it('ids are equal when their characters are: case, spaces, accents and emoji count', async () => {
    const ids = ['abc', 'ABC', 'abc ', ' abc', 'äbc', 'a\u0308bc', '🙂', '🙃', 'ß', 'ss', 'x'.repeat(255), `${'x'.repeat(254)}y`, '🙂'.repeat(127)];
    const rows = ids.map((id, index) => newRow(id, { createdAt: index, name: id, executionId: `e${id}`.slice(0, 255), tags: { [id]: id } }));
    await process.commit(...rows.map((row) => inserted(row)));
    expect(await process.store.getInstances(rows)).toEqual(rows);
    expect(await process.store.getInstances([...rows].reverse())).toEqual([...rows].reverse());
    await process.commit(updated(rows[1]!, { status: 'Running' }));
    expect((await process.store.queryInstances({ limit: 100, statuses: ['Running'] })).map(({ instanceId }) => instanceId)).toEqual(['ABC']);
  });

  it.each(['"', "'", '\\', '\\\'; --', '?', ':v0', '\u2028', '%s', '$1', '`'])('text with %j comes back as it was', async (text) => {
    const failureDetails: FailureDetails = { errorType: text, errorMessage: text, isNonRetriable: false };
    const row = newRow(idIn(0), { input: JSON.stringify(text), name: text, customStatus: JSON.stringify({ [text]: text }), failureDetails, version: text });
    const events = [{ ...event(0), name: text, input: JSON.stringify(text) }];
    await process.commit(inserted(row, { history: [{ executionId: row.executionId, sequence: 0, events }] }));
    await process.commit(updated(row, { output: JSON.stringify(text) }));
    expect(await process.row(row)).toEqual({ ...row, output: JSON.stringify(text), rowVersion: 2 });
    expect(await process.store.readHistory(row)).toEqual(events);
  });

  it.each([undefined, 'null', '0', '""', 'false', '" "'])('[O4] %j and no value are kept apart', async (value) => {
    const row = newRow(idIn(0), { input: value });
    const ready = activity(row, { input: value });
    const completed = message(row, { body: { type: 'Deliver', event: { type: 'TaskCompleted', taskId: 0, result: value } } });
    const events = [{ type: 'TaskCompleted', taskId: 0, result: value } as const];
    await process.commit(inserted(row, { readyActivities: [ready], messages: [completed], history: [{ executionId: row.executionId, sequence: 0, events }] }));
    const after: InstanceRow = { ...row, output: value, customStatus: value, rowVersion: 2 };
    await process.commit(updated(row, after));
    expect(await process.row(row)).toStrictEqual(withUndefined(after));
    expect((await process.store.claimActivities(process.worker, ['charge'], 1))[0]!.input).toBe(value);
    const [received] = await process.inbox(0);
    expect(received!.body).toEqual(completed.body);
    expect(await process.store.readHistory(row)).toEqual(events);
  });

  it('rows merged into one statement keep their own values, absent ones too', async () => {
    const outputs = [undefined, '"text"', '1', undefined, '"🙂"'];
    const rows = outputs.map((_, index) => newRow(idIn(index % 4, `merged${index}`)));
    await process.commit(...rows.map((row) => inserted(row)));
    const after = rows.map((row, index): InstanceRow => ({ ...row, output: outputs[index], rowVersion: 2, ...(index === 1 && { failureDetails: { errorType: 'E', errorMessage: 'm', isNonRetriable: true } }) }));
    await process.commit(...rows.map((row, index) => updated(row, after[index]!)));
    expect(await process.store.getInstances(rows)).toEqual(after);
  });

  it('payloads of 4 MiB pass everywhere, several in one batch', async () => {
    const payload = (letter: string) => JSON.stringify(letter.repeat(4 * MIB - 2));
    const row = newRow(idIn(0), { input: payload('"').slice(0, 4 * MIB - 1), historyLength: 3 });
    const sent = message(row, { body: { type: 'Deliver', event: { type: 'EventRaised', name: 'go', input: payload('m') } } });
    const events = [event(0), { ...event(1), input: payload('h') }, event(2)];
    await process.commit(
      inserted(row, { messages: [sent], readyActivities: [activity(row, { input: payload('a') })], history: [{ executionId: row.executionId, sequence: 0, events }] }),
      ...[1, 2, 3].map((partition) => inserted(newRow(idIn(partition), { input: payload('i') }))),
    );
    const output = payload('o');
    await process.commit(updated(row, { output }));
    const loaded = (await process.store.loadInstances([row], { maxBytes: 1 })).instances[0]!;
    expect(loaded.row.input === row.input && loaded.row.output === output).toBe(true);
    expect(JSON.stringify(loaded.history) === JSON.stringify(events)).toBe(true);
    expect(inputOf((await process.inbox(0))[0]!) === inputOf(sent)).toBe(true);
    expect((await process.store.claimActivities(process.worker, ['charge'], 1))[0]!.input === payload('a')).toBe(true);
  });
}

/** The data of the event that a message delivers. */
function inputOf({ body }: InboxMessage): string | undefined {
  return body.type === 'Deliver' && body.event.type === 'EventRaised' ? body.event.input : undefined;
}

/** A row as the store answers it: what has no value is there as `undefined`. */
function withUndefined(row: InstanceRow): InstanceRow {
  const { version, failureDetails, tags, parent, startAt, input, output, customStatus, attempts } = row;
  return { ...row, version, failureDetails, tags, parent, startAt, input, output, customStatus, attempts };
}
