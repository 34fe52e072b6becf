/** Who is next: what goes on, then what begins, which has a share all the same. */
import { ReadyLines } from '../../../lib/engine/ready-lines.js';

describe('ReadyLines', () => {
  let lines: ReadyLines<string>;
  beforeEach(() => {
    lines = new ReadyLines();
  });

  const add = (texts: string, begins: boolean) => {
    for (const text of texts.split(' ')) lines.add(text, begins);
  };
  const take = (count = lines.length) => Array.from({ length: count }, () => lines.next()).join(' ');

  it('[I7] what goes on comes before what begins, each in the order in which it came', () => {
    add('b1 b2', true);
    add('g1 g2', false);
    expect(lines.length).toBe(4);
    expect(take(1)).toBe('g1');
    add('g3', false);
    expect(take()).toBe('g2 g3 b1 b2');
    expect(lines.next()).toBeUndefined();
    expect(lines.length).toBe(0);
  });

  it('[C3] what never rests leaves each eighth turn to what begins', () => {
    add(Array.from({ length: 30 }, (_, index) => `b${index}`).join(' '), true);
    const taken: string[] = [];
    while (taken.length < 80) {
      lines.add('g', false);
      taken.push(lines.next()!);
    }
    expect(taken.filter((text) => text !== 'g')).toEqual(Array.from({ length: 10 }, (_, index) => `b${index}`));
  });

  it('what begins has all turns while nothing goes on', () => {
    add('b1 b2 b3', true);
    expect(take(2)).toBe('b1 b2');
    add('g', false);
    expect(take()).toBe('g b3');
  });

  it('keeps nothing of those that had their turns, however many were added meanwhile', () => {
    const expected: string[] = [];
    const taken: string[] = [];
    for (let index = 0; index < 10_000; index += 1) {
      lines.add(`g${index}`, false);
      expected.push(`g${index}`);
      if (index % 3 > 0) taken.push(lines.next()!);
    }
    while (lines.length > 0) taken.push(lines.next()!);
    expect(taken).toEqual(expected);
    expect(lines['goingOn']['items']).toEqual([]);
  });

  it('is empty after it was cleared', () => {
    add('b', true);
    add('g', false);
    lines.clear();
    expect(lines.length).toBe(0);
    expect(lines.next()).toBeUndefined();
  });
});
