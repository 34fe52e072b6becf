/** What goes wrong, on purpose. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.js';

export interface Fault {
  readonly name: string;
  /** Does harm and makes it good again; answers how often it did: 0 when it found nothing to harm. */
  readonly strike: (random: Random) => Promise<number>;
}

/** How often each fault struck, by name. */
export type Strikes = Record<string, number>;

/** Pause between two faults, ms. */
const PAUSE = { least: 200, most: 2_000 };

/** One fault after the other, each of them once before one comes again, as long as `more` answers with true; the first ones always. */
export async function strikeAtRandom(faults: readonly Fault[], random: Random, strikes: Strikes, more: () => boolean): Promise<void> {
  for (const { name } of faults) strikes[name] = 0;
  do {
    for (const { name, strike } of shuffled(faults, random)) {
      await delay(random.between(PAUSE.least, PAUSE.most));
      strikes[name]! += await strike(random);
    }
  } while (more());
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.between(0, left.length - 1), 1)[0]!);
}
