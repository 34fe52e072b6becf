import { planShare } from '../../../lib/engine/fair-share.js';
import type { HubState } from '../../../lib/storage/store.js';

/** A worker with these orchestrators, written `name` or `name@version`, and entities. */
const worker = (workerId: number, orchestrators: readonly string[] = [], entities: readonly string[] = []) => ({
  workerId, incarnation: `w${workerId}`, worker: true, live: true, handlers: { orchestrators: orchestrators.map(ref), activities: [], entities },
});
const ref = (text: string) => {
  const [name, version] = text.split('@');
  return { name: name!, ...(version !== undefined && { version }) };
};
const hub = (workers: HubState['workers'], owners: readonly (string | null)[], expired = false): HubState => ({
  time: 0, alive: true, workers, partitions: owners.map((owner, partition) => ({ partition, owner, epoch: 1, expired })),
});
const free = (count: number) => Array<string | null>(count).fill(null);
const sharesOf = (partitions: number, rows: HubState['workers']) => rows.map((row) => planShare(hub(rows, free(partitions)), row, new Map()).share);

describe('planShare', () => {
  it.each([
    { partitions: 16, workers: 1, shares: [16] },
    { partitions: 16, workers: 3, shares: [6, 5, 5] },
    { partitions: 2, workers: 3, shares: [1, 1, 0] },
  ])('gives $workers workers of $partitions partitions $shares', ({ partitions, workers, shares }) => {
    const rows = Array.from({ length: workers }, (_, index) => worker(index + 1));
    expect(sharesOf(partitions, rows)).toEqual(shares);
  });

  it('sends workers that begin at the same time to different partitions', () => {
    const rows = [worker(1), worker(2), worker(3)];
    const firsts = rows.map((row) => { const plan = planShare(hub(rows, free(16)), row, new Map()); return plan.free.slice(0, plan.share); });
    expect(firsts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, index) => index));
  });

  it('[Y6] gives a worker no partitions whose orchestrators another one has all and more', () => {
    const rows = [worker(1, ['a@1']), worker(2, ['a@1', 'a@2']), worker(3, ['a@2', 'a@1']), worker(4)];
    expect(sharesOf(16, rows)).toEqual([0, 8, 8, 0]);
  });

  it('[Y6] counts no dead worker and no client among those that have more', () => {
    const rows = [worker(1, ['a']), { ...worker(2, ['a', 'b']), live: false }, { ...worker(3, ['a', 'b']), worker: false }];
    expect(planShare(hub(rows, free(4)), rows[0]!, new Map()).share).toBe(4);
  });

  it('[Y6] gives workers without orchestrators partitions when nobody has any', () => {
    expect(sharesOf(4, [worker(1), worker(2)])).toEqual([2, 2]);
  });

  it('[Y6] shares equally among workers none of which has all, and says what each lacks', () => {
    const rows = [worker(1, ['a', 'b@1']), worker(2, ['a', 'b@2']), worker(3, ['a'])];
    expect(sharesOf(4, rows)).toEqual([2, 2, 0]);
    expect(planShare(hub(rows, free(4)), rows[2]!, new Map()).lacks).toEqual([
      { workerId: 1, handlers: [{ kind: 'orchestrator', name: 'b', version: '2' }] },
      { workerId: 2, handlers: [{ kind: 'orchestrator', name: 'b', version: '1' }] },
    ]);
  });

  it('[Y6] entities count like orchestrators: who lacks one that another has owns nothing', () => {
    expect(sharesOf(16, [worker(1, ['a']), worker(2, ['a'], ['counter']), worker(3, [], ['counter'])])).toEqual([0, 16, 0]);
  });

  it('[Y6] an orchestrator and an entity of one name are two handlers', () => {
    const rows = [worker(1, ['counter']), worker(2, [], ['counter'])];
    expect(sharesOf(4, rows)).toEqual([2, 2]);
    expect(planShare(hub(rows, free(4)), rows[0]!, new Map()).lacks).toEqual([
      { workerId: 1, handlers: [{ kind: 'entity', name: 'counter' }] },
      { workerId: 2, handlers: [{ kind: 'orchestrator', name: 'counter' }] },
    ]);
  });

  it('counts neither dead workers nor clients', () => {
    const rows = [worker(1), { ...worker(2), live: false }, { ...worker(3), worker: false }];
    expect(planShare(hub(rows, free(4)), rows[0]!, new Map()).share).toBe(4);
  });

  it('takes what is free or expired, not what others hold', () => {
    const rows = [worker(1), worker(2)];
    expect(planShare(hub(rows, [null, 'w2', 'w1', null]), rows[0]!, new Map()).free).toEqual([0, 3]);
    expect(planShare(hub(rows, ['w2', 'w2'], true), rows[0]!, new Map()).free).toEqual([0, 1]);
  });

  it('knows what the database holds for the worker without its knowing', () => {
    const rows = [worker(1)];
    expect(planShare(hub(rows, ['w1', 'w1']), rows[0]!, new Map([[0, {}]]))).toMatchObject({ assigned: [1], free: [] });
  });
});
