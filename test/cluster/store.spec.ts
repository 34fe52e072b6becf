/** The store on a Galera cluster: the whole contract on one node, then what holds between nodes, where no lock reaches. */
import { mysqlCases } from '../contract/cases/mysql.cases.js';
import { describeStore } from '../contract/store.contract.js';
import { activity, checkpoint, idIn, inserted, message, newRow } from '../contract/support/rows.js';
import { StoreFixture } from '../contract/support/store-fixture.js';
import { TcpProxy } from '../contract/support/tcp-proxy.js';
import type { TestProcess } from '../contract/support/test-process.js';
import { FenceLostError, TransientStoreError } from '../../lib/storage/errors.js';
import { voidNo, type ClientOperation } from '../../lib/storage/store.js';
import { ClusterFixture, through } from './support/cluster.js';

const cluster = new ClusterFixture();

describeStore('mysql', mysqlCases);

describe('between nodes', () => {
  const fixture = new StoreFixture('mysql');
  let proxies: TcpProxy[] = [];

  beforeAll(() => cluster.catchUp());

  afterEach(async () => {
    for (const proxy of proxies) await proxy.stop();
    proxies = [];
  });

  const FENCE = /UPDATE durable_partitions AS t SET commit_no/;
  const behindProxy = async (node: number): Promise<{ proxy: TcpProxy; process: TestProcess }> => {
    const proxy = await TcpProxy.start('127.0.0.1', cluster.nodes[node]!.port);
    proxies.push(proxy);
    return { proxy, process: await fixture.startProcess({ storage: through(fixture.storage, proxy.port) }) };
  };

  /** What an engine does: a transaction that the database has rolled back is tried again. */
  async function again<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof TransientStoreError)) throw error;
      }
    }
  }

  const on = (node: number, partitions: readonly number[] = []): Promise<TestProcess> =>
    again(() => fixture.startProcess({ partitions, storage: through(fixture.storage, cluster.nodes[node]!.port) }));

  it('a store names the cluster that it is on', async () => {
    expect((await fixture.openStore()).capabilities.server).toMatch(/a node of a Galera cluster of 3$/);
  });

  it('several that open an empty database on all nodes at once migrate it and agree on the hub', async () => {
    const storage = await fixture.emptyStorage();
    await cluster.catchUp();
    const stores = [0, 1, 2, 0, 1, 2].map((node) => fixture.newStore(through(storage, cluster.nodes[node]!.port)));
    const infos = await Promise.all(stores.map((store) => again(() => store.open({ name: 'Shared', partitionCount: 8 }))));
    expect(infos).toEqual(stores.map(() => ({ hubId: 1, partitionCount: 8 })));
  });

  it('what is committed on one node is there on the next, at once', async () => {
    const [writer, reader] = [await on(0, [0]), await on(1)];
    for (let count = 0; count < 50; count += 1) {
      const row = newRow(idIn(0, `seen-${count}`));
      await writer.commit(inserted(row));
      expect(await reader.row(row)).toEqual(row);
    }
  });

  it('[I2] an owner that is held between its statements is fenced when another has taken over on another node', async () => {
    const { proxy, process: first } = await behindProxy(0);
    await first.take([0], { leaseDuration: -1 });
    const row = newRow(idIn(0));
    const { held, release } = proxy.hold(FENCE);
    const commit = first.commit(inserted(row));
    await held;
    const second = await on(1, [0]);
    expect(second.leases.get(0)).toMatchObject({ epoch: 2, takenOverFrom: first.worker.incarnation });
    release();
    // By certification or by the fence, whichever comes first.
    await expect(commit).rejects.toMatchObject({ name: expect.stringMatching(/^(TransientStoreError|FenceLostError)$/) });
    await expect(again(() => first.commit(inserted(row)))).rejects.toBeInstanceOf(FenceLostError);
    expect(await second.row(row)).toBeUndefined();
  });

  it('[I2] whoever asks on another node what became of a COMMIT gets the truth: one that arrives later is refused', async () => {
    const { proxy, process } = await behindProxy(0);
    await process.take([0]);
    const row = newRow(idIn(0));
    const fence = process.nextFence(0);
    const { held, release } = proxy.hold(/COMMIT/);
    const commit = process.commit(inserted(row));
    await held;
    const other = await on(1);
    expect(await other.store.resolveCommit([fence])).toEqual(['not-committed']);
    release();
    await expect(commit).rejects.toBeInstanceOf(TransientStoreError);
    expect(await other.row(row)).toBeUndefined();
    const next = { ...fence, previousCommitNo: voidNo(fence.commitNo), commitNo: voidNo(fence.commitNo) + 1 };
    await process.store.commit({ checkpoints: [inserted(row)], fences: [next] });
    expect(await other.store.resolveCommit([next])).toEqual(['committed']);
  });

  it("[I2] a client's COMMIT that arrives after somebody has asked on another node is refused as well", async () => {
    const { proxy, process } = await behindProxy(0);
    const row = newRow(idIn(0));
    const start: ClientOperation = { kind: 'start', row, onConflict: 'reject', message: message(row) };
    const { held, release } = proxy.hold(/COMMIT/);
    const call = process.apply(start);
    await held;
    const other = await on(1);
    expect(await other.store.resolveClientBatch(process.worker, 1)).toBe('not-committed');
    release();
    await expect(call).rejects.toBeInstanceOf(TransientStoreError);
    expect(await other.row(row)).toBeUndefined();
  });

  it('[I8] of several nodes that replace a finished instance at once one does, and the others learn it', async () => {
    const owner = await on(0, [0]);
    const processes = await Promise.all([0, 1, 2].map((node) => on(node)));
    for (let round = 0; round < 10; round += 1) {
      const old = newRow(idIn(0, `replaced-${round}`), { status: 'Completed' });
      await owner.commit(inserted(old));
      const results = await Promise.all(
        processes.map((process) => {
          const row = newRow(old.instanceId);
          return again(() => process.apply({ kind: 'start', row, onConflict: 'replaceFinished', message: message(row) }));
        }),
      );
      expect(results.flat().map(({ kind }) => kind).toSorted()).toEqual(['done', 'exists', 'exists']);
      expect(await owner.row(old)).toMatchObject({ status: 'Pending', rowVersion: 2 });
    }
  });

  it('[I8] an instance is purged or replaced, not both', async () => {
    const owner = await on(0, [0]);
    const [purger, starter] = [await on(1), await on(2)];
    for (let round = 0; round < 10; round += 1) {
      const old = newRow(idIn(0, `purged-${round}`), { status: 'Completed' });
      await owner.commit(inserted(old));
      const row = newRow(old.instanceId);
      const [[purged], [started]] = await Promise.all([
        again(() => purger.store.purgeInstances([{ partition: 0, instanceId: old.instanceId, executionId: old.executionId }])),
        again(() => starter.apply({ kind: 'start', row, onConflict: 'replaceFinished', message: message(row) })),
      ]);
      expect(started).toMatchObject({ kind: 'done' });
      expect(await owner.row(old)).toMatchObject({ executionId: row.executionId, rowVersion: purged!.deleted ? 1 : 2 });
    }
  });

  it('[A4] no two of several claimers on all nodes get the same activity', async () => {
    const owner = await on(0, [0, 1, 2, 3]);
    const waiting = Array.from({ length: 120 }, (_, index) => newRow(idIn(index % 4, `claimed-${index}`)));
    await owner.commit(...waiting.map((row) => checkpoint(row, { readyActivities: [activity(row)] })));
    const claimers = await Promise.all([0, 1, 2].map((node) => on(node)));
    const taken: string[] = [];
    const claimAll = async ({ store, worker }: TestProcess) => {
      for (;;) {
        const claims = await again(() => store.claimActivities(worker, ['charge'], 10));
        if (claims.length === 0) return;
        taken.push(...claims.map(({ executionId }) => executionId));
      }
    };
    await Promise.all(claimers.map(claimAll));
    expect(taken.toSorted()).toEqual(waiting.map(({ executionId }) => executionId).toSorted());
  });

  it('each partition goes to one of several that want it at once on all nodes', async () => {
    const processes = await Promise.all([0, 1, 2].map((node) => on(node)));
    const leases = await Promise.all(processes.map((process) => again(() => process.take([0, 1, 2, 3]))));
    expect(leases.flat().map(({ partition }) => partition).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  });
});
