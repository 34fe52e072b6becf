/**
 * Worker processes on all three nodes of a Galera cluster, each behind a proxy that leads it to its own node, or to another while
 * that one is away. In the middle of hundreds of orchestrations each node is killed and brought back, and with it a worker; in the
 * end every orchestration must have the output that it would have had without.
 *
 * CHAOS_SEED repeats plans and delays of a run; CHAOS_ORCHESTRATIONS makes it longer or shorter.
 */
import '../support/compile-children.js';
import { CrashRun } from '../chaos/crash-run.js';
import { plansWhile } from '../chaos/plan.js';
import { Random } from '../chaos/random.js';
import { printReport } from '../chaos/report.js';
import { readTables } from '../chaos/checker/tables.js';
import { URL_VARIABLE } from '../../scripts/provide-mysql.js';
import { ClusterFixture, through } from './support/cluster.js';
import { NodeSwitch } from './support/node-switch.js';

const IN_FLIGHT = 30;
const WORKERS = 3;

const cluster = new ClusterFixture();
let run: CrashRun | undefined;
let switches: NodeSwitch[] = [];

afterEach(async () => {
  await run?.close();
  for (const each of switches) await each.stop();
});

it('[A4] nodes and workers that are killed lose nothing and do nothing twice', async () => {
  const orchestrations = Number(process.env.CHAOS_ORCHESTRATIONS ?? 150);
  const random = Random.fromEnvironment();
  process.stderr.write(`Cluster test: CHAOS_SEED=${random.seed}\n`);
  const began = performance.now();
  const ports = cluster.nodes.map(({ port }) => port);
  switches = await Promise.all(ports.map((_, index) => NodeSwitch.start([...ports.slice(index), ...ports.slice(0, index)])));
  const url = new URL(cluster.nodes[0]!.url);
  url.port = String(switches[0]!.port);
  process.env[URL_VARIABLE] = url.href;
  run = await CrashRun.open({
    kind: 'mysql', random, leaseDuration: 3_000, maxPause: 300,
    storageOf: (place) => through(run!.stage.database.storage, switches[place]!.port),
  });
  const { fleet, driver, observer, stage } = run;
  await fleet.start(WORKERS);

  let isBreaking = true;
  const plans = plansWhile(random.fork(), (count) => isBreaking || count < orchestrations);
  const breakAll = async () => {
    for (const [index, node] of cluster.nodes.entries()) {
      await fleet.whenWorking();
      await observer.look();
      await node.kill();
      await fleet.workers[(index + 1) % WORKERS]!.kill();
      await node.restart();
    }
  };
  await Promise.all([breakAll().finally(() => (isBreaking = false)), driver.keepInFlight(IN_FLIGHT, plans)]);

  const { problems, tables, attempts } = await run.check();
  printReport('Cluster test', [{
    seed: random.seed, seconds: Math.round((performance.now() - began) / 1_000), nodes: cluster.nodes.length, workers: WORKERS,
    orchestrations: driver.journeys.length, instances: tables.instances.length, activities: attempts, events: driver.acknowledged,
    takeovers: fleet.takeovers, 'refused commits': fleet.refused,
  }]);
  expect(problems).toEqual([]);
  expect(fleet.errors).toEqual([]);
  expect(fleet.takeovers).toBeGreaterThan(0);
  // A clean stop gives everything back.
  expect(await fleet.stop()).toEqual(fleet.workers.map(() => 0));
  expect(new Set((await readTables(stage.database.storage)).owners)).toEqual(new Set([null]));
});
