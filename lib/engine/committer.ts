/**
 * Writes checkpoints: merges what is ready into one fenced transaction (I1, I2), finds out what became of a transaction
 * whose answer was lost, isolates a member that fails, and tries again while the database is away.
 */
import type { Checkpoint, DurableStore, EntityWrite, PartitionFence } from '../storage/store.js';
import { FenceLostError, OutcomeUnknownError, StaleMemberError } from '../storage/errors.js';
import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import { MergeQueue, type Settle } from './merge-queue.js';
import type { CommitCounts } from './metrics.js';
import type { Partition } from './partition.js';
import type { StoreHealth } from './store-health.js';

/** Why a checkpoint was not written. */
export type DropReason = 'partition-lost' | 'stale' | 'refused';

export interface PendingCheckpoint {
  readonly partition: Partition;
  readonly checkpoint: Checkpoint;
  committed(): void;
  dropped(reason: DropReason, error?: unknown): void;
}

export interface CommitterPort {
  readonly store: Pick<DurableStore, 'commit' | 'resolveCommit'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly metrics: CommitCounts;
  /** Somebody else owns these partitions. */
  lose(partitions: readonly Partition[]): void;
  /** What was to follow from a commit has failed by a defect: nothing in memory of the partition can be relied on. */
  failed(partition: Partition, instanceId: string, error: unknown): void;
}

/** Bounds of one transaction (I7). */
const LIMITS = { maxItems: 256, maxWeight: 1024 * 1024 };

export class Committer {
  private readonly queue: MergeQueue<PendingCheckpoint>;
  private stopped = false;

  constructor(private readonly port: CommitterPort) {
    this.queue = new MergeQueue((batch, weight) => this.write(batch, weight), LIMITS);
  }

  submit(pending: PendingCheckpoint): void {
    this.queue.submit(pending, weigh(pending.checkpoint));
  }

  whenIdle(): Promise<void> {
    return this.queue.whenIdle();
  }

  /** Gives up what cannot be written because the database is away. */
  stop(): void {
    this.stopped = true;
  }

  private async write(batch: PendingCheckpoint[], weight: number): Promise<Settle | undefined> {
    const { clock, metrics } = this.port;
    const backoff = new Backoff(clock, { first: 10, max: 1_000 });
    for (let rest = batch; rest.length > 0; ) {
      rest = this.withoutLost(rest);
      if (rest.length === 0) break;
      const fences = fencesOf(rest);
      const sentAt = clock.monotonic();
      try {
        await this.port.store.commit({ checkpoints: rest.map(({ checkpoint }) => checkpoint), fences: fences.map(({ fence }) => fence) });
      } catch (error) {
        rest = await this.recover(error, rest, fences, backoff);
        continue;
      }
      metrics.latency.add(clock.monotonic() - sentAt);
      metrics.bytes.add(weight);
      this.port.health.reached();
      return this.succeed(rest, fences);
    }
    return undefined;
  }

  /** Answers what is to be written again. */
  private async recover(error: unknown, batch: PendingCheckpoint[], fences: Fences, backoff: Backoff): Promise<PendingCheckpoint[]> {
    const { metrics } = this.port;
    if (error instanceof FenceLostError) {
      metrics.fenced += 1;
      this.port.lose(fences.filter(({ fence }) => error.partitions.includes(fence.partition)).map(({ partition }) => partition));
      if (error.partitions.length === 0) await backoff.wait();
      return batch;
    }
    if (error instanceof OutcomeUnknownError) {
      metrics.unknownOutcome += 1;
      return this.resolve(batch, fences, backoff);
    }
    const isStale = error instanceof StaleMemberError;
    if (isStale || !this.port.health.isTransient(error)) {
      if (batch.length > 1) {
        for (const member of batch) (await this.write([member], weigh(member.checkpoint)))?.();
        return [];
      }
      metrics[isStale ? 'stale' : 'refused'] += 1;
      this.drop(batch, isStale ? 'stale' : 'refused', error);
      return [];
    }
    this.port.health.failed(error);
    if (this.stopped) return this.drop(batch, 'refused', error);
    metrics.retried += 1;
    await backoff.wait();
    return batch;
  }

