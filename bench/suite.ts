/** The measures of one database, in the order in which they run. */
import { startApplication } from './application.js';
import type { BenchDatabase } from './databases.js';
import {
  measureEntities, measureIdleStatements, measureLatency, measureThroughput, type Counting, type EntityThroughput, type Ids, type Latency, type Throughput,
} from './measures.js';
import { measurePurge, type PurgeImpact } from './purge.js';
import { StatementCounter } from './statement-counter.js';
import { medianOf } from './statistics.js';

const ROUNDS = 3;
/** Sequences of one throughput round. */
const SEQUENCES = 2_000;
/** Operations of entities of one round, in each way of counting. */
const OPERATIONS = 1_000;
/** Sequences of one latency round. */
const LATENCY_RUNS = 300;
/** ms of one raw measurement. */
const RAW_DURATION = 1_000;
/** ms over which idle statements are counted: several heartbeats. */
const IDLE_DURATION = 20_000;
const WARM_UP_ROUNDS = 3;
/** Finished instances that are purged while others run, and in how many lots. */
const PURGED = 100_000;
const PURGE_ROUNDS = 8;

export interface ThroughputResult extends Throughput {
  readonly statementsPerOrchestration: number;
  /** Checkpoints of the engine per second, as a share of the raw ones. */
  readonly checkpointRatio: number;
  /** Orchestrations per second, as a share of raw checkpoints per second. */
  readonly orchestrationRatio: number;
}

export interface EntityResult extends EntityThroughput {
  /** Operations per second, as a share of raw checkpoints per second. */
  readonly operationRatio: number;
}

export interface DatabaseResult {
  readonly database: string;
  readonly durability: string;
  readonly raw: { readonly checkpointsPerSecond: number; readonly how: string };
  readonly throughput: Readonly<Record<Ids, ThroughputResult>>;
  readonly entities: Readonly<Record<Counting, EntityResult>>;
  readonly latency: Latency;
  readonly idleStatementsPerSecond: number;
  readonly purge: PurgeImpact;
}

interface Round extends Readonly<Record<Ids, Throughput>>, Readonly<Record<Counting, EntityThroughput>> {
  readonly raw: { readonly checkpointsPerSecond: number; readonly how: string };
  readonly latency: Latency;
}

/** @param progress is told what happens, for people who wait */
export async function measureDatabase(database: BenchDatabase, progress: (step: string) => void): Promise<DatabaseResult> {
  const rounds = await measureTimes(database, progress);
  const counts = await countStatements(database, progress);
  progress(`purging ${PURGED} instances`);
  const purge = await measurePurge(await database.createStorage(), PURGED, PURGE_ROUNDS);
  const median = (valueOf: (round: Round) => number) => medianOf(rounds.map(valueOf));
  const throughputOf = (ids: Ids): ThroughputResult => ({
    orchestrationsPerSecond: median((round) => round[ids].orchestrationsPerSecond),
    checkpointsPerOrchestration: median((round) => round[ids].checkpointsPerOrchestration),
    commitsPerOrchestration: median((round) => round[ids].commitsPerOrchestration),
    statementsPerOrchestration: counts[ids],
    checkpointRatio: median(({ raw, [ids]: own }) => (own.orchestrationsPerSecond * own.checkpointsPerOrchestration) / raw.checkpointsPerSecond),
    orchestrationRatio: median(({ raw, [ids]: own }) => own.orchestrationsPerSecond / raw.checkpointsPerSecond),
  });
  const entitiesOf = (counting: Counting): EntityResult => ({
    operationsPerSecond: median((round) => round[counting].operationsPerSecond),
    checkpointsPerOperation: median((round) => round[counting].checkpointsPerOperation),
    commitsPerOperation: median((round) => round[counting].commitsPerOperation),
    operationRatio: median(({ raw, [counting]: own }) => own.operationsPerSecond / raw.checkpointsPerSecond),
  });
  const latencyOf = (name: keyof Latency) => median(({ latency }) => latency[name]);
  return {
    database: database.title,
    durability: database.durability,
    raw: {
      checkpointsPerSecond: median(({ raw }) => raw.checkpointsPerSecond),
      how: [...new Set(rounds.map(({ raw }) => raw.how))].join(' or '),
    },
    throughput: { generated: throughputOf('generated'), supplied: throughputOf('supplied') },
    entities: { oneEntity: entitiesOf('oneEntity'), manyEntities: entitiesOf('manyEntities'), callers: entitiesOf('callers') },
    latency: { p50: latencyOf('p50'), p99: latencyOf('p99'), checkpointsPerOrchestration: latencyOf('checkpointsPerOrchestration') },
    idleStatementsPerSecond: counts.idle,
    purge,
  };
}

/** Rounds of everything, so that what disturbs the machine for a while disturbs a ratio's two sides alike. */
async function measureTimes(database: BenchDatabase, progress: (step: string) => void): Promise<Round[]> {
  const app = await startApplication(await database.createStorage());
  const rounds: Round[] = [];
  try {
    progress('warm-up');
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
      for (const ids of ['generated', 'supplied'] as const) await measureThroughput(app, SEQUENCES / 2, ids);
      for (const counting of ['oneEntity', 'manyEntities', 'callers'] as const) await measureEntities(app, OPERATIONS / 2, counting);
    }
    for (let round = 1; round <= ROUNDS; round += 1) {
      progress(`round ${round} of ${ROUNDS}`);
      rounds.push({
        raw: await measureRaw(database),
        generated: await measureThroughput(app, SEQUENCES, 'generated'),
        supplied: await measureThroughput(app, SEQUENCES, 'supplied'),
        oneEntity: await measureEntities(app, OPERATIONS, 'oneEntity'),
        manyEntities: await measureEntities(app, OPERATIONS, 'manyEntities'),
        callers: await measureEntities(app, OPERATIONS, 'callers'),
        latency: await measureLatency(app, LATENCY_RUNS),
      });
    }
  } finally {
    await app.close();
  }
  return rounds;
}

async function measureRaw({ raw }: BenchDatabase): Promise<Round['raw']> {
  const results: Round['raw'][] = [];
  for (const way of raw) results.push({ how: way.how, checkpointsPerSecond: await way.measure(RAW_DURATION) });
  return results.reduce((best, result) => (result.checkpointsPerSecond > best.checkpointsPerSecond ? result : best));
}

async function countStatements(database: BenchDatabase, progress: (step: string) => void): Promise<Record<Ids | 'idle', number>> {
  progress('counting statements');
  const counter = new StatementCounter();
  const app = await startApplication({ ...(await database.createStorage()), logging: ['query'], logger: counter });
  const count = async (ids: Ids) => {
    await measureThroughput(app, SEQUENCES, ids);
    const before = counter.statements;
    await measureThroughput(app, SEQUENCES, ids);
    return (counter.statements - before) / SEQUENCES;
  };
  try {
    const generated = await count('generated');
    const supplied = await count('supplied');
    progress('idle');
    return { generated, supplied, idle: await measureIdleStatements(counter, IDLE_DURATION) };
  } finally {
    await app.close();
  }
}
