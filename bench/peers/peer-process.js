/** Measures one peer in a process of its own, started by main.js, and sends it the results. */
import { once } from 'node:events';
import { PEERS } from './peers.js';
import { measurePeer } from './suite.js';

// When nobody waits for results any more this process ends, and its server with it.
process.once('disconnect', () => process.exit());

const [{ name, size }] = /** @type {[{ name: import('./peers.js').PeerName, size: import('./suite.js').Size }]} */ (await once(process, 'message'));
const peer = await PEERS[name]();
let results;
try {
  results = await measurePeer(peer, size, (step) => process.stderr.write(`${step}\n`));
} finally {
  await peer.close();
}
process.send?.(results);