  /** The answer to COMMIT was lost: the partitions' rows tell (I2). */
  private async resolve(batch: PendingCheckpoint[], fences: Fences, backoff: Backoff): Promise<PendingCheckpoint[]> {
    for (;;) {
      try {
        const answers = await this.port.store.resolveCommit(fences.map(({ fence }) => fence));
        this.port.health.reached();
        this.port.lose(fences.filter((_, index) => answers[index] === 'lost').map(({ partition }) => partition));
        if (!answers.includes('committed')) {
          for (const [index, { partition, fence }] of fences.entries()) if (answers[index] === 'not-committed') partition.voided(fence);
          await backoff.wait();
          return batch;
        }
        this.succeed(this.withoutLost(batch), fences)();
        return [];
      } catch (error) {
        this.port.health.failed(error);
        if (this.stopped) return this.drop(batch, 'refused', error);
        await backoff.wait();
      }
    }
  }

  /** The partitions hear of it at once, for the fences of the next commit; @returns what tells the members */
  private succeed(batch: PendingCheckpoint[], fences: Fences): Settle {
    const { metrics } = this.port;
    metrics.count += 1;
    metrics.checkpoints += batch.length;
    metrics.members.add(batch.length);
    for (const { partition, fence } of fences) partition.committed(fence);
    return () => {
      for (const member of batch) this.tell(member, () => member.committed());
    };
  }

  private withoutLost(batch: PendingCheckpoint[]): PendingCheckpoint[] {
    const rest = batch.filter(({ partition }) => partition.state !== 'lost');
    if (rest.length < batch.length) this.drop(batch.filter(({ partition }) => partition.state === 'lost'), 'partition-lost');
    return rest;
  }

  private drop(batch: readonly PendingCheckpoint[], reason: DropReason, error?: unknown): PendingCheckpoint[] {
    for (const member of batch) this.tell(member, () => member.dropped(reason, error));
    return [];
  }

  /** One that fails does not keep the others of its batch from hearing. */
  private tell({ partition, checkpoint }: PendingCheckpoint, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.port.failed(partition, checkpoint.instanceId, error);
    }
  }
}

type Fences = readonly { readonly partition: Partition; readonly fence: PartitionFence }[];

function fencesOf(batch: readonly PendingCheckpoint[]): Fences {
  const partitions = [...new Set(batch.map(({ partition }) => partition))].sort((a, b) => a.index - b.index);
  return partitions.map((partition) => ({ partition, fence: partition.nextFence() }));
}

/** Bytes of a checkpoint, about. */
function weigh(checkpoint: Checkpoint): number {
  let weight = 500;
  for (const { events } of checkpoint.history) for (const event of events) weight += 100 + textLength(event);
  for (const { body } of checkpoint.messages) weight += 200 + textLength(body) + ('event' in body ? textLength(body.event) : 0);
  for (const activity of checkpoint.readyActivities) weight += 200 + textLength(activity);
  for (const activity of checkpoint.runningActivities) weight += 200 + textLength(activity);
  if (checkpoint.entity) weight += weighEntity(checkpoint.entity);
  if ('row' in checkpoint.write) weight += textLength(checkpoint.write.row) + (checkpoint.write.row.output?.length ?? 0);
  return weight;
}

function weighEntity({ row, queued, dequeued }: EntityWrite): number {
  let weight = 100 * dequeued.length;
  for (const { body } of queued) weight += 200 + textLength(body);
  // A state that stays as it is, is not written.
  if ('row' in row && !(row.kind === 'update' && row.row.state === row.expected.state)) weight += row.row.state?.length ?? 0;
  return weight;
}

function textLength(holder: object): number {
  const { input, result } = holder as { input?: string; result?: string };
  return (input?.length ?? 0) + (result?.length ?? 0);
}
