/** BullMQ on Redis: workers, and the client, in this process. */
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq';
import { assertCounted, assertFulfilled, charge, increment, newOrder, reserve, ship, sumOf } from './order.js';
import { startRedis } from './servers/redis.js';
import { versionOf } from './versions.js';

/**
 * @typedef {import('./order.js').Order} Order
 * @typedef {import('bullmq').Job} Job
 * @typedef {import('bullmq').FlowJob} FlowJob
 */

/** Jobs of a worker at once; by default it is one. */
const CONCURRENCY = 100;

/** The steps by the names of jobs. */
const STEPS = { reserve, charge, ship, increment };

/** @typedef {keyof typeof STEPS} StepName */

/** @type {readonly StepName[]} */
const FULFIL = ['reserve', 'charge', 'ship'];

/** @param {number} count @returns {readonly StepName[]} */
const increments = (count) => Array(count).fill('increment');

/** @returns {Promise<import('./peers.js').Peer>} */
export async function startBullmq() {
  const redis = await startRedis();
  const { connection } = redis;
  const runs = { queue: new Queue('runs', { connection }), events: new QueueEvents('runs', { connection }) };
  const steps = { flows: new FlowProducer({ connection }), events: new QueueEvents('steps', { connection }) };
  const workers = [
    new Worker('runs', runSteps, { connection, concurrency: CONCURRENCY }),
    new Worker('steps', runStep, { connection, concurrency: CONCURRENCY }),
  ];
  const opened = [...workers, runs.queue, runs.events, steps.flows, steps.events];
  // Each run that is waited for listens.
  for (const each of opened) each.setMaxListeners(0);
  const close = async () => {
    await Promise.all(opened.map((each) => each.close()));
    await redis.stop();
  };
  try {
    await Promise.all(opened.map((each) => each.waitUntilReady()));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name: 'BullMQ',
    versions: `${versionOf('bullmq')} on Redis ${redis.version}`,
    durability: redis.durability,
    ways: [wayOfOneJob(runs), wayOfFlows(steps)],
    close,
  };
}

/** Carries out the steps of a job that are not done, and keeps after each what it gave. @param {Job} job */
async function runSteps(job) {
  const names = job.name === 'fulfil' ? FULFIL : increments(job.data.count);
  let { value, done = 0 } = job.data;
  for (const name of names.slice(done)) {
    value = await carryOut(name, value);
    done += 1;
    await job.updateData({ ...job.data, value, done });
  }
  return value;
}

/** Carries out the step that a job is, on what the job before it gave. @param {Job} job */
async function runStep(job) {
  if (job.name === 'collect') return sumOf(Object.values(await job.getChildrenValues()));
  const value = job.data.value ?? Object.values(await job.getChildrenValues())[0];
  return await carryOut(/** @type {StepName} */ (job.name), value);
}

/** @param {StepName} name @param {any} value what came out of the step before it */
function carryOut(name, value) {
  return STEPS[name](value);
}

/** @param {{ queue: Queue, events: QueueEvents }} runs @returns {import('./peers.js').Way} */
function wayOfOneJob({ queue, events }) {
  const resultOf = async (/** @type {string} */ name, /** @type {object} */ data) => await (await queue.add(name, data)).waitUntilFinished(events);
  return {
    name: 'steps in a job',
    run: async (number) => assertFulfilled(await resultOf('fulfil', { value: newOrder(number) })),
    runSequence: async (count) => assertCounted(await resultOf('sequence', { value: 0, count }), count),
  };
}

/** @param {{ flows: FlowProducer, events: QueueEvents }} steps @returns {import('./peers.js').Way} */
function wayOfFlows({ flows, events }) {
  const resultOf = async (/** @type {FlowJob} */ flow) => await (await flows.add(flow)).job.waitUntilFinished(events);
  return {
    name: 'a job for each step',
    run: async (number) => assertFulfilled(await resultOf(chainOf(FULFIL, newOrder(number)))),
    runSequence: async (count) => assertCounted(await resultOf(chainOf(increments(count), 0)), count),
    runFanOut: async (count) => {
      const children = Array.from({ length: count }, () => chainOf(['increment'], 0));
      assertCounted(await resultOf({ name: 'collect', queueName: 'steps', children }), count);
    },
  };
}

/** The job of the last step waits for the one before it, and so on. @param {readonly StepName[]} names @param {Order | number} value */
function chainOf(names, value) {
  /** @type {FlowJob | undefined} */
  let job;
  for (const name of names) job = { name, queueName: 'steps', ...(job ? { children: [job] } : { data: { value } }) };
  return /** @type {FlowJob} */ (job);
}
