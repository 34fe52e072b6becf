/**
 * The engines that are measured, nestjs-durable among them, and what each of them offers to the measures.
 *
 * @typedef {object} Way one way of using a peer: a column of the table
 * @property {string} name
 * @property {(number: number) => Promise<void>} run starts a sequence of three steps; resolves when its result is there
 * @property {(count: number) => Promise<void>} runSequence one run of so many steps, one after the other
 * @property {(count: number) => Promise<void>} [runFanOut] one run of so many steps at once; undefined where there is no such thing
 * @property {Entities} [entities] undefined where there are none
 *
 * @typedef {object} Entities counters
 * @property {(key: string, calls: number) => PromiseLike<unknown>} callFromRun a run that adds 1 so many times, one call after the other
 * @property {(key: string) => PromiseLike<unknown>} call adds 1; resolves when that is durable
 * @property {(key: string) => PromiseLike<number>} counted
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} versions its own, and those of what it is run with
 * @property {string} durability the settings that it depends on, as they are in force
 * @property {readonly Way[]} ways
 * @property {() => Promise<void>} close ends what was started, and removes its data
 */

/** How each is started, with a private server of its own where it needs one. */
export const PEERS = {
  mysql: async () => (await import('./nestjs-durable.js')).startDurable('mysql'),
  sqlite: async () => (await import('./nestjs-durable.js')).startDurable('sqlite'),
  dbos: async () => (await import('./dbos.js')).startDbos(),
  restate: async () => (await import('./restate.js')).startRestate(),
  bullmq: async () => (await import('./bullmq.js')).startBullmq(),
};

/** @typedef {keyof typeof PEERS} PeerName */

/** nestjs-durable, by its database. @type {readonly PeerName[]} */
export const OWN = ['mysql', 'sqlite'];

export const PEER_NAMES = /** @type {PeerName[]} */ (Object.keys(PEERS));
