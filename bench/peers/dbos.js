/** DBOS on PostgreSQL, as a library in this process, all settings at their defaults but the level of its log. */
import { DBOS } from '@dbos-inc/dbos-sdk';
import { assertCounted, assertFulfilled, charge, increment, newOrder, reserve, ship, sumOf } from './order.js';
import { startPostgres } from './servers/postgres.js';
import { versionOf } from './versions.js';

/** @typedef {import('./order.js').Order} Order */

const QUEUE = 'orders';

const fulfil = DBOS.registerWorkflow(
  async (/** @type {Order} */ order) => {
    const reserved = await DBOS.runStep(() => reserve(order), { name: 'reserve' });
    const charged = await DBOS.runStep(() => charge(reserved), { name: 'charge' });
    return await DBOS.runStep(() => ship(charged), { name: 'ship' });
  },
  { name: 'fulfil' },
);

const sequence = DBOS.registerWorkflow(
  async (/** @type {number} */ count) => {
    let last = 0;
    for (let step = 0; step < count; step += 1) {
      const taken = last;
      last = await DBOS.runStep(() => increment(taken), { name: 'increment' });
    }
    return last;
  },
  { name: 'sequence' },
);

const fanOut = DBOS.registerWorkflow(
  async (/** @type {number} */ count) => {
    return sumOf(await Promise.all(Array.from({ length: count }, () => DBOS.runStep(() => increment(0), { name: 'increment' }))));
  },
  { name: 'fanOut' },
);

const child = DBOS.registerWorkflow((/** @type {number} */ number) => DBOS.runStep(() => increment(number), { name: 'increment' }), { name: 'child' });

const fanOutToRuns = DBOS.registerWorkflow(
  async (/** @type {number} */ count) => {
    const handles = await Promise.all(Array.from({ length: count }, () => DBOS.startWorkflow(child, { queueName: QUEUE })(0)));
    return sumOf(await Promise.all(handles.map((handle) => handle.getResult())));
  },
  { name: 'fanOutToRuns' },
);

/** @returns {Promise<import('./peers.js').Peer>} */
export async function startDbos() {
  const postgres = await startPostgres();
  const shutdown = async () => {
    await DBOS.shutdown();
    await postgres.stop();
  };
  try {
    DBOS.setConfig({ name: 'bench', systemDatabaseUrl: postgres.url, logLevel: 'warn' });
    await DBOS.launch();
    await DBOS.registerQueue(QUEUE);
  } catch (error) {
    await shutdown();
    throw error;
  }
  return {
    name: 'DBOS',
    versions: `${versionOf('@dbos-inc/dbos-sdk')} on PostgreSQL ${postgres.version}`,
    durability: postgres.durability,
    ways: [wayOf('steps in the run', {}, fanOut), wayOf('runs from its durable queue', { queueName: QUEUE }, fanOutToRuns)],
    close: shutdown,
  };
}

/** @param {string} name @param {{ queueName?: string }} start @param {typeof fanOut} fanOutOf @returns {import('./peers.js').Way} */
function wayOf(name, start, fanOutOf) {
  return {
    name,
    run: async (number) => assertFulfilled(await (await DBOS.startWorkflow(fulfil, start)(newOrder(number))).getResult()),
    runSequence: async (count) => assertCounted(await (await DBOS.startWorkflow(sequence, start)(count)).getResult(), count),
    runFanOut: async (count) => assertCounted(await (await DBOS.startWorkflow(fanOutOf, start)(count)).getResult(), count),
  };
}
