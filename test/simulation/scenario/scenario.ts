/** A scenario of the simulation: random programs, what clients do to them, and what must come of it. All from the seed. */
import type { CreateScenario } from '../contract.js';
import { planCalls } from './calls.js';
import { checkRun } from './checker.js';
import { createHandlers } from './handlers.js';
import { allSteps } from './program.js';
import { planRoots } from './roots.js';

export const createScenario: CreateScenario = (random) => {
  const roots = planRoots(random);
  const repaired = new Set<string>();
  const isRepaired = (label: string) => repaired.has(rootIdOf(label));
  const calls = planCalls(roots, random, ({ id }) => repaired.add(id));
  const steps = roots.reduce((sum, { program }) => sum + [...allSteps(program)].length, 0);
  return {
    summary: `${roots.map(({ kind, program }) => `${program.id} ${kind}`).join(', ')}; ${steps} steps, ${calls.length} calls`,
    calls,
    handlers: (process) => createHandlers(process, isRepaired),
    check: (run) => checkRun(run, roots, calls, isRepaired),
  };
};

/** The labels of a program begin with its id, the ids of what it calls too. */
function rootIdOf(label: string): string {
  return label.split('.', 1)[0]!;
}
