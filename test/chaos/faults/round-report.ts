/** What is told of rounds of chaos: how often each thing happened. */
import { printReport } from '../report.js';
import type { Strikes, Struck } from './fault.js';
import type { RoundOptions } from './round.js';

type Counts = Readonly<Record<string, number>>;

export interface RoundOutcome {
  /** Everything that is wrong; empty when all is well. */
  readonly problems: readonly string[];
  /** What was done. */
  readonly work: Counts;
  /** What the faults led to. */
  readonly consequences: Counts;
}

export interface RoundReport extends RoundOptions, RoundOutcome {
  /** What was done to it. */
  readonly strikes: Strikes;
  /** The same in the order of time. */
  readonly timeline: readonly Struck[];
  /** From its beginning to the end of its check, s. */
  readonly duration: number;
  /** Where something is wrong: the errors that workers logged, with what the server's tables said at that moment. */
  readonly clues?: readonly string[];
  /** What the server said then. */
  readonly log?: string;
}

/** A column for each kind of database, with the sums of its rounds. */
export function printRounds(title: string, rounds: readonly RoundReport[]): void {
  const kinds = [...new Set(rounds.map(({ kind }) => kind))];
  const rowsOf = (part: (round: RoundReport) => Counts) => [...new Set(rounds.flatMap((round) => Object.keys(part(round))))].map((name) => ({
    count: name,
    ...Object.fromEntries(kinds.map((kind) => [kind, sum(rounds.filter((round) => round.kind === kind), (round) => part(round)[name] ?? 0)])),
  }));
  printReport(title, [
    ...rowsOf(() => ({ rounds: 1 })),
    ...rowsOf(({ duration }) => ({ seconds: duration })),
    ...rowsOf(({ strikes }) => strikes),
    ...rowsOf(({ work }) => work),
    ...rowsOf(({ consequences }) => consequences),
    ...rowsOf(({ problems }) => ({ problems: problems.length })),
  ]);
}

function sum<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((total, item) => total + valueOf(item), 0);
}
