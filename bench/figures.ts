import type { RowName } from './rows.js';
import { medianOf } from './statistics.js';

/** What one round has measured. */
export interface Sample {
  readonly value: number;
  /** Checkpoints that were written meanwhile, per second: what is compared with the raw limit. */
  readonly checkpointsPerSecond?: number;
  /** Printed with the value. */
  readonly note?: string;
}

export type Samples = Readonly<Partial<Record<RowName, Sample>>>;

export interface Figure {
  readonly value: number;
  /** Checkpoints per second as a share of the raw limit. */
  readonly ofRaw?: number;
  readonly note?: string;
}

export type Figures = Readonly<Partial<Record<RowName, Figure>>>;

/** Medians of rounds that have measured the same; shares of the raw limit are those of each round's own. */
export function mediansOf(rounds: readonly Samples[]): Figures {
  const names = Object.keys(rounds[0] ?? {}) as RowName[];
  return Object.fromEntries(names.map((name) => [name, medianFigure(name, rounds)]));
}

function medianFigure(name: RowName, rounds: readonly Samples[]): Figure {
  const samples = rounds.map((round) => round[name]!);
  const shares = rounds.flatMap(({ raw, [name]: sample }) => (raw && sample?.checkpointsPerSecond ? [sample.checkpointsPerSecond / raw.value] : []));
  const notes = new Set(samples.flatMap(({ note }) => note ?? []));
  return {
    value: medianOf(samples.map(({ value }) => value)),
    ...(shares.length > 0 && { ofRaw: medianOf(shares) }),
    ...(notes.size > 0 && { note: [...notes].join(' or ') }),
  };
}
