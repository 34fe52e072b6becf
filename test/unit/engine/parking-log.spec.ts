import type { InstanceRow } from '../../../lib/storage/store.js';
import { Parking, type ParkingPort } from '../../../lib/engine/parking.js';
import type { Partition } from '../../../lib/engine/partition.js';
import { TestLog } from './support/test-log.js';
import { testPartition } from './support/test-partition.js';

const ROW = { instanceId: 'order-1', name: 'order', version: '2' } as InstanceRow;

describe('Parking', () => {
  let log: TestLog;
  let partition: Partition;
  beforeEach(() => {
    log = new TestLog();
    partition = testPartition();
  });

  /** @param refreshed what a look at the live workers leads to */
  const parkingWith = (refreshed: () => void) => {
    const port: Partial<ParkingPort> = { log, refreshWorkers: () => Promise.resolve().then(refreshed) };
    return new Parking(port as ParkingPort);
  };
  const settled = () => new Promise(setImmediate);

  it('[Y6] says once for each orchestrator and partition what its instances wait for', async () => {
    const parking = parkingWith(() => undefined);
    parking.parked(partition, ROW);
    await settled();
    parking.parked(partition, { ...ROW, instanceId: 'order-2' });
    parking.parked(partition, { ...ROW, instanceId: 'refund-1', name: 'refund' });
    await settled();
    expect(log.lines.map(({ text }) => /'[^']*' waits|orchestrator '[^']*'/g.exec(text)?.[0])).toEqual(["'order-1' waits", "'refund-1' waits"]);
  });

  it('[Y6] says nothing when a worker turns out to live that has the orchestrator, and says it later if it waits again', async () => {
    let isLeaving = true;
    const parking = parkingWith(() => {
      if (isLeaving) partition.state = 'releasing';
    });
    parking.parked(partition, ROW);
    await settled();
    expect(log.lines).toEqual([]);

    isLeaving = false;
    partition.state = 'owned';
    parking.parked(partition, ROW);
    await settled();
    expect(log.lines).toHaveLength(1);
  });

  it('[Y6] says nothing of an instance that was taken up meanwhile', async () => {
    const parking = parkingWith(() => partition.parked.clear());
    parking.parked(partition, ROW);
    await settled();
    expect(log.lines).toEqual([]);
  });
});
