import type { Random } from '../../chaos/random.js';

/**
 * Everything that may go wrong, with how often in a run of medium temper: per store call, per transaction, per statement outside of a
 * transaction, or (the last group) per virtual minute and process.
 */
const RATES = {
  'crash before a call': 0.002,
  'crash in a transaction': 0.004,
  'crash before COMMIT': 0.002,
  'crash after COMMIT': 0.006,
  'committed, answer lost': 0.015,
  'not committed, answer lost': 0.015,
  'given up, carried out later': 0.015,
  'deadlock, rolled back': 0.02,
  'statement failed': 0.004,
  'statement done, answer lost': 0.004,
  'connection refused': 0.008,
  'request late': 0.006,
  'answer late': 0.006,
  'poll overtaken': 0.04,
  'answer after a takeover': 0.03,
  'pause between statements': 0.02,
  'process paused in a commit': 0.015,
  'process paused': 1,
  'process killed': 1,
  'process replaced': 0.5,
  'database away': 0.5,
  'database clock forward': 1,
  'database clock back': 1,
  'event loop blocked': 0.01,
} as const;

export type FaultKind = keyof typeof RATES;

export const FAULT_KINDS = Object.keys(RATES) as FaultKind[];

/** So many crashes at most, so that no work item passes for poison [Y8]. */
const MAX_CRASHES = 25;

const CALM = 0.08;
const TEMPERS = [0.3, 1, 1, 3] as const;
/** Times the temper of the run: most kinds are left out, so that each is seen alone too. */
const WEIGHTS = [0, 0, 0.3, 1, 1, 4] as const;

/** Which faults a run has, and how often each was injected. */
export class Faults {
  readonly counts = new Map<FaultKind, number>();
  private readonly rates: ReadonlyMap<FaultKind, number>;
  private hasEnded = false;
  private crashes = 0;

  /** @param noticed is told of each fault */
  constructor(readonly random: Random, private readonly noticed: (kind: FaultKind, detail: string) => void) {
    const temper = random.chance(CALM) ? 0 : random.pick(TEMPERS);
    this.rates = new Map(FAULT_KINDS.map((kind) => [kind, RATES[kind] * temper * random.pick(WEIGHTS)]));
  }

  get isCalm(): boolean {
    return [...this.rates.values()].every((rate) => rate === 0);
  }

  /** From now on nothing goes wrong. */
  end(): void {
    this.hasEnded = true;
  }

  /** Per virtual minute, for the kinds that are so. */
  rate(kind: FaultKind): number {
    return this.rates.get(kind)!;
  }

  /** Whether it happens here and now. @param detail where */
  strikes(kind: FaultKind, detail: string): boolean {
    const rate = this.rates.get(kind)!;
    return rate > 0 && !this.hasEnded && this.random.chance(rate) && this.happens(kind, detail);
  }

  /** It was decided elsewhere that it happens. Answers false when it may not. */
  happens(kind: FaultKind, detail: string): boolean {
    if (this.hasEnded) return false;
    if (kind.startsWith('crash') || kind === 'process killed') {
      if (this.crashes >= MAX_CRASHES) return false;
      this.crashes += 1;
    }
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.noticed(kind, detail);
    return true;
  }
}
