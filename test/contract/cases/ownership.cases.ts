import { FenceLostError } from '../../../lib/storage/errors.js';
import { idIn, inserted, newRow, PARTITION_COUNT } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import { TestProcess } from '../support/test-process.js';

const ENDED = { leaseDuration: -1 };

export function ownershipCases(fixture: StoreFixture): void {
  it('[I2] a commit of a former owner writes nothing and names the partitions that it lost', async () => {
    const first = await fixture.startProcess({ partitions: [0] });
    await first.take([1], ENDED);
    const second = await fixture.startProcess({ partitions: [1] });
    const rows = [newRow(idIn(0)), newRow(idIn(1))];
    const error: unknown = await first.commit(...rows.map((row) => inserted(row))).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FenceLostError);
    expect(error).toMatchObject({ partitions: [1], message: expect.stringContaining('1 now belong to another owner') });
    expect(await second.store.getInstances(rows)).toEqual([]);
    await first.commit(inserted(rows[0]!));
    await second.commit(inserted(rows[1]!));
  });

  it('[I2] the same owner in another epoch is fenced as well', async () => {
    const process = await fixture.startProcess({ partitions: [0] });
    const fence = process.nextFence(0);
    await process.take([0], { force: true });
    await expect(process.store.commit({ checkpoints: [], fences: [fence] })).rejects.toBeInstanceOf(FenceLostError);
  });

  it('[I2] commit number and last key go with the partition to its next owner', async () => {
    const first = await fixture.startProcess({ partitions: [0] });
    await first.store.commit({ checkpoints: [], fences: [{ ...first.nextFence(0), lastKey: 9_007_199_254_740_000 }] });
    await first.store.releasePartitions(first.worker, [...first.leases.values()]);
    const second = await fixture.startProcess({ partitions: [0] });
    expect(second.leases.get(0)).toEqual({ partition: 0, epoch: 2, commitNo: 1, lastKey: 9_007_199_254_740_000, takenOverFrom: null });
  });

  it('[I2] after an unknown outcome a partition\'s row tells: committed, not committed, or lost', async () => {
    const first = await fixture.startProcess({ partitions: [0, 1, 2] });
    await first.take([3], ENDED);
    const fences = [0, 1, 2, 3].map((partition) => first.nextFence(partition));
    await first.store.commit({ checkpoints: [], fences: [fences[0]!] });
    const second = await fixture.startProcess({ partitions: [3] });
    expect(second.leases.size).toBe(1);
    const others = { ...fences[2]!, commitNo: 8, previousCommitNo: 7 };
    expect(await first.store.resolveCommit([fences[0]!, fences[1]!, others, fences[3]!])).toEqual(['committed', 'not-committed', 'lost', 'lost']);
  });

  it('[I2] what a row tells of a commit outlives a crash of the server: the row is written once more, and the log flushed with that', async () => {
    const process = await fixture.startProcess({ partitions: [0] });
    const fence = process.nextFence(0);
    await process.store.commit({ checkpoints: [], fences: [fence] });
    const read = () => fixture.sql('SELECT * FROM durable_partitions WHERE owner = ?', [process.worker.incarnation]);
    const before = await read();
    expect(await process.store.resolveCommit([fence])).toEqual(['committed']);
    const after = await read();
    expect(after).not.toEqual(before);
    expect(await process.store.resolveCommit([fence])).toEqual(['committed']);
    expect(await read()).not.toEqual(after);
  });

  it('takes what is free or whose lease has ended, and by force what is not', async () => {
    const first = await fixture.startProcess({ partitions: [0] });
    await first.take([1], ENDED);
    const second = await fixture.startProcess();
    expect(await second.take([0, 1, 2])).toMatchObject([
      { partition: 1, epoch: 2, takenOverFrom: first.worker.incarnation },
      { partition: 2, epoch: 1, takenOverFrom: null },
    ]);
    expect(await second.take([0], { force: true })).toMatchObject([{ partition: 0, epoch: 2, takenOverFrom: first.worker.incarnation }]);
  });

  it('each partition goes to one of several that want it at once', async () => {
    const processes = await Promise.all([1, 2, 3].map(() => fixture.startProcess()));
    await Promise.all(processes.map((process) => process.take([0, 1, 2, 3])));
    // What was locked at that moment is left for the next time.
    const last = await fixture.startProcess({ partitions: [0, 1, 2, 3] });
    const taken = [...processes, last].flatMap(({ leases }) => [...leases.keys()]);
    expect(taken).toHaveLength(4);
    expect(new Set(taken)).toEqual(new Set([0, 1, 2, 3]));
  });

  it('only an owner gives its partition back', async () => {
    const first = await fixture.startProcess({ partitions: [0, 1] });
    const second = await fixture.startProcess();
    await second.store.releasePartitions(second.worker, [...first.leases.values()]);
    expect(await second.take([0])).toEqual([]);
    await first.store.releasePartitions(first.worker, [...first.leases.values()]);
    expect(await second.take([0, 1])).toMatchObject([{ takenOverFrom: null }, { takenOverFrom: null }]);
  });

  it('[Y8] what a dead worker left there can go on to be its: the next owner takes the partition over from it', async () => {
    const dead = await fixture.startProcess();
    await dead.take([0, 1], ENDED);
    const between = await fixture.startProcess({ partitions: [0, 1] });
    const releases = [...between.leases.values()].map(({ partition, epoch, takenOverFrom }) => ({ partition, epoch, leftBy: partition === 0 ? takenOverFrom : null }));
    await between.store.releasePartitions(between.worker, releases);
    const next = await fixture.startProcess();
    expect(await next.take([0, 1])).toMatchObject([{ partition: 0, epoch: 3, takenOverFrom: dead.worker.incarnation }, { partition: 1, epoch: 3, takenOverFrom: null }]);
  });

  it('[Y6] an owner assigns its partition to another worker, which takes it up as one that was given', async () => {
    const first = await fixture.startProcess({ partitions: [0, 1] });
    const second = await fixture.startProcess();
    await first.store.commit({ checkpoints: [], fences: [{ ...first.nextFence(0), lastKey: 77 }] });
    const to = { incarnation: second.worker.incarnation, leaseDuration: 60_000 };
    expect(await first.store.assignPartition(first.worker, first.leases.get(0)!, to)).toBe(true);
    await expect(first.commit(inserted(newRow(idIn(0))))).rejects.toBeInstanceOf(FenceLostError);
    expect((await first.store.heartbeat(first.worker, 60_000)).partitions.slice(0, 2)).toEqual([
      { partition: 0, owner: second.worker.incarnation, epoch: 2, expired: false },
      { partition: 1, owner: first.worker.incarnation, epoch: 1, expired: false },
    ]);
    expect(await second.take([0, 1])).toEqual([{ partition: 0, epoch: 3, commitNo: 1, lastKey: 77, takenOverFrom: null }]);
  });

  it('[Y6] nothing is assigned by a former owner, nor to a worker that is dead, a client or gone', async () => {
    const first = await fixture.startProcess({ partitions: [0] });
    const second = await fixture.startProcess();
    const dead = await TestProcess.register(first.store, ENDED);
    const client = await first.store.registerWorker({ incarnation: 'client', worker: false, handlers: { orchestrators: [], activities: [], entities: [] }, leaseDuration: 60_000 });
    const lease = first.leases.get(0)!;
    const assign = (incarnation: string, epoch = lease.epoch) =>
      first.store.assignPartition(first.worker, { partition: 0, epoch }, { incarnation, leaseDuration: 60_000 });
    for (const { incarnation } of [dead.worker, client, { incarnation: 'nobody' }]) expect(await assign(incarnation)).toBe(false);
    expect(await assign(second.worker.incarnation, lease.epoch + 1)).toBe(false);
    expect(await second.store.assignPartition(second.worker, lease, { incarnation: second.worker.incarnation, leaseDuration: 60_000 })).toBe(false);
    await first.commit(inserted(newRow(idIn(0))));
  });

  it('[Y6] a poll tells how many partitions are free, expired or the worker\'s, and which workers live', async () => {
    const first = await fixture.startProcess({ partitions: [0] });
    const signs = async () => (await first.store.readInbox(first.worker, [], () => false)).signs;
    const { workerId } = first.worker;
    expect(await signs()).toEqual({ free: PARTITION_COUNT - 1, own: 1, workers: 1, newestWorker: workerId });
    const second = await fixture.startProcess({ partitions: [1] });
    await TestProcess.register(first.store, ENDED);
    await first.store.registerWorker({ incarnation: 'client', worker: false, handlers: { orchestrators: [], activities: [], entities: [] }, leaseDuration: 60_000 });
    expect(await signs()).toEqual({ free: PARTITION_COUNT - 2, own: 1, workers: 2, newestWorker: second.worker.workerId });
    await second.store.assignPartition(second.worker, second.leases.get(1)!, { incarnation: first.worker.incarnation, leaseDuration: 60_000 });
    await second.store.unregisterWorker(second.worker);
    expect(await signs()).toEqual({ free: PARTITION_COUNT - 2, own: 2, workers: 1, newestWorker: workerId });
    await first.take([2], ENDED);
    expect(await signs()).toMatchObject({ free: PARTITION_COUNT - 2, own: 3 });
  });

  it('[Y6] a worker of before entities has none', async () => {
    const process = await fixture.startProcess();
    await fixture.sql('UPDATE durable_workers SET handlers = ? WHERE incarnation = ?', ['{"orchestrators":[{"name":"fulfil"}],"activities":[]}', process.worker.incarnation]);
    const { workers } = await process.store.heartbeat(process.worker, 60_000);
    expect(workers).toMatchObject([{ handlers: { orchestrators: [{ name: 'fulfil' }], activities: [], entities: [] } }]);
  });

  it('a heartbeat prolongs the worker and what it owns, and tells of all', async () => {
    const first = await fixture.startProcess({ partitions: [0] });
    await first.take([1], ENDED);
    const dead = await TestProcess.register(first.store, ENDED);
    await dead.take([2], ENDED);
    const state = await first.store.heartbeat(first.worker, 60_000);
    expect(state.alive).toBe(true);
    expect(Math.abs(state.time - (await first.store.time()))).toBeLessThan(5_000);
    const handlers = { orchestrators: [{ name: 'fulfil' }], activities: ['charge'], entities: ['counter'] };
    expect(state.workers).toEqual([
      { ...first.worker, worker: true, handlers, live: true },
      { ...dead.worker, worker: true, handlers, live: false },
    ]);
    expect(state.partitions).toEqual([
      { partition: 0, owner: first.worker.incarnation, epoch: 1, expired: false },
      { partition: 1, owner: first.worker.incarnation, epoch: 1, expired: false },
      { partition: 2, owner: dead.worker.incarnation, epoch: 1, expired: true },
      { partition: 3, owner: null, epoch: 0, expired: true },
    ]);
  });

  it('a worker that was dead for ten leases is forgotten, and learns it', async () => {
    const first = await fixture.startProcess();
    const dead = await TestProcess.register(first.store, { leaseDuration: -20_000 });
    expect((await first.store.heartbeat(first.worker, 1_000)).workers).toHaveLength(2);
    expect(await dead.store.heartbeat(dead.worker, 60_000)).toMatchObject({ alive: false, workers: [first.worker] });
  });

  it('numbers of workers are not given again: they are part of the keys of messages', async () => {
    const first = await fixture.startProcess();
    await first.store.unregisterWorker(first.worker);
    const second = await TestProcess.register(first.store);
    expect(second.worker.workerId).toBe(first.worker.workerId + 1);
    expect((await second.store.heartbeat(second.worker, 60_000)).workers).toMatchObject([second.worker]);
  });
}
