/** All that may happen in a scenario, by its name. */
import type { CallOutcome } from '../contract.js';
import { MAX_REWINDS, type PlannedCall } from './calls.js';
import type { KnownOperation } from './checks/check-ledgers.js';
import { leavesOf, passedOn, type ChildWork, type Leaf, type Operation, type Program, type Sending, type Step } from './program.js';
import type { Root } from './roots.js';

export interface Knowledge {
  readonly operations: ReadonlyMap<string, KnownOperation>;
  readonly sendings: ReadonlyMap<string, Sending>;
  /** The root that a program was called from, at whatever depth. */
  rootOf(programId: string): Root | undefined;
  /** How often a program may be begun. */
  mostStarts(programId: string): number;
}

export function collect(roots: readonly Root[], calls: readonly PlannedCall[], outcomes: readonly CallOutcome[]): Knowledge {
  const collector = new Collector();
  for (const { program, kind } of roots) collector.add(program, kind === 'restarted' ? 2 : 1, kind === 'flawed' ? 1 + MAX_REWINDS : 1);
  for (const call of calls) {
    const { intent, from } = call;
    if (intent.kind === 'raise') collector.sendings.set(intent.sending.mark, intent.sending);
    if (intent.kind === 'signal') collector.addOperation(intent.operation, from === 'client' && intent.delay === undefined ? outcomes.find((outcome) => outcome.call === call)?.began : undefined, 1);
  }
  const { operations, sendings, starts } = collector;
  return {
    operations, sendings,
    rootOf: (programId) => roots.find(({ program }) => program.id === programId || programId.startsWith(`${program.id}.`)),
    mostStarts: (programId) => starts.get(programId) ?? 0,
  };
}

class Collector {
  readonly operations = new Map<string, KnownOperation>();
  readonly sendings = new Map<string, Sending>();
  readonly starts = new Map<string, number>();

  /** @param runs how often what has failed or was not answered may be run */
  add(program: Program, starts: number, runs: number): void {
    this.starts.set(program.id, starts);
    for (const { steps } of program.generations) for (const step of steps) this.addStep(step, starts, runs);
  }

  addOperation(operation: Operation, place: number | undefined, runs: number): void {
    this.operations.set(operation.id, { operation, most: runs, ...(runs === 1 && { place }) });
    const passed = passedOn(operation);
    if (passed) this.addOperation(passed, undefined, runs);
    if (operation.starts) this.add(operation.starts, runs, 1);
  }

  private addStep(step: Step, starts: number, runs: number): void {
    if (step.kind === 'send') this.sendings.set(step.mark, step);
    // At another time it is another signal to a rewind [K8].
    if (step.kind === 'signal') this.addOperation(step.operation, step.delay === undefined ? placeOf(step.operation) : undefined, step.delay === undefined ? 1 : runs);
    if ('steps' in step) for (const inner of step.steps) this.addStep(inner, starts, runs);
    const leaves = 'work' in step ? leavesOf(step.work) : [];
    for (const leaf of leaves) {
      if (leaf.kind === 'call') this.addOperation(leaf.operation, placeOf(leaf.operation), runs);
      if (leaf.kind !== 'child') continue;
      // One attempt that has failed is rewound itself, unless another child has its id by then; of several each rewind makes new ones.
      const isRewound = leaf.attempts === undefined && !hasTwin(leaf, leaves);
      this.add(leaf.program, isRewound ? starts : starts * (leaf.attempts ?? 1) * runs, runs);
    }
  }
}

function hasTwin({ instanceId }: ChildWork, leaves: readonly Leaf[]): boolean {
  return instanceId !== undefined && leaves.filter((leaf) => leaf.kind === 'child' && leaf.instanceId === instanceId).length > 1;
}

/** Labels of a program ascend in the order in which it does things. */
function placeOf({ id }: Operation): number {
  return Number(id.slice(id.lastIndexOf('.') + 1));
}
