/** What can be measured of a database, by the names that the command line takes. */
import { startApplication, type BenchApplication } from './application/application.js';
import { inRounds, measureMachine, type Bench } from './bench.js';
import type { Figures, Samples } from './figures.js';
import { measureAmongFinished } from './growth/among-finished.js';
import { measureHistories } from './growth/histories.js';
import { measurePartitions } from './growth/partitions.js';
import { measurePayloads } from './growth/payloads.js';
import { measureEntities } from './measures/entities.js';
import { measureFanOut } from './measures/fan-out.js';
import { measureFinished } from './measures/finished.js';
import { measureLatency } from './measures/latency.js';
import { measureProcesses } from './measures/processes.js';
import { measurePurging } from './measures/purge.js';
import { measureSleeping } from './measures/sleeping.js';
import { measureStatements } from './measures/statements.js';
import { measureSteps } from './measures/steps.js';
import { measureThroughput } from './measures/throughput.js';

const WARM_UP_ROUNDS = 3;
/** Of a round, in the warm-up. */
const WARM_UP_SHARE = 0.5;

type RoundMeasure = (app: BenchApplication, share: number) => Promise<Samples>;
type Measure = (bench: Bench) => Promise<Figures>;

/** Measured in turn, round after round, in one application. */
const IN_TURN: Readonly<Record<string, RoundMeasure>> = {
  throughput: measureThroughput,
  entities: measureEntities,
  'fan-out': measureFanOut,
  steps: measureSteps,
  latency: measureLatency,
};

/** Measured one after the other, each with databases of its own. */
const ALONE: Readonly<Record<string, Measure>> = {
  statements: measureStatements,
  purge: measurePurging,
  sleeping: measureSleeping,
  processes: measureProcesses,
  finished: measureFinished,
};

/** How costs grow: measured on demand. */
const GROWTH: Readonly<Record<string, Measure>> = {
  processes: measureProcesses,
  partitions: measurePartitions,
  payloads: measurePayloads,
  histories: measureHistories,
  finished: measureAmongFinished,
};

/** A SQLite file has one worker process. */
const SERVERS_ONLY = ['processes'];

export const STANDARD_NAMES = [...Object.keys(IN_TURN), ...Object.keys(ALONE)];
export const GROWTH_NAMES = Object.keys(GROWTH);

export interface Selection {
  readonly growth: boolean;
  readonly names: readonly string[];
}

/**
 * Figures of all that is chosen. What fails is told, and leaves its figures out; the rest is measured all the same.
 * @param failed is told of what has failed
 */
export async function measureDatabase(bench: Bench, { growth, names }: Selection, failed: (name: string, error: unknown) => void): Promise<Figures> {
  const chosen = names.filter((name) => bench.database.kind !== 'sqlite' || !SERVERS_ONLY.includes(name));
  const inTurn = growth ? [] : chosen.filter((name) => name in IN_TURN);
  const measures = Object.entries(growth ? GROWTH : ALONE).filter(([name]) => chosen.includes(name));
  if (inTurn.length > 0) measures.unshift([inTurn.join(', '), () => measureInTurn(bench, inTurn)]);
  let figures: Figures = {};
  for (const [name, measure] of measures) {
    try {
      // The machine and the raw limit of the first of them stay: they are those of most rounds.
      figures = { ...(await measure(bench)), ...figures };
    } catch (error) {
      failed(name, error);
    }
  }
  // Not all measures have rounds, which measure the machine.
  return figures.flush ? figures : { ...figures, ...(await measureMachine()) };
}

async function measureInTurn(bench: Bench, names: readonly string[]): Promise<Figures> {
  const app = await startApplication(await bench.database.createStorage());
  const measureAll = async (share: number): Promise<Samples> => {
    let samples: Samples = {};
    for (const name of names) samples = { ...samples, ...(await IN_TURN[name]!(app, share)) };
    return samples;
  };
  try {
    bench.progress('warm-up');
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) await measureAll(WARM_UP_SHARE);
    return await inRounds(bench, names.join(', '), () => measureAll(1));
  } finally {
    await app.close();
  }
}
