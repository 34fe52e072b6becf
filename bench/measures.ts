/** What is measured of an application, one function each. Rates are per second, latencies ms. */
import { setTimeout } from 'node:timers/promises';
import type { BenchApplication } from './application.js';
import { quantileOf } from './statistics.js';
import type { StatementCounter } from './statement-counter.js';

/** Whether the module chooses the instance ids, or the caller gives them. */
export type Ids = 'generated' | 'supplied';

export interface Throughput {
  readonly orchestrationsPerSecond: number;
  readonly checkpointsPerOrchestration: number;
  readonly commitsPerOrchestration: number;
}

let round = 0;

/** From the first start to the last result of `count` sequences, all started at once. */
export async function measureThroughput(app: BenchApplication, count: number, ids: Ids): Promise<Throughput> {
  const prefix = `round-${round++}`;
  const before = app.written();
  const begin = performance.now();
  await Promise.all(Array.from({ length: count }, (_, index) => app.run(index, ids === 'supplied' ? `${prefix}-${index}` : undefined)));
  const seconds = (performance.now() - begin) / 1_000;
  const after = app.written();
  return {
    orchestrationsPerSecond: count / seconds,
    checkpointsPerOrchestration: (after.checkpoints - before.checkpoints) / count,
    commitsPerOrchestration: (after.commits - before.commits) / count,
  };
}

/** What is done with counters, `count` times each: by signals to one of them or to as many, or by calls from 32 orchestrations at once. */
export type Counting = 'oneEntity' | 'manyEntities' | 'callers';

export interface EntityThroughput {
  readonly operationsPerSecond: number;
  readonly checkpointsPerOperation: number;
  readonly commitsPerOperation: number;
}

const CALLERS = 32;
/** Pause between two looks whether all operations are committed, ms: a look costs nothing. */
const LOOK = 1;

/** From the first signal or start until the last of `count` operations is committed. */
export async function measureEntities(app: BenchApplication, count: number, counting: Counting): Promise<EntityThroughput> {
  const prefix = `round-${round++}`;
  const keys = Array.from({ length: counting === 'manyEntities' ? count : 1 }, (_, index) => `${prefix}-${index}`);
  const before = app.written();
  const begin = performance.now();
  if (counting === 'callers') {
    await Promise.all(Array.from({ length: CALLERS }, (_, caller) => app.call(keys[0]!, Math.ceil((count - caller) / CALLERS))));
  } else {
    await Promise.all(Array.from({ length: count }, (_, index) => app.signal(keys[index % keys.length]!)));
    while (app.written().operations < before.operations + count) await setTimeout(LOOK);
  }
  const seconds = (performance.now() - begin) / 1_000;
  const after = app.written();
  for (const key of keys) {
    const counted = await app.counted(key);
    if (counted !== count / keys.length) throw new Error(`Counter '${key}' has counted ${counted}, not ${count / keys.length}.`);
  }
  return {
    operationsPerSecond: count / seconds,
    checkpointsPerOperation: (after.checkpoints - before.checkpoints) / count,
    commitsPerOperation: (after.commits - before.commits) / count,
  };
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly checkpointsPerOrchestration: number;
}

/** From a start to its result, one sequence at a time. */
export async function measureLatency(app: BenchApplication, count: number): Promise<Latency> {
  const latencies: number[] = [];
  const before = app.written();
  for (let index = 0; index < count; index += 1) {
    const begin = performance.now();
    await app.run(index);
    latencies.push(performance.now() - begin);
  }
  const checkpoints = app.written().checkpoints - before.checkpoints;
  return { p50: quantileOf(latencies, 0.5), p99: quantileOf(latencies, 0.99), checkpointsPerOrchestration: checkpoints / count };
}

/** How long an application gets to back off before it counts as idle, ms. */
const SETTLING = 5_000;

/** Statements of an application with nothing to do, per second, over `duration` ms. */
export async function measureIdleStatements(counter: StatementCounter, duration: number): Promise<number> {
  await setTimeout(SETTLING);
  const before = counter.statements;
  await setTimeout(duration);
  return ((counter.statements - before) / duration) * 1_000;
}
