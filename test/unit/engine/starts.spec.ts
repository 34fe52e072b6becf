/** Starts with an id of the caller's own: the client writes the instance, and its process goes on with what it has written. */
import { InstanceSlot } from '../../../lib/engine/instance-slot.js';
import type { DurableStore, InstanceRow } from '../../../lib/storage/store.js';
import { ORDER } from './support/order.js';
import { TestEngine } from './support/test-engine.js';
import { testPartition } from './support/test-partition.js';

const newRow = (changes: Partial<InstanceRow> = {}): InstanceRow => ({
  partition: 0, instanceId: 'order-1', executionId: 'first', name: 'order', status: 'Pending', createdAt: 1, updatedAt: 1, historyLength: 0, rowVersion: 1, ...changes,
});

describe('an instance that this process has started', () => {
  let subject: TestEngine;
  afterEach(() => subject.engine.close());

  it('[K1] begins with the row that was written: new, or in the place of a finished one, it is not read', async () => {
    subject = await TestEngine.start(ORDER);
    await subject.result(await subject.startNew('order', undefined, 'order-1'));
    const loads: unknown[] = [];
    subject.faults.intercept('loadInstances', (proceed: DurableStore['loadInstances'], ...args) => {
      loads.push(args);
      return proceed(...args);
    });
    for (const id of ['order-2', 'order-1']) {
      await subject.startNew('order', undefined, id);
      expect(await subject.result(id)).toEqual(['a!', 'b!', 'c!']);
    }
    expect(loads).toEqual([]);
    expect(subject.engine.client.metrics().commits).toMatchObject({ stale: 0, refused: 0 });
  });

  it('[K1] is started later when that was asked for', async () => {
    subject = await TestEngine.start(ORDER);
    const startAt = subject.engine.client.now() + 3_600_000;
    await subject.engine.client.start({ name: 'order', instanceId: 'order-1', startAt }, 'reject');
    expect(await subject.engine.client.getInstance('order-1')).toMatchObject({ status: 'Pending' });
    const result = subject.result('order-1');
    subject.clock.advance(3_600_000);
    expect(await result).toEqual(['a!', 'b!', 'c!']);
  });
});

describe('InstanceSlot', () => {
  const slot = (changes: Partial<InstanceSlot> = {}) => Object.assign(new InstanceSlot(testPartition(), 'order-1'), changes);

  it('takes the row that a start has written, where nothing is known of the instance', () => {
    const begun = slot();
    begun.begin(newRow());
    expect(begun.row).toEqual(newRow());
  });

  it.each<[string, Partial<InstanceSlot>]>([
    ['is in memory already', { row: newRow({ executionId: 'second' }) }],
    ['is known to be missing', { row: null }],
    ['is being read or written', { busy: true }],
    ['was not as memory held it, and must be read', { mustLoad: true }],
  ])('leaves an instance alone that %s', (_what, changes) => {
    const begun = slot(changes);
    begun.begin(newRow());
    expect(begun.row).toEqual(changes.row);
  });
});
