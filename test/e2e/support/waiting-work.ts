import { DataSource } from 'typeorm';
import type { TestStorage } from '../../support/databases.js';

/** What the database holds for an instance that is still to be done. */
export interface WaitingWork {
  readonly messages: number;
  readonly timers: number;
  readonly activities: number;
}

/** What the database holds for an entity: its row, and what waits for it. */
export interface EntityRows {
  /** How many steps were committed since the row was made; absent: there is no row. */
  readonly rowVersion?: number;
  readonly messages: number;
  readonly queued: number;
  readonly timers: number;
}

/** Reads a scenario's database beside the module, for what no client can see. */
export class WaitingWorkReader {
  private readonly source: DataSource;

  constructor(storage: TestStorage) {
    this.source = new DataSource(storage);
  }

  async of(instanceId: string): Promise<WaitingWork> {
    const activities = (await this.count('durable_activities_ready', instanceId)) + (await this.count('durable_activities_running', instanceId));
    return { messages: await this.count('durable_inbox', instanceId), timers: await this.count('durable_timers', instanceId), activities };
  }

  async ofEntity(entityId: string): Promise<EntityRows> {
    const source = await this.open();
    const [row] = await source.query<{ version: number | string }[]>('SELECT row_version AS version FROM durable_entities WHERE instance_id = ?', [entityId]);
    return {
      ...(row && { rowVersion: Number(row.version) }),
      messages: await this.count('durable_inbox', entityId),
      queued: await this.count('durable_entity_queue', entityId),
      timers: await this.count('durable_timers', entityId),
    };
  }

  async close(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }

  private async count(table: string, instanceId: string): Promise<number> {
    const source = await this.open();
    const rows = await source.query<{ n: number | string }[]>(`SELECT COUNT(*) AS n FROM ${table} WHERE instance_id = ?`, [instanceId]);
    return Number(rows[0]!.n);
  }

  private async open(): Promise<DataSource> {
    return this.source.isInitialized ? this.source : await this.source.initialize();
  }
}
