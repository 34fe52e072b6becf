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

/** A fault that has been made good again. */
export interface Struck {
  readonly name: string;
  readonly times: number;
  /** Since the epoch, ms. */
  readonly began: number;
  readonly ended: number;
}

/** Pause between two faults, ms. */
const PAUSE = { least: 200, most: 2_000 };

/** One fault after the other, each of them once before one comes again, as long as `more` answers with true; the first ones always. */
export async function strikeAtRandom(faults: readonly Fault[], random: Random, struck: (fault: Struck) => void, more: () => boolean): Promise<void> {
  do {
    for (const { name, strike } of shuffled(faults, random)) {
      await delay(random.between(PAUSE.least, PAUSE.most));
      const began = Date.now();
      struck({ name, times: await strike(random), began, ended: Date.now() });
    }
  } while (more());
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.between(0, left.length - 1), 1)[0]!);
}
