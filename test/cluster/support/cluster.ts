import { createConnection } from 'mysql2/promise';
import { startGalera, type GaleraCluster, type GaleraNode } from '../../../scripts/galera-cluster.js';
import { URL_VARIABLE } from '../../../scripts/provide-mysql.js';
import { scratchDirectory } from '../../../scripts/scratch-directory.js';
import type { ServerOptions, StorageOptions } from '../../../lib/storage/index.js';

/** How long three nodes may take to start, the first copy of the data included, ms. */
const START_TIMEOUT = 120_000;

/** A Galera cluster for a suite. Databases that the suite makes are made on its first node. */
export class ClusterFixture {
  private cluster: GaleraCluster | undefined;

  constructor() {
    const scratch = scratchDirectory('cluster');
    process.env.DURABLE_TEST_DIRECTORY = scratch.path;
    beforeAll(async () => {
      this.cluster = await startGalera();
      process.env[URL_VARIABLE] = this.nodes[0]!.url;
      process.stderr.write(`Galera cluster for the tests: ${this.cluster.version}, ${this.nodes.length} nodes on 127.0.0.1\n`);
    }, START_TIMEOUT);
    afterAll(async () => {
      await this.cluster?.stop();
      await scratch.remove();
    });
  }

  get nodes(): readonly GaleraNode[] {
    return this.cluster!.nodes;
  }

  /** Until each node has the databases that were made on the first: who connects to one is not made to wait for it. */
  async catchUp(): Promise<void> {
    for (const { url } of this.nodes) {
      const connection = await createConnection(url);
      await connection.query('SET SESSION wsrep_sync_wait = 1');
      await connection.query('SELECT 1 FROM information_schema.schemata');
      await connection.end();
    }
  }
}

/** The same database by another way: another node, or something in front of one. */
export function through(storage: StorageOptions, port: number): StorageOptions {
  return { ...(storage as ServerOptions), host: '127.0.0.1', port };
}
