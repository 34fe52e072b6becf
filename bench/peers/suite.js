/** The measures of one peer, in the order in which they run. */
import { measureSpeed } from '../machine.js';
import { medianOf } from '../statistics.js';
import { measureLatency, measureManyEntities, measureOneEntity, measureThroughput, secondsOf } from './measures.js';

/**
 * @typedef {import('./peers.js').Peer} Peer
 * @typedef {import('./peers.js').Way} Way
 * @typedef {Awaited<ReturnType<typeof measureRound>>} Figures of one round, or the medians of all
 *
 * @typedef {object} Size how much is measured
 * @property {number} rounds
 * @property {number} warmUpRounds
 * @property {number} sequences of one throughput round
 * @property {number} latencyRuns sequences of one latency round, at most
 * @property {number} fanOut
 * @property {number} shortSequence
 * @property {number} longSequence
 * @property {number} operations of entities of one round, in each way of counting
 *
 * @typedef {object} WayResult
 * @property {string} peer
 * @property {string} versions
 * @property {string} way
 * @property {string} durability
 * @property {string} node that ran it
 * @property {Figures} figures medians
 */

/** @type {Size} */
export const WHOLE = {
  rounds: 3, warmUpRounds: 3, sequences: 2_000, latencyRuns: 300, fanOut: 1_000, shortSequence: 1_000, longSequence: 2_000, operations: 1_000,
};

/** To see that it works. @type {Size} */
export const QUICK = {
  rounds: 1, warmUpRounds: 1, sequences: 100, latencyRuns: 10, fanOut: 50, shortSequence: 50, longSequence: 100, operations: 64,
};

/**
 * @param {Peer} peer @param {Size} size
 * @param {(step: string) => void} progress is told what happens, for people who wait
 * @returns {Promise<WayResult[]>}
 */
export async function measurePeer({ name, versions, durability, ways }, size, progress) {
  for (let round = 1; round <= size.warmUpRounds; round += 1) {
    progress(`${name}: warm-up ${round} of ${size.warmUpRounds}`);
    for (const way of ways) await warmUp(way, size);
  }
  const measured = ways.map((way) => ({ way, rounds: /** @type {Figures[]} */ ([]) }));
  for (let round = 1; round <= size.rounds; round += 1) {
    for (const { way, rounds } of measured) {
      progress(`${name}, ${way.name}: round ${round} of ${size.rounds}`);
      rounds.push(await measureRound(way, size));
    }
  }
  return measured.map(({ way, rounds }) => ({ peer: name, versions, way: way.name, durability, node: process.version, figures: mediansOf(rounds) }));
}

/** @param {Way} way @param {Size} size */
async function warmUp(way, { sequences, fanOut, shortSequence, operations }) {
  await measureThroughput(way, sequences / 2);
  await way.runFanOut?.(fanOut / 2);
  await way.runSequence(shortSequence / 2);
  if (!way.entities) return;
  await measureOneEntity(way.entities, operations / 2);
  await measureManyEntities(way.entities, operations / 2);
}

/** @param {Way} way @param {Size} size */
async function measureRound(way, { sequences, latencyRuns, fanOut, shortSequence, longSequence, operations }) {
  const { runFanOut, entities } = way;
  return {
    speed: await measureSpeed(),
    runsPerSecond: await measureThroughput(way, sequences),
    latency: await measureLatency(way, latencyRuns),
    fanOutSeconds: runFanOut && (await secondsOf(() => runFanOut(fanOut))),
    shortSequenceSeconds: await secondsOf(() => way.runSequence(shortSequence)),
    longSequenceSeconds: await secondsOf(() => way.runSequence(longSequence)),
    oneEntityPerSecond: entities && (await measureOneEntity(entities, operations)),
    manyEntitiesPerSecond: entities && (await measureManyEntities(entities, operations)),
  };
}

/** @param {readonly Figures[]} rounds @returns {Figures} */
function mediansOf(rounds) {
  /** @param {(figures: Figures) => number} valueOf */
  const median = (valueOf) => medianOf(rounds.map(valueOf));
  /** @param {(figures: Figures) => number | undefined} valueOf */
  const medianIfAny = (valueOf) => (rounds.some((figures) => valueOf(figures) === undefined) ? undefined : median((figures) => valueOf(figures) ?? NaN));
  return {
    speed: { flush: median(({ speed }) => speed.flush), processor: median(({ speed }) => speed.processor) },
    runsPerSecond: median(({ runsPerSecond }) => runsPerSecond),
    latency: { p50: median(({ latency }) => latency.p50), p99: median(({ latency }) => latency.p99), runs: median(({ latency }) => latency.runs) },
    fanOutSeconds: medianIfAny(({ fanOutSeconds }) => fanOutSeconds),
    shortSequenceSeconds: median(({ shortSequenceSeconds }) => shortSequenceSeconds),
    longSequenceSeconds: median(({ longSequenceSeconds }) => longSequenceSeconds),
    oneEntityPerSecond: medianIfAny(({ oneEntityPerSecond }) => oneEntityPerSecond),
    manyEntitiesPerSecond: medianIfAny(({ manyEntitiesPerSecond }) => manyEntitiesPerSecond),
  };
}
