import { InvalidInstanceIdError, partitionOf, subOrchestrationId, validateInstanceId } from '../../../lib/core/index.js';

describe('partitionOf', () => {
  // Rows are found by these numbers: they never change. Computed apart from this code, from the published algorithms.
  it.each([
    ['a', 3, 51, 0],
    ['order-1', 12, 28, 4],
    ['order-2', 0, 0, 0],
    ['0f8fad5b-d9cb-469f-a165-70867728950e', 13, 45, 0],
    ['@counter@key', 9, 25, 6],
    ['bestellung-ä-1', 1, 49, 5],
    ['日本', 15, 31, 5],
    ['😀', 10, 10, 4],
  ])('%s is in partition %i of 16, %i of 64 and %i of 7', (id, of16, of64, of7) => {
    expect([partitionOf(id, 16), partitionOf(id, 64), partitionOf(id, 7)]).toEqual([of16, of64, of7]);
  });

  it('spreads ids that differ in their last digits evenly', () => {
    const counts = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 16_000; i++) counts[partitionOf(`order-${i}`, 16)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });
});

describe('subOrchestrationId', () => {
  const execution = '0198e0f3-7f2a-7c3e-9d55-1b2c3d4e5f60';

  // A stored format as well, computed apart from this code.
  it.each([
    [0, 0, 16, '0.0'],
    [0, 9, 16, '0.5'],
    [1, 3, 16, '1.10'],
    [3, 14, 16, '3'],
    [7, 63, 64, '7'],
    [99_999, 0, 7, '99999.0'],
    [5, 0, 1, '5'],
  ])('[S1] of task %i, in partition %i of %i, ends in %s', (taskId, partition, partitionCount, end) => {
    const id = subOrchestrationId(execution, taskId, { partition, partitionCount });
    expect(id).toBe(`${execution}:${end}`);
    expect(partitionOf(id, partitionCount)).toBe(partition);
  });

  it('[S1] can be placed in each of 64 partitions, and stays short', () => {
    for (let partition = 0; partition < 64; partition++) {
      const id = subOrchestrationId(execution, 99_999, { partition, partitionCount: 64 });
      expect(partitionOf(id, 64)).toBe(partition);
      expect(id.length).toBeLessThan(50);
    }
  });
});

describe('ids of users [N1]', () => {
  it.each(['a', 'order-1', 'a b.c:d_e@f', 'ä日本😀', 'x'.repeat(255)])('[N1] %s is allowed', (id) => {
    expect(() => validateInstanceId(id)).not.toThrow();
  });

  it.each([
    ['', /it is empty/],
    ['@counter@1', /begin with '@'/],
    ['x'.repeat(256), /256 characters, 255 are allowed/],
    ['a/b', /one of/],
    ['a\\b', /one of/],
    ['a#b', /one of/],
    ['a?b', /one of/],
    ['a\nb', /control character/],
    ['a\u0085b', /control character/],
    ['a\ud800b', /control character/],
  ])('[N1] %j is refused', (id, message) => {
    expect(() => validateInstanceId(id)).toThrow(InvalidInstanceIdError);
    expect(() => validateInstanceId(id)).toThrow(message);
  });

  it('[N1] what is no string is refused', () => {
    expect(() => validateInstanceId(5 as never)).toThrow(/no string but number/);
  });
});
