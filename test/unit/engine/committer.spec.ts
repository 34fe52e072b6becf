/** How checkpoints are merged into transactions, and what becomes of each when one fails. */
import { Committer, type DropReason } from '../../../lib/engine/committer.js';
import { newMetrics, type CommitCounts } from '../../../lib/engine/metrics.js';
import type { Partition } from '../../../lib/engine/partition.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import { FenceLostError, OutcomeUnknownError, StaleMemberError, TransientStoreError } from '../../../lib/storage/errors.js';
import type { Checkpoint, CommitBatch, CommitOutcome } from '../../../lib/storage/store.js';
import { ManualClock } from './support/manual-clock.js';
import { TestLog } from './support/test-log.js';
import { testPartition } from './support/test-partition.js';

const checkpoint = (partition: number, instanceId: string): Checkpoint => ({
  partition, instanceId, write: { kind: 'none' }, history: [], consumedMessages: [], consumedActivities: [], deletedTimers: [], cancelledTimers: [],
  messages: [], timers: [], readyActivities: [], runningActivities: [], garbage: [], abandonedActivities: [],
});

describe('Committer', () => {
  const clock = new ManualClock();
  let partitions: Partition[];
  let batches: CommitBatch[];
  let outcomes: Record<string, 'committed' | DropReason>;
  let answer: (batch: CommitBatch, call: number) => Error | undefined;
  let resolved: readonly CommitOutcome[];
  let committer: Committer;
  let metrics: CommitCounts;
  let failures: [partition: number, instanceId: string, message: string][];

  beforeEach(() => {
    partitions = [testPartition(0), testPartition(1)];
    [batches, outcomes, answer, resolved, failures] = [[], {}, () => undefined, [], []];
    metrics = newMetrics().commits;
    committer = new Committer({
      metrics,
      store: {
        commit(batch) {
          batches.push(batch);
          const error = answer(batch, batches.length);
          return error ? Promise.reject(error) : Promise.resolve();
        },
        resolveCommit: () => Promise.resolve([...resolved]),
      },
      clock,
      health: new StoreHealth(new TestLog(), 'Test', () => 0),
      lose: (lost) => lost.forEach((partition) => (partition.state = 'lost')),
      failed: (partition, instanceId, error) => failures.push([partition.index, instanceId, (error as Error).message]),
    });
  });

  const submit = (index: number, instanceId: string) =>
    committer.submit({
      partition: partitions[index]!,
      checkpoint: checkpoint(index, instanceId),
      committed: () => (outcomes[instanceId] = 'committed'),
      dropped: (reason) => (outcomes[instanceId] = reason),
    });
  const members = () => batches.map(({ checkpoints }) => checkpoints.map(({ instanceId }) => instanceId).join());

  it('merges what is ready into one transaction, fenced once per partition, ascending', async () => {
    submit(1, 'a');
    submit(0, 'b');
    submit(1, 'c');
    await clock.advance(0);
    expect(members()).toEqual(['a,b,c']);
    expect(batches[0]!.fences.map(({ partition, previousCommitNo, commitNo }) => [partition, previousCommitNo, commitNo])).toEqual([[0, 7, 8], [1, 7, 8]]);
    expect(outcomes).toEqual({ a: 'committed', b: 'committed', c: 'committed' });
  });

  it('sends a full batch before it tells the members of the one before, which hear of theirs first', async () => {
    const told: string[] = [];
    let batchesWhenTold = 0;
    for (let number = 0; number < 600; number++) {
      committer.submit({
        partition: partitions[number % 2]!,
        checkpoint: checkpoint(number % 2, `i${number}`),
        committed: () => {
          if (told.length === 0) batchesWhenTold = batches.length;
          told.push(`i${number}`);
        },
        dropped: () => told.push('dropped'),
      });
    }
    await committer.whenIdle();
    expect(batches.map(({ checkpoints }) => checkpoints.length)).toEqual([256, 256, 88]);
    expect(batchesWhenTold).toBe(2);
    expect(told).toEqual(Array.from({ length: 600 }, (_, number) => `i${number}`));
    expect(batches.map(({ fences }) => fences.map(({ previousCommitNo }) => previousCommitNo))).toEqual([[7, 7], [8, 8], [9, 9]]);
  });

  it('[I4] isolates a member that does not match its rows', async () => {
    answer = ({ checkpoints }) => (checkpoints.some(({ instanceId }) => instanceId === 'b') ? new StaleMemberError('stale') : undefined);
    for (const instanceId of ['a', 'b', 'c']) submit(0, instanceId);
    await clock.advance(0);
    expect(outcomes).toEqual({ a: 'committed', b: 'stale', c: 'committed' });
    expect(members()).toEqual(['a,b,c', 'a', 'b', 'c']);
    expect(partitions[0]!.nextFence().previousCommitNo).toBe(9);
  });

  it('tries again with the same fence when nothing was written', async () => {
    answer = (_, call) => (call < 3 ? new TransientStoreError('away') : undefined);
    submit(0, 'a');
    await clock.advance(1_000);
    expect(outcomes).toEqual({ a: 'committed' });
    expect(batches.map(({ fences }) => fences[0]!.commitNo)).toEqual([8, 8, 8]);
  });

  it('[I2] drops the members of a lost partition and writes the others', async () => {
    answer = (_, call) => (call === 1 ? new FenceLostError('taken', [1]) : undefined);
    submit(0, 'a');
    submit(1, 'b');
    await clock.advance(0);
    expect(outcomes).toEqual({ a: 'committed', b: 'partition-lost' });
    expect(members()).toEqual(['a,b', 'a']);
  });

  it.each<[string, CommitOutcome[], Record<string, string>, number]>([
    ['written', ['committed', 'committed'], { a: 'committed', b: 'committed' }, 1],
    ['not written', ['not-committed', 'not-committed'], { a: 'committed', b: 'committed' }, 2],
    ['written, and a partition lost since', ['committed', 'lost'], { a: 'committed', b: 'partition-lost' }, 1],
    ['not written, and a partition lost since', ['not-committed', 'lost'], { a: 'committed', b: 'partition-lost' }, 2],
  ])('[I2] finds out by the fences what became of a commit without answer: %s', async (_, states, expected, commits) => {
    resolved = states;
    answer = (_batch, call) => (call === 1 ? new OutcomeUnknownError('no answer') : undefined);
    submit(0, 'a');
    submit(1, 'b');
    await clock.advance(1_000);
    expect(outcomes).toEqual(expected);
    expect(batches).toHaveLength(commits);
  });

  it('[I7] bounds a transaction', async () => {
    for (let index = 0; index < 600; index += 1) submit(0, `i${index}`);
    await clock.advance(0);
    await committer.whenIdle();
    expect(batches.map(({ checkpoints }) => checkpoints.length)).toEqual([256, 256, 88]);
  });

  it('gives up what cannot be written once it has been told to stop', async () => {
    answer = () => new TransientStoreError('away');
    submit(0, 'a');
    await clock.advance(100);
    committer.stop();
    await clock.advance(2_000);
    expect(outcomes).toEqual({ a: 'refused' });
    expect(clock.waiting).toBe(0);
  });
});
