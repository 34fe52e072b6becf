/** `npm run bench [-- mysql | sqlite | dbos | restate | bullmq] [--quick]`: see README.md. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describeMachine } from '../machine.js';
import { OWN, PEER_NAMES } from './peers.js';
import { headingOf, tableOf } from './report.js';
import { QUICK, WHOLE } from './suite.js';

const OUTPUT = join(import.meta.dirname, 'results.json');

const names = process.argv.slice(2).filter((argument) => argument !== '--quick');
const size = process.argv.includes('--quick') ? QUICK : WHOLE;
const machine = describeMachine();
/** @type {import('./suite.js').WayResult[]} */
const results = [];
for (const name of peersOf(names)) results.push(...(await measure(name)));

const date = new Date().toISOString().slice(0, 10);
console.log(`\n${date}, ${headingOf(machine, results)}\n\n${tableOf(results, size)}`);
writeFileSync(OUTPUT, `${JSON.stringify({ date, machine, size, results }, undefined, 2)}\n`);
console.log(`\nwritten to ${relative(process.cwd(), OUTPUT)}`);

/**
 * In a process of its own, undisturbed by what the others leave in memory.
 * @param {import('./peers.js').PeerName} name @returns {Promise<import('./suite.js').WayResult[]>}
 */
async function measure(name) {
  // The project's packages were installed for the Node that runs npm, the one of this package may be another.
  const execPath = (OWN.includes(name) && process.env.npm_node_execpath) || process.execPath;
  // Only the table goes to stdout.
  const child = fork(join(import.meta.dirname, 'peer-process.js'), { execPath, stdio: ['ignore', 2, 2, 'ipc'] });
  /** @type {import('./suite.js').WayResult[] | undefined} */
  let received;
  child.once('message', (message) => {
    received = /** @type {import('./suite.js').WayResult[]} */ (message);
    child.disconnect();
  });
  child.send({ name, size });
  await once(child, 'exit');
  if (!received) throw new Error(`${name} was not measured: see above.`);
  return received;
}

/** @param {readonly string[]} chosen */
function peersOf(chosen) {
  const unknown = chosen.find((name) => !PEER_NAMES.some((peer) => peer === name));
  if (unknown !== undefined) throw new Error(`'${unknown}' is no peer of the bench; there are ${PEER_NAMES.join(', ')}.`);
  return chosen.length === 0 ? PEER_NAMES : PEER_NAMES.filter((peer) => chosen.includes(peer));
}
