/** Errors that nobody foresaw, in callbacks that nobody waits for: what they have nothing to do with goes on. */
import { Defects } from '../../../lib/engine/defects.js';
import { ManualClock } from './support/manual-clock.js';
import { ORDER } from './support/order.js';
import { TestEngine } from './support/test-engine.js';
import { TestLog } from './support/test-log.js';

describe('A defect', () => {
  let subject: TestEngine;
  afterEach(() => subject?.engine.close());

  const begin = async () =>
    (subject = await TestEngine.start({
      ...ORDER,
      settings: { partitionCount: 1, leaseDuration: 300, maxDispatchCount: 3 },
    }));
  const defects = () => subject.log.lines.filter(({ text }) => text.includes('a defect of nestjs-durable')).map(({ text }) => text);
  const throwOnce = (object: object, method: string) =>
    jest.spyOn(object as Record<string, () => void>, method).mockImplementationOnce(() => {
      throw new Error('never thought of');
    });

  it.each(['consumed', 'start'])('[I3] [I6] in the effects of a commit, %s, is said with the instance, and the rest is found in the database', async (method) => {
    await begin();
    throwOnce(subject.engine['parts'].activities, method);
    const ids = ['first', 'second', 'third'];
    await Promise.all(ids.map((id) => subject.startNew('order', undefined, id)));
    for (const id of ids) expect(await subject.result(id)).toEqual(['a!', 'b!', 'c!']);
    expect(defects()).toEqual([expect.stringMatching(/^What was to follow from a checkpoint of '(first|second|third)' failed .* never thought of$/)]);
  });

  it('where a message is handed to its instance, does not keep the others of the poll from theirs', async () => {
    await begin();
    const ids = ['first', 'second', 'third'];
    await Promise.all(ids.map((id) => subject.startNew('approval', undefined, id)));
    throwOnce(subject.engine['parts'].dispatcher, 'offerMessage');
    await Promise.all(ids.map((id) => subject.raiseEvent(id, 'approved', id)));
    expect(await subject.result('second')).toBe('second');
    expect(await subject.result('third')).toBe('third');
    expect(defects()).toEqual(["A message for 'first' failed by a defect of nestjs-durable; please report it. never thought of"]);
  });

  it('in a turn counts as a try of that instance, which fails in the end', async () => {
    await begin();
    await subject.startNew('approval', undefined, 'bad');
    const { context } = subject.engine['parts'].dispatcher['port'];
    jest.spyOn(context, 'now').mockImplementation(() => {
      if (subject.engine['parts'].ownership.owns(0)?.slots.get('bad')?.endsBare !== true) throw new Error('never thought of');
      return 1;
    });
    await subject.raiseEvent('bad', 'approved', 1);
    expect(await subject.finished('bad')).toMatchObject({ status: 'Failed', failureDetails: { errorMessage: expect.stringContaining('never thought of') } });
  });

  it('in a callback of the clock is said, and ends nothing', async () => {
    const log = new TestLog();
    const manual = new ManualClock();
    const clock = new Defects(log).clock(manual);
    let isCalled = false;
    clock.after(1, () => {
      throw new Error('never thought of');
    });
    clock.after(2, () => (isCalled = true));
    clock.after(3, () => (isCalled = false))();
    await manual.advance(5);
    expect(isCalled).toBe(true);
    expect(log.lines).toEqual([{ level: 'error', text: expect.stringContaining('never thought of') as string }]);
  });
});
