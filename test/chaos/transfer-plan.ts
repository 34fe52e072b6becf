/** What one orchestration of the transfer test is to do. Known from the start; which transfers are refused is not. */
import { list } from './plan.js';
import type { Random } from './random.js';

/** A critical section over two or three accounts: the first of them pays the others. */
export interface Transfer {
  /** Keys, in the order in which they are named to the lock. */
  readonly accounts: readonly string[];
  /** What each of the others gets. */
  readonly amount: number;
  /** How long each operation takes, ms. */
  readonly wait: number;
  /** Duration of an activity within the section, ms; absent: there is none. */
  readonly pause?: number;
  /** An account outside of the section that is paid by a signal from within. */
  readonly tip?: string;
}

/** One generation: continueAsNew leads to the next. */
export interface TransferRound {
  readonly transfers: readonly Transfer[];
  /** Made by a sub-orchestration, beside all transfers but the last. */
  readonly branch?: Transfer;
  /** Whether the generation ends within its last critical section. */
  readonly holdsOn: boolean;
}

export type TransferEnd =
  | { readonly kind: 'completes' }
  /** It throws within its last critical section. */
  | { readonly kind: 'fails' }
  /** It begins its rounds again and again, until it is terminated so long after its start, ms. */
  | { readonly kind: 'terminated'; readonly after: number; readonly recursive: boolean };

export interface TransferPlan {
  readonly id: string;
  readonly rounds: readonly TransferRound[];
  readonly end: TransferEnd;
}

export const ACCOUNTS: readonly string[] = list(20, (index) => `account-${index}`);
/** What an account holds before its first operation: some transfers ask for more. */
export const OPENING_BALANCE = 300;

/** Plans, as long as `more` answers the number of plans so far with true. */
export function* transferPlansWhile(random: Random, more: (count: number) => boolean): Generator<TransferPlan, undefined> {
  for (let count = 0; more(count); count += 1) {
    yield { id: `transfers-${count}`, rounds: list(random.between(1, 2), () => randomRound(random)), end: randomEnd(random) };
  }
  return undefined;
}

function randomRound(random: Random): TransferRound {
  return {
    transfers: list(random.between(1, 3), () => randomTransfer(random)),
    ...(random.chance(0.25) && { branch: randomTransfer(random) }),
    holdsOn: random.chance(0.3),
  };
}

function randomTransfer(random: Random): Transfer {
  const [tip, ...accounts] = pickAccounts(random, random.chance(0.3) ? 4 : 3);
  return {
    accounts,
    amount: random.between(1, 150),
    wait: random.chance(0.5) ? random.between(1, 30) : 0,
    ...(random.chance(0.3) && { pause: random.between(0, 60) }),
    ...(random.chance(0.3) && { tip }),
  };
}

function randomEnd(random: Random): TransferEnd {
  if (random.chance(0.2)) return { kind: 'terminated', after: random.between(300, 4_000), recursive: random.chance(0.5) };
  return { kind: random.chance(0.2) ? 'fails' : 'completes' };
}

function pickAccounts(random: Random, count: number): string[] {
  const left = [...ACCOUNTS];
  return list(count, () => left.splice(random.between(0, left.length - 1), 1)[0]!);
}
