/** The README's ways to register the module. */
import { Injectable, Module } from '@nestjs/common';
import { DurableClient, DurableModule, InjectDurableClient, Orchestrator } from 'nestjs-durable';
import type { Orchestration, OrchestrationContext } from 'nestjs-durable';

@Injectable()
class Config {
  readonly databaseUrl = process.env.DATABASE_URL;
}

@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}

// #region async
@Module({
  imports: [
    DurableModule.forRootAsync({
      isGlobal: true, // the client can be injected everywhere
      imports: [ConfigModule],
      inject: [Config],
      useFactory: (config: Config) => ({ storage: { type: 'mysql', url: config.databaseUrl } }),
    }),
  ],
})
export class WorkerModule {}
// #endregion

// #region client-only
@Module({ imports: [DurableModule.forRoot({ worker: false, storage: { type: 'mysql', url: process.env.DATABASE_URL } })] })
export class ApiModule {} // starts and queries; other processes run what it starts
// #endregion

// #region registrations
@Injectable()
export class Billing {
  constructor(@InjectDurableClient('billing') private readonly client: DurableClient) {}

  @Orchestrator({ name: 'sendInvoice', hub: 'billing' })
  *send(_ctx: OrchestrationContext, order: string): Orchestration<string> {
    return `invoice-${order}`;
  }

  start(order: string): Promise<string> {
    return this.client.orchestrators(Billing).send(order);
  }
}

@Module({
  imports: [DurableModule.forRoot({ name: 'billing', storage: { type: 'better-sqlite3', database: 'billing.sqlite' } })],
  providers: [Billing],
})
export class BillingModule {}
// #endregion
