/** Restate: its server, and in this process the endpoint that it calls and the client of its ingress. */
import { once } from 'node:events';
import { createServer } from 'node:http2';
import { createEndpointHandler } from '@restatedev/restate-sdk';
import { connect } from '@restatedev/restate-sdk-clients';
import { assertCounted, assertFulfilled, newOrder } from './order.js';
import { calling, callers, counter, inline, services } from './restate-services.js';
import { fetchText, startRestateServer } from './servers/restate-server.js';
import { versionOf } from './versions.js';

/** @typedef {import('./order.js').Order} Order */

/** What the SDK needs. */
const NODE = 22;

/** By default each invocation makes two lines of log. @type {import('@restatedev/restate-sdk').LoggerTransport} */
const logErrors = ({ level }, ...message) => {
  if (level === 'error') console.error(...message);
};

/** @returns {Promise<import('./peers.js').Peer>} */
export async function startRestate() {
  if (Number.parseInt(process.versions.node) < NODE) {
    const help = `On Linux \`npm run bench\` takes the one of package.json; elsewhere run it by Node ${NODE} or newer.`;
    throw new Error(`Restate's SDK needs Node ${NODE}, and this is ${process.version}. ${help}`);
  }
  const server = await startRestateServer();
  const endpoint = createServer(createEndpointHandler({ services, logger: logErrors }));
  const close = async () => {
    // Its connections end with the server.
    await server.stop();
    endpoint.close();
  };
  try {
    await once(endpoint.listen(0, '127.0.0.1'), 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (endpoint.address());
    await fetchText(`${server.adminUrl}/deployments`, { uri: `http://127.0.0.1:${port}` });
  } catch (error) {
    await close();
    throw error;
  }
  const ingress = connect({ url: server.ingressUrl });
  return {
    name: 'Restate',
    versions: `server ${server.version}, SDK ${versionOf('@restatedev/restate-sdk')}`,
    durability: server.durability,
    ways: [
      wayOf('steps in the handler', ingress.serviceClient(inline)),
      { ...wayOf('calls of a service', ingress.serviceClient(calling)), entities: entitiesOf(ingress) },
    ],
    close,
  };
}

/**
 * @param {string} name
 * @param {{ [Run in 'sequence' | 'fanOut']: (count: number) => PromiseLike<number> } & { fulfil: (order: Order) => PromiseLike<Order> }} client
 * @returns {import('./peers.js').Way}
 */
function wayOf(name, client) {
  return {
    name,
    run: async (number) => assertFulfilled(await client.fulfil(newOrder(number))),
    runSequence: async (count) => assertCounted(await client.sequence(count), count),
    runFanOut: async (count) => assertCounted(await client.fanOut(count), count),
  };
}

/** @param {import('@restatedev/restate-sdk-clients').Ingress} ingress @returns {import('./peers.js').Entities} */
function entitiesOf(ingress) {
  return {
    callFromRun: (key, calls) => ingress.serviceClient(callers).count({ key, calls }),
    call: (key) => ingress.objectClient(counter, key).add(1),
    counted: (key) => ingress.objectClient(counter, key).add(0),
  };
}
