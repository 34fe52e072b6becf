/** How often things may happen in the simulation, where a rewind repeats them [K8]. */
import { collect } from '../../simulation/scenario/knowledge.js';
import { MAX_REWINDS } from '../../simulation/scenario/calls.js';
import type { Program, Step } from '../../simulation/scenario/program.js';

const REPEATED = 1 + MAX_REWINDS;
const program = (id: string, steps: readonly Step[]): Program => ({ id, generations: [{ preserves: true, steps }] });
const of = (steps: readonly Step[], kind: 'flawed' | 'steady') => collect([{ kind, program: program('p0', steps), instanceId: 'a' }], [], []);
const signal = (delay?: number): Step => ({ kind: 'signal', operation: { key: 'a', id: 'p0.1', amount: 5, ms: 0 }, ...(delay !== undefined && { delay }) });
const child = (id: string, instanceId: string) => ({ kind: 'child', program: program(id, []), instanceId }) as const;
const all = (...ids: readonly string[]): Step => ({ kind: 'do', work: { kind: 'all', cancels: false, of: ids.map((id, index) => child(`p0.${index + 1}`, id)) } });

describe('what a scenario knows', () => {
  it.each([
    ['a signal', undefined, 1],
    ['a delayed signal, which is another one at another time', 100, REPEATED],
  ])('%s of a program that is rewound', (_, delay, most) => {
    expect(of([signal(delay)], 'flawed').operations.get('p0.1')?.most).toBe(most);
    expect(of([signal(delay)], 'steady').operations.get('p0.1')?.most).toBe(1);
  });

  it('a child that is rewound itself is begun once, one whose id another child has taken anew with each rewind', () => {
    expect(of([all('one', 'two')], 'flawed').mostStarts('p0.1')).toBe(1);
    expect(of([all('twin', 'twin')], 'flawed').mostStarts('p0.1')).toBe(REPEATED);
    expect(of([all('twin', 'twin')], 'steady').mostStarts('p0.1')).toBe(1);
  });
});
