import { randomUUID } from 'node:crypto';
import type {
  Checkpoint, ClientOperation, ClientResult, DurableStore, InboxMessage, InstanceKey, InstanceRow, PartitionFence, PartitionLease, WorkerInfo,
} from '../../../lib/storage/store.js';

const LEASE = 60_000;

/** The part of an engine that the store sees: a worker's row, partitions, and the numbers of its commits. */
export class TestProcess {
  readonly leases = new Map<number, PartitionLease>();
  private readonly commits = new Map<number, number>();
  clientCommits = 0;

  private constructor(readonly store: DurableStore, readonly worker: WorkerInfo) {}

  static async register(store: DurableStore, { leaseDuration = LEASE } = {}): Promise<TestProcess> {
    const handlers = { orchestrators: [{ name: 'fulfil' }], activities: ['charge'], entities: ['counter'] };
    return new TestProcess(store, await store.registerWorker({ incarnation: randomUUID(), worker: true, handlers, leaseDuration }));
  }

  /** Takes partitions; answers those that it got. A `leaseDuration` below 0 has ended already. */
  async take(partitions: readonly number[], { leaseDuration = LEASE, force = false } = {}): Promise<PartitionLease[]> {
    const leases = await this.store.acquirePartitions(this.worker, partitions, { leaseDuration, force });
    for (const lease of leases) {
      this.leases.set(lease.partition, lease);
      this.commits.set(lease.partition, lease.commitNo);
    }
    return leases;
  }

  nextFence(partition: number): PartitionFence {
    const { epoch, lastKey } = this.leases.get(partition)!;
    const previousCommitNo = this.commits.get(partition)!;
    return { partition, owner: this.worker.incarnation, epoch, previousCommitNo, commitNo: previousCommitNo + 1, lastKey };
  }

  fencesOf(checkpoints: readonly Checkpoint[]): PartitionFence[] {
    return [...new Set(checkpoints.map(({ partition }) => partition))].sort((a, b) => a - b).map((partition) => this.nextFence(partition));
  }

  async commit(...checkpoints: Checkpoint[]): Promise<void> {
    const fences = this.fencesOf(checkpoints);
    await this.store.commit({ checkpoints, fences });
    for (const { partition, commitNo } of fences) this.commits.set(partition, commitNo);
  }

  async apply(...operations: ClientOperation[]): Promise<ClientResult[]> {
    const batch = { operations, previousCommitNo: this.clientCommits, commitNo: this.clientCommits + 1, lastKey: 7 };
    const results = await this.store.applyClientBatch(this.worker, batch);
    this.clientCommits += 1;
    return results;
  }

  async inbox(...partitions: number[]): Promise<InboxMessage[]> {
    return (await this.store.readInbox(this.worker, partitions.map((partition) => ({ partition, limit: 1_000 })), () => false)).messages;
  }

  async row(key: InstanceKey): Promise<InstanceRow | undefined> {
    return (await this.store.getInstances([key]))[0];
  }
}
