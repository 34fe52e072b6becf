import type { BenchDatabase } from './databases.js';
import { mediansOf, type Figures, type Samples } from './figures.js';
import { measureSpeed } from './machine.js';

/** What a measure works with. */
export interface Bench {
  readonly database: BenchDatabase;
  /** Finished instances that the tables hold for the measures of them. */
  readonly finished: number;
  /** Orchestrations that sleep at the same time. */
  readonly sleeping: number;
  /** Tells what happens, for people who wait. */
  readonly progress: (step: string) => void;
}

export const ROUNDS = 3;
/** ms of one raw measurement. */
const RAW_DURATION = 1_000;

/**
 * Medians of rounds, each of which measures the machine and the raw limit first, so that what disturbs the machine for a while is
 * seen, and disturbs a ratio's two sides alike.
 */
export async function inRounds({ database, progress }: Bench, what: string, round: () => Promise<Samples>, count = ROUNDS): Promise<Figures> {
  const rounds: Samples[] = [];
  for (let number = 1; number <= count; number += 1) {
    progress(`${what}, round ${number} of ${count}`);
    rounds.push({ ...(await measureMachine()), ...(await measureRaw(database)), ...(await round()) });
  }
  return mediansOf(rounds);
}

/** How fast the machine is now. */
export async function measureMachine() {
  const { flush, processor } = await measureSpeed();
  return { flush: { value: flush }, processor: { value: processor } } satisfies Samples;
}

/** The fastest of the database's ways of writing. */
async function measureRaw({ raw }: BenchDatabase): Promise<Samples> {
  const results: { readonly value: number; readonly note: string }[] = [];
  for (const { how, measure } of raw) results.push({ value: await measure(RAW_DURATION), note: how });
  return { raw: results.reduce((best, result) => (result.value > best.value ? result : best)) };
}
