/** One run: from the seed to what was wrong. */
import { Random } from '../../chaos/random.js';
import type { CreateScenario } from '../contract.js';
import type { FaultKind } from './faults.js';
import { checkCommits } from './invariants.js';
import { World } from './world.js';

export interface SeedResult {
  readonly seed: number;
  readonly summary: string;
  readonly problems: readonly string[];
  /** Equal when two runs were the same, step by step. */
  readonly hash: string;
  readonly virtualMs: number;
  readonly instances: number;
  readonly commits: number;
  readonly isCalm: boolean;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
}

/** Beyond it the keys of messages would not be exact. */
export const MAX_SEED = 600_000;
/** So many of the problems of a seed are told. */
const MAX_PROBLEMS = 20;

/**
 * Runs a seed. In one Node process only seeds that rise: the ids of a run depend on the time of its calendar, which must not go back.
 * @param write gets the trace line by line
 */
export async function runSeed(seed: number, createScenario: CreateScenario, write?: (line: string) => void): Promise<SeedResult> {
  if (!Number.isInteger(seed) || seed < 1 || seed > MAX_SEED) throw new RangeError(`A seed is a whole number from 1 to ${MAX_SEED}, not ${seed}.`);
  const random = new Random(seed);
  const scenario = createScenario(random.fork());
  const world = await World.open(seed, random, scenario, write);
  const unhandled = (error: unknown) => world.failed(error);
  process.on('unhandledRejection', unhandled);
  try {
    const run = await world.run();
    const problems = [
      ...world.failures,
      ...(run.isSettled ? [] : [`I6: not everything has come to its end ${world.patience / 60_000} virtual minutes after the last fault: ${world.unsettled().join('; ')}.`]),
      ...checkCommits(run.audit, world),
      ...scenario.check(run),
    ];
    return {
      seed, problems: problems.slice(0, MAX_PROBLEMS),
      summary: scenario.summary,
      hash: world.digest(run.audit),
      virtualMs: world.now,
      instances: new Set(run.audit.filter(({ table }) => table === 'durable_instances').map(({ row }) => row.execution_id)).size,
      commits: world.written.length,
      isCalm: world.isCalm,
      faults: world.faultCounts,
    };
  } finally {
    process.off('unhandledRejection', unhandled);
    world.close();
  }
}
