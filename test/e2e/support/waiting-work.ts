import { DataSource } from 'typeorm';
import type { TestStorage } from '../../support/databases.js';

/** What the database holds for an instance that is still to be done. */
export interface WaitingWork {
  readonly messages: number;
  readonly timers: number;
  readonly activities: number;
}

/** Reads a scenario's database beside the module, for what no client can see. */
export class WaitingWorkReader {
  private readonly source: DataSource;

  constructor(storage: TestStorage) {
    this.source = new DataSource(storage);
  }

  async of(instanceId: string): Promise<WaitingWork> {
    if (!this.source.isInitialized) await this.source.initialize();
    const count = async (table: string): Promise<number> => {
      const rows = await this.source.query<{ n: number | string }[]>(`SELECT COUNT(*) AS n FROM ${table} WHERE instance_id = ?`, [instanceId]);
      return Number(rows[0]!.n);
    };
    const activities = (await count('durable_activities_ready')) + (await count('durable_activities_running'));
    return { messages: await count('durable_inbox'), timers: await count('durable_timers'), activities };
  }

  async close(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}
