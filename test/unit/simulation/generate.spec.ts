import { Random } from '../../chaos/random.js';
import { allSteps, leavesOf, type Leaf } from '../../simulation/scenario/program.js';
import { planRoots } from '../../simulation/scenario/roots.js';
import { createScenario } from '../../simulation/scenario/scenario.js';

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);
const roots = SEEDS.flatMap((seed) => planRoots(new Random(seed)));
const steps = roots.flatMap(({ program }) => [...allSteps(program)]);
const leaves = steps.flatMap((step): Leaf[] => ('work' in step ? leavesOf(step.work) : []));

describe('the scenarios of the simulation', () => {
  it('follow from the seed', () => {
    const plan = (seed: number) => createScenario(new Random(seed)).calls.map(({ at, from, title }) => `${at} ${from} ${title}`);
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  it('are plain data', () => {
    for (const { program } of roots) expect(JSON.parse(JSON.stringify(program))).toEqual(program);
  });

  it('hold every kind of step, of work and of root', () => {
    expect([...new Set(steps.map(({ kind }) => kind))].sort()).toEqual(['abandon', 'do', 'guid', 'later', 'section', 'send', 'signal', 'status', 'throw']);
    expect([...new Set(leaves.map(({ kind }) => kind))].sort()).toEqual(['activity', 'call', 'child', 'timer', 'wait']);
    expect([...new Set(roots.map(({ kind }) => kind))].sort()).toEqual(['contested', 'doomed', 'flawed', 'loose', 'purged', 'restarted', 'steady']);
  });

  it('let only programs wait without end that are sent what they wait for', () => {
    for (const { kind, program } of roots.filter((root) => root.kind !== 'steady')) {
      const waits = [...allSteps(program)].flatMap((step) => ('work' in step ? leavesOf(step.work) : [])).filter((leaf) => leaf.kind === 'wait');
      expect({ kind, endless: waits.filter(({ timeout }) => timeout === undefined) }).toEqual({ kind, endless: [] });
    }
  });
});
