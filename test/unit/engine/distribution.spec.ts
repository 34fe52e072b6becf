import { Distribution } from '../../../lib/engine/distribution.js';

const added = (...values: number[]) => {
  const distribution = new Distribution();
  for (const value of values) distribution.add(value);
  return distribution.snapshot();
};

describe('Distribution', () => {
  it('is all zeros as long as there is no value', () => {
    expect(added()).toEqual({ count: 0, sum: 0, p50: 0, p99: 0, max: 0 });
  });

  it('orders what came in any order', () => {
    expect(added(5)).toEqual({ count: 1, sum: 5, p50: 5, p99: 5, max: 5 });
    expect(added(9, 1, 100, 2)).toEqual({ count: 4, sum: 112, p50: 2, p99: 100, max: 100 });
    expect(added(...Array.from({ length: 1_000 }, (_, index) => 1_000 - index))).toEqual({ count: 1_000, sum: 500_500, p50: 500, p99: 990, max: 1_000 });
  });

  it('counts all, and shows the spread of the latest 1 024', () => {
    const late = Array.from({ length: 1_024 }, () => 7);
    expect(added(1_000_000, ...late)).toEqual({ count: 1_025, sum: 1_000_000 + 7 * 1_024, p50: 7, p99: 7, max: 7 });
  });
});
