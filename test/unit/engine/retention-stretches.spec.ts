import { Stretches } from '../../../lib/engine/retention-stretches.js';

/** Looks at the first stretch that is due: so many instances of it were kept, until this time. */
function look(stretches: Stretches, seen: { readonly to?: number; readonly kept: number; readonly dueAt: number }, now = 0) {
  const stretch = stretches.due(now)!;
  stretches.looked(stretch, { from: stretch.from, to: stretch.to, ...seen }, now);
}

describe('the stretches that the retention remembers', () => {
  it('begin with the first instance ever, and have no gaps', () => {
    const stretches = new Stretches(10);
    stretches.extend(1_000);
    expect(stretches.due(0)).toMatchObject({ from: 0, to: 1_000 });
    look(stretches, { to: 400, kept: 8, dueAt: 500 });
    expect(stretches.due(0)).toMatchObject({ from: 400, to: 1_000 });
    look(stretches, { kept: 8, dueAt: 700 });
    expect(stretches.due(0)).toBeUndefined();
    stretches.extend(1_500);
    expect(stretches.due(0)).toMatchObject({ from: 1_000, to: 1_500 });
  });

  it('are looked at again when one of their instances may be due, and not before', () => {
    const stretches = new Stretches(10);
    stretches.extend(1_000);
    look(stretches, { to: 400, kept: 8, dueAt: 500 });
    look(stretches, { kept: 8, dueAt: 300 });
    expect(stretches.due(299)).toBeUndefined();
    expect(stretches.due(300)).toMatchObject({ from: 400 });
    expect(stretches.due(500)).toMatchObject({ from: 0 });
  });

  it('become one when little is left of them, due at the earlier time', () => {
    const stretches = new Stretches(10);
    for (const [to, kept, dueAt] of [[100, 4, 900], [200, 4, 800], [300, 4, 700]] as const) {
      stretches.extend(to);
      look(stretches, { kept, dueAt });
    }
    expect(stretches.length).toBe(2);
    expect(stretches.due(700)).toEqual({ from: 200, to: 300, kept: 4, dueAt: 700 });
    expect(stretches.due(800)).toEqual({ from: 0, to: 200, kept: 8, dueAt: 800 });
    look(stretches, { kept: 0, dueAt: 5_000 }, 800);
    look(stretches, { kept: 1, dueAt: 5_000 }, 800);
    expect(stretches.length).toBe(1);
  });

  it('get longer when there are too many', () => {
    const stretches = new Stretches(1, 100);
    for (let to = 1; to <= 5_000; to += 1) {
      stretches.extend(to);
      look(stretches, { kept: 1, dueAt: 10_000 + to });
      expect(stretches.length).toBeLessThanOrEqual(100);
    }
    expect(stretches.due(10_001)!.from).toBe(0);
    expect(stretches.sizeOfOne).toBeGreaterThanOrEqual(50);
  });
});
