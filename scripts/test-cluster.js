/**
 * `npm run test:cluster`: test/cluster on private MariaDB Galera clusters of three nodes. Arguments are jest's, as in
 * `npm run test:cluster -- test/cluster/chaos.spec.ts`.
 */
import { spawnSync } from 'node:child_process';
import { assertGalera } from './galera-cluster.js';

try {
  assertGalera();
} catch (error) {
  console.error(/** @type {Error} */ (error).message);
  process.exit(1);
}

const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', 'cluster', '--runInBand', ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, jest, { stdio: 'inherit', env: { ...process.env, DURABLE_TEST_CLUSTER: '1' } }).status ?? 1;
