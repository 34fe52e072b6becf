/** What is measured of a way of using a peer: ../measures.ts for peers. Rates are per second, latencies ms, durations s. */
import { quantileOf } from '../statistics.js';

/**
 * @typedef {import('./peers.js').Way} Way
 * @typedef {import('./peers.js').Entities} Entities
 */

/** ms after which no further run begins where one takes long. */
const LATENCY_LIMIT = 30_000;
const CALLERS = 32;

let round = 0;

/** From the first start to the last result of `count` sequences, all started at once. @param {Way} way @param {number} count */
export async function measureThroughput(way, count) {
  const seconds = await secondsOf(() => Promise.all(Array.from({ length: count }, (_, index) => way.run(index))));
  return count / seconds;
}

/** From a start to its result, one sequence at a time. @param {Way} way @param {number} count */
export async function measureLatency(way, count) {
  const latencies = [];
  for (const deadline = performance.now() + LATENCY_LIMIT; latencies.length < count && performance.now() < deadline; ) {
    latencies.push(1_000 * (await secondsOf(() => way.run(latencies.length))));
  }
  return { p50: quantileOf(latencies, 0.5), p99: quantileOf(latencies, 0.99), runs: latencies.length };
}

/** From the first start to the last result of runs that together call one counter `count` times. @param {Entities} entities @param {number} count */
export async function measureOneEntity(entities, count) {
  const key = `round-${round++}`;
  const callers = Array.from({ length: CALLERS }, (_, caller) => Math.ceil((count - caller) / CALLERS));
  const seconds = await secondsOf(() => Promise.all(callers.map((calls) => entities.callFromRun(key, calls))));
  await assertCounted(entities, key, count);
  return count / seconds;
}

/** From the first call to the last answer of `count` counters, called once each, all at once. @param {Entities} entities @param {number} count */
export async function measureManyEntities(entities, count) {
  const prefix = `round-${round++}`;
  const keys = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  const seconds = await secondsOf(() => Promise.all(keys.map((key) => entities.call(key))));
  for (const key of keys) await assertCounted(entities, key, 1);
  return count / seconds;
}

/** @param {() => Promise<unknown>} work */
export async function secondsOf(work) {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1_000;
}

/** @param {Entities} entities @param {string} key @param {number} expected */
async function assertCounted(entities, key, expected) {
  const counted = await entities.counted(key);
  if (counted !== expected) throw new Error(`Counter '${key}' has counted ${counted}, not ${expected}.`);
}
