import { DataSource } from 'typeorm';
import type { TestStorage } from '../../support/databases.js';

/** Reads, beside the module, which worker owns how many partitions. */
export class ShareReader {
  private readonly source: DataSource;

  constructor(storage: TestStorage) {
    this.source = new DataSource(storage);
  }

  /** Partitions by worker: workers are numbered from 1 in the order in which they started. */
  async shares(): Promise<Record<number, number>> {
    if (!this.source.isInitialized) await this.source.initialize();
    const rows = await this.source.query<{ worker: number | string; n: number | string }[]>(
      'SELECT w.worker_id AS worker, COUNT(*) AS n FROM durable_partitions p JOIN durable_workers w ON w.hub = p.hub AND w.incarnation = p.owner GROUP BY w.worker_id',
    );
    return Object.fromEntries(rows.map(({ worker, n }) => [Number(worker), Number(n)]));
  }

  async close(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}
