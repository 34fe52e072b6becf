import { Injectable } from '@nestjs/common';
import { Activity } from 'nestjs-durable';
import { AppConfig } from '../support/app-config.js';

/** Where the warehouse is, and what opens it. */
export interface WarehouseAccess {
  /** Of its management API. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The warehouse is another application, with a database of its own: the shop knows its management API and nothing else. */
@Injectable()
export class WarehouseApi {
  constructor(private readonly config: AppConfig) {}

  /**
   * Orchestrators ask for it by an activity: the environment may have changed when their code is run again. The key is a part of
   * the order's history from then on, as all is that an orchestrator knows. What runs in activities keeps it out of there.
   */
  @Activity({ name: 'warehouseAccess' })
  access(): WarehouseAccess {
    const { warehouseUrl, warehouseKey } = this.config;
    return { url: `${warehouseUrl}/runtime/webhooks/durabletask`, headers: { 'x-functions-key': warehouseKey } };
  }
}
