import type { HandlerRef } from '../../../lib/engine/handler-sets.js';
import { countParked, ParkedWork } from '../../../lib/engine/parked-work.js';
import type { Partition } from '../../../lib/engine/partition.js';
import { TestLog } from './support/test-log.js';
import { testPartition } from './support/test-partition.js';

const ORDER: HandlerRef = { kind: 'orchestrator', name: 'order', version: '2' };
const REFUND: HandlerRef = { kind: 'orchestrator', name: 'refund' };
const COUNTER: HandlerRef = { kind: 'entity', name: 'counter' };

describe('ParkedWork', () => {
  let log: TestLog;
  let partition: Partition;
  beforeEach(() => {
    log = new TestLog();
    partition = testPartition();
  });

  /** @param refreshed what a look at the live workers leads to */
  const parkedWith = (refreshed: () => void) => new ParkedWork({ log, refreshWorkers: () => Promise.resolve().then(refreshed) });
  const settled = () => new Promise(setImmediate);

  it('[Y6] says once for each handler and partition what its instances wait for', async () => {
    const parked = parkedWith(() => undefined);
    parked.add(partition, 'order-1', ORDER);
    await settled();
    parked.add(partition, 'order-2', ORDER);
    parked.add(partition, 'refund-1', REFUND);
    parked.add(partition, '@counter@a', COUNTER);
    parked.add(partition, '@counter@b', COUNTER);
    await settled();
    expect(log.lines.map(({ text }) => /^\w+ '[^']*' waits: .* has the (\w+ '[^']*'(?: version '2')?),/.exec(text)?.[1])).toEqual([
      "orchestrator 'order' version '2'", "orchestrator 'refund'", "entity 'counter'",
    ]);
  });

  it('[Y6] says what to do: instances can be terminated, entities cannot', async () => {
    const parked = parkedWith(() => undefined);
    parked.add(partition, 'order-1', ORDER);
    parked.add(partition, '@counter@a', COUNTER);
    await settled();
    expect(log.lines.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^Instance 'order-1' waits: .* any other instance of it in partition 0\. Start a worker that has it, or terminate the instances\.$/),
      expect.stringMatching(/^Entity '@counter@a' waits: .* any other key of it in partition 0\. Start a worker that has it: what was sent to them is kept until then\.$/),
    ]);
  });

  it('[Y6] says nothing when a worker turns out to live that has the handler, and says it later if it waits again', async () => {
    let isLeaving = true;
    const parked = parkedWith(() => {
      if (isLeaving) partition.state = 'releasing';
    });
    parked.add(partition, 'order-1', ORDER);
    await settled();
    expect(log.lines).toEqual([]);

    isLeaving = false;
    partition.state = 'owned';
    parked.add(partition, 'order-1', ORDER);
    await settled();
    expect(log.lines).toHaveLength(1);
  });

  it('[Y6] says nothing of an instance that was taken up meanwhile', async () => {
    const parked = parkedWith(() => partition.parked.clear());
    parked.add(partition, 'order-1', ORDER);
    await settled();
    expect(log.lines).toEqual([]);
  });

  it('[Y6] counts by handler, those first for which most waits', () => {
    const other = testPartition();
    const parked = parkedWith(() => undefined);
    parked.add(partition, 'order-1', ORDER);
    parked.add(partition, '@counter@a', COUNTER);
    parked.add(other, '@counter@b', COUNTER);
    parked.add(other, 'order-1', { ...ORDER, version: '1' });
    expect(countParked([partition, other])).toEqual([
      { kind: 'entity', name: 'counter', instances: 2 },
      { kind: 'orchestrator', name: 'order', version: '2', instances: 1 },
      { kind: 'orchestrator', name: 'order', version: '1', instances: 1 },
    ]);
  });
});
