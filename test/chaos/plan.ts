/** What one journey (the orchestration of the crash test) is to do. Known from the start, so that a model knows its end. */
import type { Random } from './random.js';

/** One generation of a journey: continueAsNew leads to the next. */
export interface Round {
  /** Durations of activities that run one after the other, ms. */
  readonly sequence: readonly number[];
  /** Durations of activities that run side by side, ms. */
  readonly fan: readonly number[];
  /** How often the flaky activity fails before it succeeds; 0–3. */
  readonly failures: number;
  /** Length of a durable timer, and of a wait for an event that never comes, ms. */
  readonly pause: number;
  /** External events that the round waits for. */
  readonly events: number;
  readonly legs: readonly Leg[];
  /** Whether it calls a sub-orchestration that fails in both its attempts. */
  readonly doomed: boolean;
}

/** A sub-orchestration. */
export interface Leg {
  /** Whether its instance id is given, rather than derived. */
  readonly named: boolean;
  /** Generations of the sub-orchestration itself. */
  readonly laps: number;
  /** Events that it sends to its parent in each lap. */
  readonly says: number;
}

export interface Plan {
  readonly id: string;
  readonly rounds: readonly Round[];
}

/** How often a round has a wide fan-out. */
const WIDE = 0.03;

/** @param slowness how many times as long as usual its activities take */
export function randomPlan(id: string, random: Random, slowness = 1): Plan {
  return { id, rounds: list(random.between(1, 3), () => randomRound(random, slowness)) };
}

/** Plans of journeys, as long as `more` answers the number of plans so far with true. */
export function* plansWhile(random: Random, more: (count: number) => boolean, slowness?: number): Generator<Plan, undefined> {
  for (let count = 0; more(count); count += 1) yield randomPlan(`journey-${count}`, random, slowness);
  return undefined;
}

/** Numbers of the external events that a journey needs, in order: 1 to n. */
export function eventNumbers({ rounds }: Plan): number[] {
  const count = rounds.reduce((sum, { events }) => sum + events, 0);
  return list(count, (index) => index + 1);
}

export function list<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => make(index));
}

function randomRound(random: Random, slowness: number): Round {
  return {
    sequence: list(random.between(1, 3), () => random.between(0, 40 * slowness)),
    fan: list(random.chance(WIDE) ? random.between(40, 100) : random.between(0, 5), () => random.between(0, 80 * slowness)),
    failures: random.between(0, 2),
    pause: random.between(1, 60),
    events: random.between(1, 4),
    legs: list(random.between(0, 2), () => ({ named: random.chance(0.5), laps: random.between(1, 2), says: random.between(0, 2) })),
    doomed: random.chance(0.2),
  };
}
