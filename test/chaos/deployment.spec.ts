/**
 * A second version is deployed beside the first while orders come in, and the first one leaves: by SIGTERM, or killed.
 *
 * CHAOS_SEED repeats which client does what; CHAOS_ORDERS makes the stages longer or shorter.
 */
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { checkEffects, runAgain } from './checker/check-effects.js';
import { checkOrder } from './checker/check-orders.js';
import { readEffects } from './effects.js';
import type { Fleet } from './fleet.js';
import { serve, type OrderClient } from './order-client.js';
import { OrderTraffic } from './order-traffic.js';
import { expectedCalls, type Receipt, type Release } from './orders.js';
import { Random } from './random.js';
import { Stage } from './stage.js';

/** Orders of each stage. */
const ORDERS = Number(process.env.CHAOS_ORDERS ?? 150);
/** Processes of each version. */
const WORKERS = 2;
const LEASE = 3_000;
/** An order that waited for a handler would wait for ever. */
const TIME_LIMIT = 180_000;

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open('mysql', { leaseDuration: LEASE, defaultVersion: '1' });
});
afterEach(() => stage.close());

it.each([
  ['SIGTERM', 0],
  ['SIGKILL', Infinity],
] as const)('[Y5] [Y6] version 2 beside version 1, which leaves by %s: every order ends on the version it started with', async (signal, mayRunAgain) => {
  const random = Random.fromEnvironment();
  process.stderr.write(`Deployment, ${signal}: CHAOS_SEED=${random.seed}\n`);
  const { client } = stage;
  const traffic = new OrderTraffic(client, random);
  const webProcess: OrderClient = { version: '1', ask: (call) => serve(client, call) };

  const [old, oldClients] = await deploy('1');
  traffic.clients = [webProcess, ...oldClients];
  const unpaid = await traffic.place(ORDERS / 5);
  await traffic.run(ORDERS);

  const [, newClients] = await deploy('2');
  traffic.clients = [webProcess, ...oldClients, ...newClients];
  // Orders of both versions come to their end while both deployments run.
  await traffic.run(ORDERS * 2);
  unpaid.push(...(await traffic.place(ORDERS / 5)));

  const rush = traffic.run(ORDERS * 2);
  // In the midst of it: one that came last has ended.
  await traffic.run(1);
  traffic.clients = [webProcess, ...newClients];
  expect(await old.end(signal)).toEqual(Array.from({ length: WORKERS }, () => signal));
  await rush;
  await Promise.all(unpaid.map((order) => traffic.settle(order)));
  process.stderr.write(`${traffic.orders.length} orders; ${traffic.lost} calls were lost with the process of their client\n`);

  expect(traffic.orders.flatMap(checkOrder)).toEqual([]);
  expect(checkDatabase(await readSettledTables(stage.database.storage))).toEqual([]);
  const runs = readEffects(stage.effects);
  const expected = traffic.orders.flatMap(({ instanceId, end }) => expectedCalls({ call: instanceId }, end!.output as Receipt));
  expect(checkEffects(runs, expected, new Map())).toEqual([]);
  expect(runAgain(runs)).toBeLessThanOrEqual(mayRunAgain);
  expect(stage.errors).toEqual([]);
  for (const version of ['1', '2']) expect(traffic.orders.filter(({ end }) => end?.version === version).length).toBeGreaterThan(ORDERS);
}, TIME_LIMIT);

async function deploy(release: Release): Promise<[Fleet, OrderClient[]]> {
  const fleet = stage.fleet({ release });
  const workers = await fleet.start(WORKERS);
  return [fleet, workers.map((worker) => ({ version: release, ask: (call) => worker.ask(call) }))];
}
