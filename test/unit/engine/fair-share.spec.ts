import { planShare } from '../../../lib/engine/fair-share.js';
import type { HubState } from '../../../lib/storage/store.js';

const worker = (workerId: number, live = true) => ({ workerId, incarnation: `w${workerId}`, worker: true, live, handlers: { orchestrators: [], activities: [] } });
const hub = (workers: HubState['workers'], owners: readonly (string | null)[], expired = false): HubState => ({
  time: 0, alive: true, workers, partitions: owners.map((owner, partition) => ({ partition, owner, epoch: 1, expired })),
});
const free = (count: number) => Array<string | null>(count).fill(null);

describe('planShare', () => {
  it.each([
    { partitions: 16, workers: 1, shares: [16] },
    { partitions: 16, workers: 3, shares: [6, 5, 5] },
    { partitions: 2, workers: 3, shares: [1, 1, 0] },
  ])('gives $workers workers of $partitions partitions $shares', ({ partitions, workers, shares }) => {
    const rows = Array.from({ length: workers }, (_, index) => worker(index + 1));
    expect(rows.map((row) => planShare(hub(rows, free(partitions)), row, new Map()).share)).toEqual(shares);
  });

  it('sends workers that begin at the same time to different partitions', () => {
    const rows = [worker(1), worker(2), worker(3)];
    const firsts = rows.map((row) => { const plan = planShare(hub(rows, free(16)), row, new Map()); return plan.free.slice(0, plan.share); });
    expect(firsts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, index) => index));
  });

  it('counts neither dead workers nor clients', () => {
    const rows = [worker(1), worker(2, false), { ...worker(3), worker: false }];
    expect(planShare(hub(rows, free(4)), rows[0]!, new Map()).share).toBe(4);
  });

  it('offers what is free or expired, not what others hold', () => {
    const rows = [worker(1), worker(2)];
    expect(planShare(hub(rows, [null, 'w2', 'w1', null]), rows[0]!, new Map()).free).toEqual([0, 2, 3]);
    expect(planShare(hub(rows, ['w2', 'w2'], true), rows[0]!, new Map()).free).toEqual([0, 1]);
  });

  it('knows what the database holds for the worker without its knowing', () => {
    const rows = [worker(1)];
    expect(planShare(hub(rows, ['w1', 'w1']), rows[0]!, new Map([[0, {}]])).strays.map(({ partition }) => partition)).toEqual([1]);
  });
});
